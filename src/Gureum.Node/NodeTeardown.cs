using System.Net;
using Gureum.Network.Pods;
using Gureum.Network.Services;
using Gureum.Node.Cgroups;
using Gureum.Node.Containerd;
using Gureum.Node.Native;
using Gureum.Node.Runtime;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gureum.Node;

/// <summary>Undoes everything that an agent made on its machine; what is gone already is fine.</summary>
public static class NodeTeardown
{
    /// <param name="podCidr">This node's range, or null when it never had one.</param>
    /// <returns>What could not be undone, one line each.</returns>
    public static async Task<IReadOnlyList<string>> RunAsync(NodeAgentOptions options, IPNetwork? podCidr, CancellationToken cancel)
    {
        var problems = new List<string>();
        using var network = NetworkOf(options, podCidr);
        await StepAsync("containers", () => ContainersAsync(options, network, problems, cancel));
        await StepAsync("Service rules", () => { Services(options, podCidr); return Task.CompletedTask; });
        await StepAsync("pod network", () => { network.Teardown(); return Task.CompletedTask; });
        await StepAsync("control groups", async () =>
        {
            var tree = new CgroupTree(CgroupLayout.Detect(), options.DataDirectory);
            await tree.KillAndDeleteAsync(tree.Root, cancel);
        });
        await StepAsync("mounts", () =>
        {
            foreach (var directory in (string[])[options.PodsDirectory, options.RunDirectory]) Mounts.UnmountBelow(directory);
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
    private static async Task ContainersAsync(NodeAgentOptions options, PodNetwork network, List<string> problems, CancellationToken cancel)
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
            await Parallel.ForEachAsync(await runtime.ListSandboxesAsync(null, cancel), new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancel },
                async (sandbox, token) => await RemoveAsync(runtime, sandbox.Id, problems, token));
        }
        await containerd.StopAsync(cancel);
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

    private static IPNetwork Any(NodeAgentOptions options, IPNetwork? podCidr) => podCidr ?? new IPNetwork(options.ClusterCidr.BaseAddress, Math.Max(24, options.ClusterCidr.PrefixLength));

    private static void Services(NodeAgentOptions options, IPNetwork? podCidr) => new ServiceProxy(new ServiceProxyOptions
    {
        NodeName = options.Name, PodCidr = Any(options, podCidr), ClusterCidr = options.ClusterCidr, ServiceCidr = options.ServiceCidr, LocallyServed = [options.ClusterDns],
    }).Teardown();

    private static PodNetwork NetworkOf(NodeAgentOptions options, IPNetwork? podCidr) => new(new PodNetworkOptions
    {
        PodCidr = Any(options, podCidr), ClusterCidr = options.ClusterCidr, ServiceCidr = options.ServiceCidr, StateDirectory = Path.Combine(options.DataDirectory, "network"), LocalAddresses = [options.ClusterDns],
    });
}
