using Gureum.Node.Runtime;
using Gureum.Objects.Core.V1;

namespace Gureum.Node.Pods;

/// <summary>
/// Ends a pod's containers in order: preStop hooks, the stop signal, SIGKILL when the grace period is over; sidecars last.
/// See https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination.
/// </summary>
/// <param name="hookFailed">Told of a preStop hook that failed; the container is stopped all the same.</param>
internal sealed class PodStopper(IContainerRuntime runtime, LifecycleHooks hooks, PodSettings settings, TimeProvider time, Action<Pod, Container, string> hookFailed)
{
    // The hook may use up the whole time: what follows still gets a moment, as upstream gives it.
    private static readonly TimeSpan AfterHook = TimeSpan.FromSeconds(2);

    /// <summary>Ends everything that runs of a pod.</summary>
    /// <param name="grace">For hooks and stop signals together; zero kills at once.</param>
    internal async Task StopAsync(Pod pod, RuntimePod state, TimeSpan grace, CancellationToken cancel)
    {
        var sidecars = pod.Spec.InitContainers.Where(c => c.RestartPolicy == "Always").Select(c => c.Name).ToHashSet();
        var address = AddressOf(pod, state.Sandbox);
        var start = time.GetTimestamp();
        await Task.WhenAll(Running(c => !sidecars.Contains(c.Info.Name)).Select(c => EndAsync(c, grace)));
        // Sidecars go last, in the reverse of their order, within what is left of the time.
        foreach (var sidecar in pod.Spec.InitContainers.Reverse().Where(c => c.RestartPolicy == "Always"))
            foreach (var running in Running(c => c.Info.Name == sidecar.Name))
                await EndAsync(running, grace == TimeSpan.Zero ? grace : TimeSpan.FromSeconds(Math.Max(1, (grace - time.GetElapsedTime(start)).TotalSeconds)));

        IEnumerable<ContainerDetails> Running(Func<ContainerDetails, bool> which) => [.. state.Containers.Where(c => c.Info.Stage is ContainerStage.Running or ContainerStage.Unknown && which(c))];

        Task EndAsync(ContainerDetails details, TimeSpan limit)
        {
            var container = pod.Spec.Containers.Concat(pod.Spec.InitContainers).FirstOrDefault(c => c.Name == details.Info.Name);
            return container is null ? runtime.StopContainerAsync(details.Info.Id, limit, cancel) : KillAsync(pod, container, details.Info.Id, address, limit, cancel);
        }
    }

    /// <summary>Ends one container.</summary>
    internal async Task KillAsync(Pod pod, Container container, string id, string address, TimeSpan grace, CancellationToken cancel)
    {
        var left = grace;
        if (container.Lifecycle?.PreStop is { } hook && grace > TimeSpan.Zero)
        {
            var start = time.GetTimestamp();
            if (await hooks.RunAsync(hook, pod, container, id, address, grace, cancel) is { } failure) hookFailed(pod, container, failure);
            left = grace - time.GetElapsedTime(start);
            if (left < AfterHook) left = AfterHook;
        }
        await runtime.StopContainerAsync(id, left, cancel);
    }

    /// <summary>The address that hooks and probes use; empty when the pod has none.</summary>
    internal string AddressOf(Pod pod, SandboxStatus? sandbox) => pod.Spec.HostNetwork == true ? settings.NodeAddress : sandbox?.Addresses.FirstOrDefault()?.ToString() ?? "";
}
