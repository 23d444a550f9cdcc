using Gureum.Client;
using Gureum.Network.Pods;
using Gureum.Network.Policies;
using Gureum.Network.Services;
using Gureum.Network.Tenants;
using Gureum.Node.Cgroups;
using Gureum.Node.Containerd;
using Gureum.Node.Machines;
using Gureum.Node.Native;
using Gureum.Node.Networking;
using Gureum.Node.Pods;
using Gureum.Node.Probes;
using Gureum.Node.Runtime;
using Gureum.Node.Volumes;
using Gureum.Objects.Core.V1;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gureum.Node;

/// <summary>Undoes everything that an agent made on its machine; what is gone already is fine.</summary>
public static class NodeTeardown
{
    /// <param name="pods">The pods of this node: their containers end as their specs ask.</param>
    /// <param name="mostGrace">No pod gets more time than this to end by itself; zero kills all at once.</param>
    /// <returns>What could not be undone, one line each.</returns>
    public static async Task<IReadOnlyList<string>> RunAsync(NodeAgentOptions options, IReadOnlyList<Pod> pods, TimeSpan mostGrace, CancellationToken cancel)
    {
        var problems = new List<string>();
        // A node that never came to have a range never had a network or a pod.
        using var network = NodeNetworks.KnownRange(options) is { } range ? new PodNetwork(NodeNetworks.Of(options, range)) : null;
        await StepAsync("virtual machines", () => MachineTeardown.RunAsync(options, pods, mostGrace, cancel));
        await StepAsync("tenants' networks", async () =>
        {
            await using var tenants = new TenantNetworks(NodeNetworks.TenantsOf(options, mtu: 1500, tunnels: false));
            await tenants.TeardownAsync();
        });
        if (network is not null)
        {
            await StepAsync("containers", () => ContainersAsync(options, network, pods, mostGrace, problems, cancel));
            await StepAsync("policies", () => { new PolicyEnforcer(new PolicyOptions { NodeName = options.Name }).Teardown(); return Task.CompletedTask; });
            await StepAsync("Service rules", () => { Services(options, network.Options.PodCidr); return Task.CompletedTask; });
            await StepAsync("pod network", () => { Network(options, network); return Task.CompletedTask; });
        }
        await StepAsync("control groups", async () =>
        {
            var tree = new CgroupTree(CgroupLayout.Detect(), options.DataDirectory);
            await tree.KillAndDeleteAsync(tree.Root, cancel);
        });
        await StepAsync("mounts", () =>
        {
            foreach (var directory in (string[])[options.PodsDirectory, options.RunDirectory]) Mounts.UnmountBelow(directory);
            new BlockDevices(options.PodsDirectory).Clear();
            // What could not be stopped is found again by what lies there.
            if (problems.Count > 0) return Task.CompletedTask;
            if (Directory.Exists(options.RunDirectory)) Directory.Delete(options.RunDirectory, recursive: true);
            if (Directory.Exists(options.PodsDirectory)) Directory.Delete(options.PodsDirectory, recursive: true);
            return Task.CompletedTask;
        });
        return problems;

        async Task StepAsync(string what, Func<Task> step)
        {
            try { await step(); }
            catch (Exception e) when (e is not OperationCanceledException) { problems.Add($"{what}: {e.Message}"); }
        }
    }

    // Sandboxes are stopped through containerd, so that their networks and mounts go the proper way; it asks us for the former.
    private static async Task ContainersAsync(NodeAgentOptions options, PodNetwork network, IReadOnlyList<Pod> pods, TimeSpan mostGrace, List<string> problems, CancellationToken cancel)
    {
        if (options.ContainerdSocket is not null || !Directory.Exists(Path.Combine(options.DataDirectory, "containerd"))) return;
        Directory.CreateDirectory(options.RunDirectory);
        network.Setup();
        await using var cni = CniServer.Start(network, options.CniSocket);
        await using var containerd = new ContainerdSupervisor(new ContainerdSettings
        {
            RootDirectory = Path.Combine(options.DataDirectory, "containerd"), StateDirectory = options.Containerd, SandboxImage = options.SandboxImage, CniBinDirectory = options.CniBin, CniConfigDirectory = options.CniConfiguration,
        }, NullLogger<ContainerdSupervisor>.Instance);
        await containerd.StartAsync(cancel);
        using (var connection = new CriConnection(containerd.SocketPath))
        {
            var runtime = new CriRuntime(connection, Path.Combine(options.RunDirectory, "fifos"));
            await StopAsync(options, runtime, pods, mostGrace, cancel);
            await Parallel.ForEachAsync(await runtime.ListSandboxesAsync(null, cancel), new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancel },
                async (sandbox, token) => await RemoveAsync(runtime, sandbox.Id, problems, token));
        }
        await containerd.StopAsync(cancel);
    }

    // All at the same time: they mostly wait. What does not end this way is killed with its sandbox.
    private static async Task StopAsync(NodeAgentOptions options, CriRuntime runtime, IReadOnlyList<Pod> pods, TimeSpan mostGrace, CancellationToken cancel)
    {
        using var prober = new Prober(runtime);
        var stopper = new PodStopper(runtime, new LifecycleHooks(runtime, prober, TimeProvider.System), PodSettings.Of(options), TimeProvider.System,
            (pod, container, failure) => Log.Current.Info("pods", $"{pod.Metadata.Namespace}/{pod.Metadata.Name} {container.Name}: the preStop hook failed: {failure}"));
        await Task.WhenAll(pods.Select(async pod =>
        {
            var wanted = TimeSpan.FromSeconds(pod.Spec.TerminationGracePeriodSeconds ?? 30);
            try { await stopper.StopAsync(pod, await RuntimePod.ReadAsync(runtime, pod.Metadata.Uid!, cancel), wanted < mostGrace ? wanted : mostGrace, cancel); }
            catch (ContainerRuntimeException e) { Log.Current.Debug("pods", $"{pod.Metadata.Namespace}/{pod.Metadata.Name}: {e.Message}"); }
        }));
    }

    // One that resists is named, and does not keep the others.
    private static async Task RemoveAsync(CriRuntime runtime, string sandbox, List<string> problems, CancellationToken cancel)
    {
        try
        {
            await runtime.StopSandboxAsync(sandbox, cancel);
            await runtime.RemoveSandboxAsync(sandbox, cancel);
        }
        catch (ContainerRuntimeException e)
        {
            lock (problems) problems.Add($"sandbox {sandbox}: {e.Message}");
        }
    }

    private static void Services(NodeAgentOptions options, System.Net.IPNetwork range) => new ServiceProxy(new ServiceProxyOptions
    {
        NodeName = options.Name, PodCidr = range, ClusterCidr = options.ClusterCidr, ServiceCidr = options.ServiceCidr, LocallyServed = [options.ClusterDns],
    }).Teardown();

    private static void Network(NodeAgentOptions options, PodNetwork network)
    {
        using (var overlay = NodeNetworks.OverlayOf(options, network.Options)) overlay?.Teardown();
        network.Teardown();
    }
}
