using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Machines;

namespace Gureum.Controllers.DataVolumes;

/// <summary>Which pods may be writing to a claim.</summary>
internal static class ClaimUse
{
    internal const string Index = "claim";

    /// <summary>Adds an index over the claims of pods to an informer: "NAMESPACE/CLAIM".</summary>
    internal static Informer<Pod> IndexClaims(this Informer<Pod> pods) =>
        pods.AddIndex(Index, static p => [.. p.Spec.Volumes.Select(v => v.PersistentVolumeClaim?.ClaimName ?? (v.Ephemeral is null ? null : p.Name() + "-" + v.Name)).OfType<string>().Select(name => p.Ns() + "/" + name)]);

    /// <summary>A pod that has the claim and may still write to it; pods that only copy it are none.</summary>
    internal static Pod? Writer(Informer<Pod> pods, string ns, string claim) =>
        pods.ByIndex(Index, ns + "/" + claim).FirstOrDefault(p => p.Status.Phase is not (PodStates.Succeeded or PodStates.Failed) && !(p.Spec.RuntimeClassName == ImportNames.RuntimeClass && p.Spec.Volumes.Any(v => v.PersistentVolumeClaim is { ReadOnly: true } use && use.ClaimName == claim)));
}
