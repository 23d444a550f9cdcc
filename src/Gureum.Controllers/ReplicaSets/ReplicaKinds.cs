using Gureum.Objects.Apps.V1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Models;
using Gureum.Objects.Selectors;

namespace Gureum.Controllers.ReplicaSets;

/// <summary>What the engine reads from and writes to an owner of replicas. Pure.</summary>
public interface IReplicaKind<TOwner> where TOwner : IKubeObject<TOwner>
{
    string ControllerName { get; }
    int Replicas(TOwner owner);
    int MinReadySeconds(TOwner owner);
    Selector Selector(TOwner owner);
    PodTemplateSpec Template(TOwner owner);

    /// <summary>The owner with its new status; equal to the old one when nothing changed.</summary>
    TOwner WithStatus(TOwner owner, ReplicaCounts counts, ReplicaFailure failure, DateTimeOffset now);
}

/// <summary>apps/v1 ReplicaSet.</summary>
public sealed class ReplicaSetKind : IReplicaKind<ReplicaSet>
{
    public string ControllerName => "replicaset-controller";
    public int Replicas(ReplicaSet owner) => owner.Spec.Replicas ?? 1;
    public int MinReadySeconds(ReplicaSet owner) => owner.Spec.MinReadySeconds ?? 0;
    public Selector Selector(ReplicaSet owner) => Objects.Selectors.Selector.From(owner.Spec.Selector);
    public PodTemplateSpec Template(ReplicaSet owner) => owner.Spec.Template;

    public ReplicaSet WithStatus(ReplicaSet owner, ReplicaCounts counts, ReplicaFailure failure, DateTimeOffset now) => owner with
    {
        Status = owner.Status with
        {
            Replicas = counts.Replicas, FullyLabeledReplicas = counts.FullyLabeled, ReadyReplicas = counts.Ready, AvailableReplicas = counts.Available,
            TerminatingReplicas = counts.Terminating, ObservedGeneration = owner.Metadata.Generation, Conditions = Conditions(owner.Status.Conditions, failure, now),
        },
    };

    private static IReadOnlyList<ReplicaSetCondition> Conditions(IReadOnlyList<ReplicaSetCondition> before, ReplicaFailure failure, DateTimeOffset now)
    {
        var known = before.FirstOrDefault(c => c.Type == ReplicaFailure.ConditionType);
        if (failure.Reason is null) return known is null ? before : [.. before.Where(c => c != known)];
        if (known?.Reason == failure.Reason) return before;
        return [.. before.Where(c => c.Type != ReplicaFailure.ConditionType),
            new ReplicaSetCondition { Type = ReplicaFailure.ConditionType, Status = "True", Reason = failure.Reason, Message = failure.Message, LastTransitionTime = now }];
    }
}

/// <summary>The older v1 ReplicationController.</summary>
public sealed class ReplicationControllerKind : IReplicaKind<ReplicationController>
{
    public string ControllerName => "replication-controller";
    public int Replicas(ReplicationController owner) => owner.Spec.Replicas ?? 1;
    public int MinReadySeconds(ReplicationController owner) => owner.Spec.MinReadySeconds ?? 0;
    public Selector Selector(ReplicationController owner) => Objects.Selectors.Selector.FromLabels(owner.Spec.Selector);
    public PodTemplateSpec Template(ReplicationController owner) => owner.Spec.Template;

    public ReplicationController WithStatus(ReplicationController owner, ReplicaCounts counts, ReplicaFailure failure, DateTimeOffset now) => owner with
    {
        Status = owner.Status with
        {
            Replicas = counts.Replicas, FullyLabeledReplicas = counts.FullyLabeled, ReadyReplicas = counts.Ready, AvailableReplicas = counts.Available,
            ObservedGeneration = owner.Metadata.Generation, Conditions = Conditions(owner.Status.Conditions, failure, now),
        },
    };

    private static IReadOnlyList<ReplicationControllerCondition> Conditions(IReadOnlyList<ReplicationControllerCondition> before, ReplicaFailure failure, DateTimeOffset now)
    {
        var known = before.FirstOrDefault(c => c.Type == ReplicaFailure.ConditionType);
        if (failure.Reason is null) return known is null ? before : [.. before.Where(c => c != known)];
        if (known?.Reason == failure.Reason) return before;
        return [.. before.Where(c => c.Type != ReplicaFailure.ConditionType),
            new ReplicationControllerCondition { Type = ReplicaFailure.ConditionType, Status = "True", Reason = failure.Reason, Message = failure.Message, LastTransitionTime = now }];
    }
}
