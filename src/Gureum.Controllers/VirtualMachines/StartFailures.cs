using Gureum.Controllers.Common;
using Gureum.Objects.Kubevirt.V1;

namespace Gureum.Controllers.VirtualMachines;

/// <summary>Guests that fail soon after their start are started again later and later, up to five minutes apart. Pure.</summary>
internal static class StartFailures
{
    private static readonly TimeSpan Settled = TimeSpan.FromMinutes(5);
    private const int FirstSeconds = 10, LongestSeconds = 300;

    /// <summary>What is known of failures once this instance is seen.</summary>
    internal static VirtualMachineStartFailure? After(VirtualMachineStartFailure? known, VirtualMachineInstance? instance, DateTimeOffset now)
    {
        if (instance is null) return known;
        if (instance.Status.Phase == "Running" && Ran(instance, now) >= Settled) return null;
        if (instance.Status.Phase != "Failed" || Ran(instance, now) >= Settled || known?.LastFailedVMIUID == instance.Uid()) return known;
        var count = (known?.ConsecutiveFailCount ?? 0) + 1;
        var pause = Math.Min(LongestSeconds, FirstSeconds * (1 << Math.Min(count - 1, 8)));
        return new VirtualMachineStartFailure { ConsecutiveFailCount = count, LastFailedVMIUID = instance.Uid(), RetryAfterTimestamp = now.AddSeconds(pause) };
    }

    internal static TimeSpan? Wait(VirtualMachineStartFailure? failure, DateTimeOffset now) => failure?.RetryAfterTimestamp is { } again && again > now ? again - now : null;

    // From the first moment that it ran to its end, or to now.
    private static TimeSpan Ran(VirtualMachineInstance instance, DateTimeOffset now)
    {
        var began = At("Running");
        return began is null ? TimeSpan.Zero : (At("Failed") ?? At("Succeeded") ?? now) - began.Value;

        DateTimeOffset? At(string phase) => instance.Status.PhaseTransitionTimestamps.FirstOrDefault(t => t.Phase == phase)?.PhaseTransitionTimestamp;
    }
}
