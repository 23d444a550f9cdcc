using Gureum.Objects.Core.V1;

namespace Gureum.Node.Pods;

/// <summary>How long a pod may be active on its node (spec.activeDeadlineSeconds, which may be shortened while it runs). Pure.</summary>
internal static class ActiveDeadline
{
    internal const string Reason = "DeadlineExceeded", Message = "Pod was active on the node longer than the specified deadline";

    /// <summary>What is left of it, zero or less when it is over; null for a pod that may run for ever or has not started.</summary>
    internal static TimeSpan? Left(Pod pod, DateTimeOffset now) =>
        pod.Spec.ActiveDeadlineSeconds is { } seconds && pod.Status.StartTime is { } started ? started + TimeSpan.FromSeconds(seconds) - now : null;
}
