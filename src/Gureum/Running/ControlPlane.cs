using Gureum.ApiServer;
using Gureum.Client;
using Gureum.Controllers;
using Gureum.Scheduler;

namespace Gureum.Running;

/// <summary>The parts that decide: controllers and scheduler.</summary>
internal static class ControlPlane
{
    /// <summary>Starts them over a view of the API that they share with others; the task ends when they have ended after the cancellation.</summary>
    internal static Task Start(ClusterOptions options, ApiServerHost server, InformerFactory informers, CancellationToken cancel)
    {
        var controllers = new ControllerManager(informers, new ControllerOptions
        {
            RootCertificatePem = server.Authority.CertificatePem, ClusterCidr = options.PodCidr, LocalVolumeRoot = Path.Combine(options.DataDirectory, "node", "volumes"),
        });
        var scheduler = new SchedulingLoop(informers, new SchedulerOptions());
        return Task.WhenAll(Task.Run(() => controllers.RunAsync(cancel), CancellationToken.None), Task.Run(() => RunSchedulerAsync(informers, scheduler, cancel), CancellationToken.None));
    }

    private static async Task RunSchedulerAsync(InformerFactory informers, SchedulingLoop scheduler, CancellationToken cancel)
    {
        try
        {
            await informers.StartAsync(cancel);
            await scheduler.RunAsync(cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested) { /* the end of the run */ }
    }
}
