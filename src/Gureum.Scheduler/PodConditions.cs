using System.Buffers;
using System.Text.Json;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Models;

namespace Gureum.Scheduler;

/// <summary>Patches of a pod's status that the scheduler writes. Pure.</summary>
internal static class PodConditions
{
    internal const string PodScheduled = "PodScheduled", Unschedulable = "Unschedulable", DisruptionTarget = "DisruptionTarget", PreemptionByScheduler = "PreemptionByScheduler";

    internal static ReadOnlyMemory<byte> Patch(Pod pod, string message, string? nominated, DateTimeOffset now) =>
        Write(Set(pod, PodScheduled, "False", Unschedulable, message, now), nominated);

    internal static ReadOnlyMemory<byte> DisruptionPatch(Pod victim, string scheduler, DateTimeOffset now) =>
        Write(Set(victim, DisruptionTarget, "True", PreemptionByScheduler, $"{scheduler}: preempting to accommodate a higher priority pod", now), null);

    private static PodCondition Set(Pod pod, string type, string status, string reason, string message, DateTimeOffset now)
    {
        var known = pod.Status.Conditions.FirstOrDefault(c => c.Type == type);
        return new PodCondition { Type = type, Status = status, Reason = reason, Message = message, LastTransitionTime = known?.Status == status ? known.LastTransitionTime : now };
    }

    private static ReadOnlyMemory<byte> Write(PodCondition condition, string? nominated)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("status"u8);
            if (nominated is not null) writer.WriteString("nominatedNodeName"u8, nominated);
            writer.WriteStartArray("conditions"u8);
            ((IModel)condition).Write(writer);
            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }
}
