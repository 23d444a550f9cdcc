using Gureum.Controllers.Common;
using Gureum.Objects.Kubevirt.V1;

namespace Gureum.Controllers.MachineSnapshots;

/// <summary>A machine's status says which snapshot or restore has it in hand, so that there is one at a time. Pure.</summary>
internal static class MachineLock
{
    /// <summary>Takes or gives back the machine, at the version that was looked at.</summary>
    /// <param name="field">"snapshotInProgress" or "restoreInProgress".</param>
    internal static ReadOnlyMemory<byte> Patch(VirtualMachine machine, string field, string? holder) => MergePatches.Build(writer =>
    {
        writer.WriteStartObject("metadata"u8);
        writer.WriteString("uid"u8, machine.Uid());
        writer.WriteString("resourceVersion"u8, machine.Metadata.ResourceVersion);
        writer.WriteEndObject();
        writer.WriteStartObject("status"u8);
        if (holder is null) writer.WriteNull(field);
        else writer.WriteString(field, holder);
        writer.WriteEndObject();
    });
}
