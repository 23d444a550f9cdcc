using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;

namespace Gureum.Controllers.VolumeSnapshots;

/// <summary>Which machine writes to a claim: it is to stand still while the claim is copied.</summary>
internal static class ClaimReaders
{
    private const string Index = "claim-writer";

    internal static Informer<VirtualMachineInstance> IndexWriters(this Informer<VirtualMachineInstance> instances) =>
        instances.AddIndex(Index, static i => [.. i.Spec.Volumes.Select(v => v.DataVolume?.Name ?? v.PersistentVolumeClaim?.ClaimName).OfType<string>().Select(name => i.Ns() + "/" + name)]);

    /// <summary>The name of a machine that runs with the claim; null for none.</summary>
    internal static string? Of(Informer<VirtualMachineInstance> instances, string ns, string claim) => instances.ByIndex(Index, ns + "/" + claim).FirstOrDefault(static i => !i.IsFinal())?.Name();
}
