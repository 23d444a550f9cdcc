using Gureum.Controllers.Common;
using Gureum.Controllers.VirtualMachineInstances;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Selectors;

namespace Gureum.Controllers.InstanceReplicaSets;

/// <summary>What a replica set of machine instances has, and what it says of that (https://kubevirt.io/user-guide/user_workloads/replicaset/). Pure.</summary>
internal static class InstanceReplicas
{
    internal const string Paused = "ReplicaPaused", Failure = "ReplicaFailure";

    internal static int Wanted(VirtualMachineInstanceReplicaSet set) => set.Spec.Replicas ?? 1;

    /// <summary>Counts as a replica: neither ended, nor going, nor about to.</summary>
    internal static bool IsActive(VirtualMachineInstance instance) => !instance.IsFinal() && !instance.IsDeleting() && !IsLosing(instance);

    /// <summary>Has ended, or will with its pod; another takes its place.</summary>
    internal static bool IsSpent(VirtualMachineInstance instance) => !instance.IsDeleting() && (instance.IsFinal() || IsLosing(instance));

    private static bool IsLosing(VirtualMachineInstance instance) => Ready(instance) is { Status: "False", Reason: InstancePhase.PodTerminating };

    private static bool IsReady(VirtualMachineInstance instance) => Ready(instance)?.Status == "True";

    private static VirtualMachineInstanceCondition? Ready(VirtualMachineInstance instance) => instance.Status.Conditions.FirstOrDefault(c => c.Type == InstancePhase.Ready);

    /// <summary>Those that can be missed most: not yet running, then not ready, then the youngest.</summary>
    internal static IEnumerable<VirtualMachineInstance> ToDelete(IEnumerable<VirtualMachineInstance> active, int count) => active
        .OrderBy(i => i.Status.Phase == InstancePhase.Running).ThenBy(IsReady).ThenByDescending(i => i.Metadata.CreationTimestamp).ThenBy(i => i.Uid(), StringComparer.Ordinal).Take(count);

    internal static VirtualMachineInstance New(VirtualMachineInstanceReplicaSet set)
    {
        var template = set.Spec.Template;
        return new VirtualMachineInstance
        {
            Metadata = new ObjectMeta
            {
                GenerateName = template.Metadata.Name is { Length: > 0 } name ? name : template.Metadata.GenerateName is { Length: > 0 } generate ? generate : set.Name(), Namespace = set.Ns(),
                Labels = template.Metadata.Labels, Annotations = template.Metadata.Annotations, Finalizers = [MachineNames.InstanceFinalizer], OwnerReferences = [Owners.ReferenceTo(set)],
            },
            Spec = template.Spec,
        };
    }

    /// <param name="failure">Why replicas could not be made (or unmade); null when all went well.</param>
    internal static VirtualMachineInstanceReplicaSetStatus StatusOf(VirtualMachineInstanceReplicaSet set, IReadOnlyList<VirtualMachineInstance> active, (string Reason, string Message)? failure, DateTimeOffset now)
    {
        var conditions = Set(set.Status.Conditions, Paused, set.Spec.Paused == true ? ("Paused", "Controller got paused") : null, now);
        return set.Status with
        {
            Replicas = active.Count, ReadyReplicas = active.Count(IsReady), LabelSelector = Selector.From(set.Spec.Selector).ToString(), Conditions = Set(conditions, Failure, failure, now),
        };
    }

    private static IReadOnlyList<VirtualMachineInstanceReplicaSetCondition> Set(IReadOnlyList<VirtualMachineInstanceReplicaSetCondition> conditions, string type, (string Reason, string Message)? holds, DateTimeOffset now)
    {
        var known = conditions.FirstOrDefault(c => c.Type == type);
        if (holds is not { } why) return known is null ? conditions : [.. conditions.Where(c => c.Type != type)];
        if (known?.Reason == why.Reason) return conditions;
        return [.. conditions.Where(c => c.Type != type), new VirtualMachineInstanceReplicaSetCondition { Type = type, Status = "True", Reason = why.Reason, Message = why.Message, LastTransitionTime = now }];
    }
}
