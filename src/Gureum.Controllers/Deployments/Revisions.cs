using System.Globalization;
using Gureum.Controllers.Common;
using Gureum.Objects.Apps.V1;
using Gureum.Objects.Core.V1;

namespace Gureum.Controllers.Deployments;

/// <summary>Which replica set is which revision of a deployment. Pure.</summary>
public static class Revisions
{
    public const string Revision = "deployment.kubernetes.io/revision";
    public const string History = "deployment.kubernetes.io/revision-history";
    public const string Desired = "deployment.kubernetes.io/desired-replicas";
    public const string Most = "deployment.kubernetes.io/max-replicas";
    public const string RollbackTo = "deprecated.deployment.rollback.to";
    public const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";
    public const string PodTemplateHash = "pod-template-hash";

    private static readonly HashSet<string> NotCopied = [Revision, History, Desired, Most, RollbackTo, LastApplied];

    /// <summary>The revision number of a replica set or deployment; 0 when it has none.</summary>
    public static long Number(IReadOnlyDictionary<string, string> annotations) =>
        annotations.TryGetValue(Revision, out var text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    /// <summary>The oldest replica set whose template is the deployment's.</summary>
    public static ReplicaSet? Newest(Deployment deployment, IEnumerable<ReplicaSet> sets) =>
        sets.OrderBy(set => set.Metadata.CreationTimestamp).ThenBy(set => set.Name(), StringComparer.Ordinal)
            .FirstOrDefault(set => SameTemplate(set.Spec.Template, deployment.Spec.Template));

    /// <summary>Equal but for the hash label that the controller adds.</summary>
    public static bool SameTemplate(PodTemplateSpec a, PodTemplateSpec b) => WithoutHash(a).Equals(WithoutHash(b));

    /// <summary>Revision and copied annotations that the deployment's newest replica set carries.</summary>
    public static IReadOnlyDictionary<string, string> AnnotationsFor(Deployment deployment, IReadOnlyDictionary<string, string> before, long revision, bool isNew)
    {
        var result = new Dictionary<string, string>(before, StringComparer.Ordinal);
        foreach (var (key, value) in deployment.Metadata.Annotations)
            if (!NotCopied.Contains(key)) result[key] = value;
        var old = Number(before);
        if (old < revision)
        {
            result[Revision] = revision.ToString(CultureInfo.InvariantCulture);
            // A rollback gives an old set a new number: the ones it had before stay readable.
            if (old > 0) result[History] = before.TryGetValue(History, out var history) && history.Length > 0 ? $"{history},{old}" : $"{old}";
        }
        if (isNew) SetScale(result, deployment);
        return result;
    }

    /// <summary>Notes on a replica set how many replicas its deployment wants, and the most during a rollout.</summary>
    public static void SetScale(Dictionary<string, string> annotations, Deployment deployment)
    {
        annotations[Desired] = (deployment.Spec.Replicas ?? 1).ToString(CultureInfo.InvariantCulture);
        annotations[Most] = RolloutSize.MostPods(deployment).ToString(CultureInfo.InvariantCulture);
    }

    public static int? DesiredOn(ReplicaSet set) => Read(set, Desired);
    public static int? MostOn(ReplicaSet set) => Read(set, Most);

    private static int? Read(ReplicaSet set, string key) =>
        int.TryParse(set.Annotation(key), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static PodTemplateSpec WithoutHash(PodTemplateSpec template) => template with { Metadata = template.Metadata.WithLabel(PodTemplateHash, null) };
}
