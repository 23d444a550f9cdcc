using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Apps.V1;
using Gureum.Objects.Meta.V1;

namespace Gureum.Controllers.Deployments;

/// <summary>Writes a deployment's replica sets: makes, sizes and annotates them, with an event for each change of size.</summary>
internal sealed class ReplicaSetWriter(ApiClient client, EventRecorder events)
{
    private const string ScalingReplicaSet = "ScalingReplicaSet", CreateFailed = "ReplicaSetCreateError";

    /// <summary>The replica set of the deployment's present template. Pure.</summary>
    internal static ReplicaSet Make(Deployment deployment, long revision)
    {
        var hash = ShortHash.Of(deployment.Spec.Template, deployment.Status.CollisionCount);
        var template = deployment.Spec.Template;
        var selector = deployment.Spec.Selector ?? LabelSelector.Empty;
        return new ReplicaSet
        {
            Metadata = new ObjectMeta
            {
                Name = deployment.Name() + "-" + hash, Namespace = deployment.Ns(), Labels = template.Metadata.Labels.With(Revisions.PodTemplateHash, hash),
                Annotations = Revisions.AnnotationsFor(deployment, NoAnnotations, revision, isNew: true),
                OwnerReferences = [Owners.ReferenceTo(deployment)],
            },
            Spec = new ReplicaSetSpec
            {
                MinReadySeconds = deployment.Spec.MinReadySeconds,
                Selector = selector with { MatchLabels = selector.MatchLabels.With(Revisions.PodTemplateHash, hash) },
                Template = template with { Metadata = template.Metadata.WithLabel(Revisions.PodTemplateHash, hash) },
            },
        };
    }

    private static readonly IReadOnlyDictionary<string, string> NoAnnotations = new Dictionary<string, string>();

    /// <returns>The set made, or one of the same content that was there already; null when another template has its name.</returns>
    internal async Task<ReplicaSet?> CreateAsync(Deployment deployment, ReplicaSet wanted, CancellationToken cancel)
    {
        try
        {
            var created = await client.CreateAsync(wanted, cancel);
            if (RollingUpdate.Size(created) > 0) events.Normal(deployment, ScalingReplicaSet, $"Scaled up replica set {created.Name()} from 0 to {RollingUpdate.Size(created)}");
            return created;
        }
        catch (ApiException e) when (e.IsAlreadyExists)
        {
            var found = await client.FindAsync<ReplicaSet>(wanted.Ns(), wanted.Name(), cancel);
            return found is not null && Owners.IsControlledBy(found.Metadata, deployment.Uid()) && Revisions.SameTemplate(found.Spec.Template, deployment.Spec.Template)
                ? found : null;
        }
        catch (ApiException e)
        {
            if (!e.Status.IsNamespaceTerminating()) events.Warning(deployment, CreateFailed, $"Failed to create new replica set \"{wanted.Name()}\": {e.Message}");
            throw;
        }
    }

    /// <summary>Gives the set its size and the deployment's scale annotations, when they differ.</summary>
    internal async Task<ReplicaSet> ScaleAsync(Deployment deployment, ScaleStep step, CancellationToken cancel)
    {
        var (set, size) = step;
        var before = RollingUpdate.Size(set);
        var annotations = new Dictionary<string, string>(set.Metadata.Annotations, StringComparer.Ordinal);
        Revisions.SetScale(annotations, deployment);
        var same = annotations.Count == set.Metadata.Annotations.Count && annotations.All(pair => set.Metadata.Annotations.GetValueOrDefault(pair.Key) == pair.Value);
        if (before == size && same) return set;
        var updated = await client.UpdateAsync(set with { Metadata = set.Metadata with { Annotations = annotations }, Spec = set.Spec with { Replicas = size } }, cancel);
        if (before != size) events.Normal(deployment, ScalingReplicaSet, $"Scaled {(size > before ? "up" : "down")} replica set {set.Name()} from {before} to {size}");
        return updated;
    }

    /// <summary>Gives the newest set its revision, the deployment's annotations and minReadySeconds, when they differ.</summary>
    internal async Task<ReplicaSet> AnnotateAsync(Deployment deployment, ReplicaSet set, long revision, CancellationToken cancel)
    {
        var annotations = Revisions.AnnotationsFor(deployment, set.Metadata.Annotations, revision, isNew: false);
        var wanted = set with { Metadata = set.Metadata with { Annotations = annotations }, Spec = set.Spec with { MinReadySeconds = deployment.Spec.MinReadySeconds } };
        if ((set.Spec.MinReadySeconds ?? 0) == (deployment.Spec.MinReadySeconds ?? 0)) wanted = wanted with { Spec = set.Spec };
        return wanted.Metadata.Equals(set.Metadata) && ReferenceEquals(wanted.Spec, set.Spec) ? set : await client.UpdateAsync(wanted, cancel);
    }
}
