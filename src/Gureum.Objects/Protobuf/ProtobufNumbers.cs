using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Gureum.Objects.Schemas;

namespace Gureum.Objects.Protobuf;

/// <summary>What the wire needs beside the schema: fields by number, and which zero values are meant.</summary>
internal static class ProtobufNumbers
{
    private static readonly ConditionalWeakTable<SchemaNode, Dictionary<int, SchemaField>> Known = [];

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

    internal static Dictionary<int, SchemaField> Of(SchemaNode schema) =>
        Known.GetValue(schema, static node => node.Fields.Values.Where(f => f.Number > 0).ToDictionary(f => f.Number));

    internal static bool IsZero(SchemaField field, JsonNode value)
    {
        if (value is not JsonValue scalar || Pointers.Contains(field.Name)) return false;
        return scalar.TryGetValue<string>(out var text) ? text.Length == 0
            : scalar.TryGetValue<long>(out var number) ? number == 0
            : scalar.TryGetValue<bool>(out var flag) && !flag;
    }
}
