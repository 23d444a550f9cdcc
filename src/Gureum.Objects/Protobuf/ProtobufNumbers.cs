using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Gureum.Objects.Schemas;

namespace Gureum.Objects.Protobuf;

/// <summary>What the wire needs beside the schema: fields by number, and which zero values are meant.</summary>
internal static class ProtobufNumbers
{
    private static readonly ConditionalWeakTable<SchemaNode, WireMessage> Known = [];

    // Fields that Go holds by pointer: their zero is a value. All others write their zero on the wire even when unset.
    private static readonly HashSet<string> Pointers =
    [
        "replicas", "revisionHistoryLimit", "progressDeadlineSeconds", "terminationGracePeriodSeconds", "activeDeadlineSeconds", "runAsUser", "runAsGroup", "fsGroup", "deletionGracePeriodSeconds",
        "priority", "defaultMode", "mode", "expirationSeconds", "tolerationSeconds", "parallelism", "completions", "backoffLimit", "backoffLimitPerIndex", "maxFailedIndexes", "ttlSecondsAfterFinished",
        "startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit", "leaseDurationSeconds", "leaseTransitions", "minReplicas", "averageUtilization", "partition",
        "gracePeriodSeconds", "collisionCount", "stabilizationWindowSeconds", "automountServiceAccountToken", "shareProcessNamespace", "hostUsers", "enableServiceLinks", "setHostnameAsFQDN", "runAsNonRoot",
        "privileged", "readOnlyRootFilesystem", "allowPrivilegeEscalation", "optional", "controller", "blockOwnerDeletion", "suspend", "ready", "serving", "terminating", "allowVolumeExpansion",
        "allocateLoadBalancerNodePorts", "immutable", "attachRequired", "podInfoOnMount", "storageCapacity", "requiresRepublish", "seLinuxMount", "started", "orphanDependents", "storageClassName",
        "apiGroup", "volumeAttributesClassName", "preserveUnknownFields",
    ];

    internal static WireMessage Of(SchemaNode schema) => Known.GetValue(schema, static node => WireMessage.Of(node.Fields.Values.Where(f => f.Wire.Count > 0), 0));

    internal static bool IsZero(SchemaField field, JsonNode value)
    {
        if (value is not JsonValue scalar || Pointers.Contains(field.Name)) return false;
        return scalar.TryGetValue<string>(out var text) ? text.Length == 0
            : scalar.TryGetValue<long>(out var number) ? number == 0
            : scalar.TryGetValue<bool>(out var flag) && !flag;
    }
}

/// <summary>What a message holds by number (immutable): fields, or messages whose fields JSON has in the outer object.</summary>
internal sealed class WireMessage
{
    internal sealed record Entry(int Number, SchemaField? Field, WireMessage? Inner)
    {
        /// <summary>The field's name as JSON has it, in UTF-8.</summary>
        internal ReadOnlyMemory<byte> Name { get; } = System.Text.Encoding.UTF8.GetBytes(Field?.Name ?? "");
    }

    private readonly Dictionary<int, Entry> byNumber;

    private WireMessage(IEnumerable<Entry> entries)
    {
        Descending = [.. entries.OrderByDescending(e => e.Number)];
        byNumber = Descending.ToDictionary(e => e.Number);
    }

    /// <summary>The entries from the highest number down: the order in which the writer needs them.</summary>
    internal IReadOnlyList<Entry> Descending { get; }

    internal Entry? Find(int number) => byNumber.GetValueOrDefault(number);

    internal static WireMessage Of(IEnumerable<SchemaField> fields, int depth) => new(fields.GroupBy(f => f.Wire[depth]).Select(group =>
        group.First() is var first && first.Wire.Count == depth + 1 ? new Entry(group.Key, first, null) : new Entry(group.Key, null, Of(group, depth + 1))));
}
