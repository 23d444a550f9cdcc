using Gureum.Libvirt;
using Gureum.Libvirt.Daemon;
using Gureum.Libvirt.Probe;
using Gureum.Objects.Core.V1;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gureum.Node.Machines;

/// <summary>Ends the guests of a node and its libvirtd, and leaves nothing of either but the guests' records.</summary>
internal static class MachineTeardown
{
    /// <param name="mostGrace">No guest gets more time than this to switch itself off; zero ends all at once.</param>
    internal static async Task RunAsync(NodeAgentOptions options, IReadOnlyList<Pod> pods, TimeSpan mostGrace, CancellationToken cancel)
    {
        var settings = MachineHostOptions.Of(options);
        if (!Directory.Exists(settings.RootDirectory)) return;
        var store = new MachineStore(options.MachinesDirectory);
        var accelerator = await AcceleratorProbe.RunAsync(settings.Probe, cancel);
        await using var libvirt = new LibvirtDaemon(settings.Libvirt(accelerator), NullLogger<LibvirtDaemon>.Instance);
        var running = store.Uids.Select(store.Find).OfType<MachineRecord>().Where(r => r is { Started: not null, Ended: null }).ToList();
        if (running.Count > 0)
        {
            await libvirt.StartAsync(cancel);
            await using var hypervisor = await Hypervisor.OpenAsync(libvirt.Uri, cancel);
            await Task.WhenAll(running.Select(async record =>
            {
                var wanted = TimeSpan.FromSeconds(pods.FirstOrDefault(p => p.Metadata.Uid == record.PodUid)?.Spec.TerminationGracePeriodSeconds ?? 30);
                using var machine = await hypervisor.FindAsync(record.Domain, cancel);
                if (machine is not null)
                {
                    await GuestStop.RunAsync(machine, wanted < mostGrace ? wanted : mostGrace, TimeProvider.System, cancel);
                    await machine.UndefineAsync(UndefineOptions.Everything, cancel);
                }
                store.Put(record with { Ended = TimeProvider.System.GetUtcNow(), ExitCode = 0, Reason = "the node was taken down" });
            }));
        }
        await libvirt.TeardownAsync(cancel);
    }
}
