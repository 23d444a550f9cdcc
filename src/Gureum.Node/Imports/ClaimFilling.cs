using Gureum.Node.Pods;
using Gureum.Node.Volumes;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Machines;

namespace Gureum.Node.Imports;

/// <summary>Nobody gets a claim that is not filled yet, but the pod that fills it. Pure.</summary>
internal static class ClaimFilling
{
    /// <exception cref="PodNotReadyException">The claim is still being filled.</exception>
    internal static void Check(Pod pod, PersistentVolumeClaim claim)
    {
        if (!ClaimContent.IsUnfilled(claim)) return;
        var (owner, mine) = (Controller(claim.Metadata.OwnerReferences), Controller(pod.Metadata.OwnerReferences));
        // One that names its source itself is filled by a pod that it owns.
        if (ImportPodRuntime.IsImport(pod) && mine is not null && (mine.Uid == owner?.Uid || mine.Uid == claim.Metadata.Uid)) return;
        throw new PodNotReadyException(VolumeManager.Waiting, $"persistentvolumeclaim \"{claim.Metadata.Name}\" is still being filled{(owner is null ? "" : $" by {owner.Kind} {owner.Name}")}");
    }

    private static Objects.Meta.V1.OwnerReference? Controller(IEnumerable<Objects.Meta.V1.OwnerReference> owners) => owners.FirstOrDefault(o => o.Controller == true);
}
