using System.Globalization;
using Gureum.Controllers.Common;
using Gureum.Controllers.History;
using Gureum.Objects.Apps.V1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;

namespace Gureum.Controllers.StatefulSets;

/// <summary>The identity of a StatefulSet's pods: name, labels, host name and claims (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#pod-identity). Pure.</summary>
public static class StatefulPods
{
    public const string PodName = "statefulset.kubernetes.io/pod-name", PodIndex = "apps.kubernetes.io/pod-index";

    public static string NameOf(StatefulSet set, int ordinal) => string.Create(CultureInfo.InvariantCulture, $"{set.Name()}-{ordinal}");

    public static string ClaimName(PersistentVolumeClaim template, string pod) => template.Name() + "-" + pod;

    public static int First(StatefulSet set) => set.Spec.Ordinals?.Start ?? 0;

    /// <summary>The number at the end of the pod's name; null when the name is not one of this set's.</summary>
    public static int? OrdinalOf(StatefulSet set, Pod pod)
    {
        var name = pod.Name();
        return name.Length > set.Name().Length + 1 && name.StartsWith(set.Name(), StringComparison.Ordinal) && name[set.Name().Length] == '-'
            && int.TryParse(name.AsSpan(set.Name().Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var ordinal) ? ordinal : null;
    }

    public static Pod Make(StatefulSet set, PodTemplateSpec template, int ordinal, string revision)
    {
        var pod = PodControl.FromTemplate(template, set);
        var name = NameOf(set, ordinal);
        var labels = new Dictionary<string, string>(pod.Metadata.Labels, StringComparer.Ordinal)
        {
            [PodName] = name, [PodIndex] = ordinal.ToString(CultureInfo.InvariantCulture), [ControllerHistory.HashLabel] = revision,
        };
        return pod with
        {
            Metadata = pod.Metadata with { Name = name, GenerateName = set.Name() + "-", Labels = labels },
            Spec = pod.Spec with { Hostname = name, Subdomain = set.Spec.ServiceName, Volumes = Volumes(set, pod.Spec.Volumes, name) },
        };
    }

    // A claim of the set's takes the place of a volume of the same name.
    private static IReadOnlyList<Volume> Volumes(StatefulSet set, IReadOnlyList<Volume> volumes, string pod)
    {
        if (set.Spec.VolumeClaimTemplates.Count == 0) return volumes;
        var own = set.Spec.VolumeClaimTemplates.Select(template => new Volume { Name = template.Name(), PersistentVolumeClaim = new PersistentVolumeClaimVolumeSource { ClaimName = ClaimName(template, pod) } }).ToArray();
        return [.. own, .. volumes.Where(volume => !Array.Exists(own, o => o.Name == volume.Name))];
    }

    public static IEnumerable<PersistentVolumeClaim> Claims(StatefulSet set, int ordinal) => set.Spec.VolumeClaimTemplates.Select(template =>
    {
        var labels = new Dictionary<string, string>(template.Metadata.Labels, StringComparer.Ordinal);
        foreach (var (key, value) in set.Spec.Selector?.MatchLabels ?? new Dictionary<string, string>()) labels[key] = value;
        return template with
        {
            Metadata = new ObjectMeta { Name = ClaimName(template, NameOf(set, ordinal)), Namespace = set.Ns(), Labels = labels, Annotations = template.Metadata.Annotations },
            Status = PersistentVolumeClaimStatus.Empty,
        };
    });

    /// <summary>Running and ready, and so for long enough.</summary>
    public static bool IsHealthy(StatefulSet set, Pod pod, DateTimeOffset now) =>
        pod.Status.Phase == PodStates.Running && !pod.IsDeleting() && PodStates.IsAvailable(pod, set.Spec.MinReadySeconds ?? 0, now);

    /// <summary>The owners that a claim shall have by the retention policy.</summary>
    public static IReadOnlyList<OwnerReference> ClaimOwners(StatefulSet set, PersistentVolumeClaim claim, Pod? condemned)
    {
        var policy = set.Spec.PersistentVolumeClaimRetentionPolicy;
        var others = claim.Metadata.OwnerReferences.Where(o => o.Uid != set.Uid() && !(o.Kind == "Pod" && o.Name is { } name && claim.Name().EndsWith("-" + name, StringComparison.Ordinal))).ToList();
        if (policy?.WhenScaled == "Delete" && condemned is not null) others.Add(new OwnerReference { ApiVersion = "v1", Kind = "Pod", Name = condemned.Name(), Uid = condemned.Uid() });
        else if (policy?.WhenDeleted == "Delete") others.Add(new OwnerReference { ApiVersion = StatefulSet.Resource.ApiVersion, Kind = StatefulSet.Resource.Kind, Name = set.Name(), Uid = set.Uid() });
        return others;
    }
}
