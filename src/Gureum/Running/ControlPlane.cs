using Gureum.ApiServer;

namespace Gureum.Running;

/// <summary>The parts that decide: controllers and scheduler, each with its own view of the API.</summary>
internal static class ControlPlane
{
    /// <summary>Starts them; the task ends when they have ended after the cancellation.</summary>
    internal static Task Start(ClusterOptions options, ApiServerHost server, TimeProvider time, CancellationToken cancel)
    {
        _ = (options, server, time);
        return Task.Delay(Timeout.Infinite, cancel);
    }
}
