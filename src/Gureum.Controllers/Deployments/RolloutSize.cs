using Gureum.Objects;
using Gureum.Objects.Apps.V1;

namespace Gureum.Controllers.Deployments;

/// <summary>How far a rolling update may go above and below the wanted number of pods. Pure.</summary>
public static class RolloutSize
{
    public static bool IsRolling(Deployment deployment) => deployment.Spec.Strategy?.Type is not "Recreate";

    /// <summary>Pods that may exist above the wanted number; 0 unless the strategy is RollingUpdate.</summary>
    public static int Surge(Deployment deployment) => IsRolling(deployment) ? Resolve(deployment).Surge : 0;

    /// <summary>Pods that may be missing, never more than are wanted.</summary>
    public static int Unavailable(Deployment deployment)
    {
        var replicas = deployment.Spec.Replicas ?? 1;
        return IsRolling(deployment) && replicas > 0 ? Math.Min(Resolve(deployment).Unavailable, replicas) : 0;
    }

    public static int MostPods(Deployment deployment) => (deployment.Spec.Replicas ?? 1) + Surge(deployment);

    private static (int Surge, int Unavailable) Resolve(Deployment deployment)
    {
        var replicas = deployment.Spec.Replicas ?? 1;
        var rolling = deployment.Spec.Strategy?.RollingUpdate;
        var surge = (rolling?.MaxSurge ?? new IntOrString("25%")).Scale(replicas, roundUp: true);
        var unavailable = (rolling?.MaxUnavailable ?? new IntOrString("25%")).Scale(replicas, roundUp: false);
        // With neither, the update could never take a step.
        return surge == 0 && unavailable == 0 ? (0, 1) : (surge, unavailable);
    }
}
