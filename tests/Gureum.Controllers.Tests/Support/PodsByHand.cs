using Gureum.Objects.Core.V1;
using Gureum.Objects.Machines;

namespace Gureum.Controllers.Tests.Support;

/// <summary>For tests that say themselves what becomes of pods, with no kubelet, pretended or other.</summary>
public static class PodsByHand
{
    /// <summary>A cluster with two nodes, "plain" and "kvm", of which the latter runs guests.</summary>
    public static async Task<TestCluster> StartAsync()
    {
        var cluster = await TestCluster.StartAsync(nodes: 0, kubelet: false);
        await cluster.AddNodeAsync("plain");
        await cluster.AddNodeAsync("kvm", labels: new Dictionary<string, string> { [MachineNames.Schedulable] = "true" });
        return cluster;
    }

    public static ContainerState Runs { get; } = new() { Running = new ContainerStateRunning { StartedAt = DateTimeOffset.UnixEpoch } };

    public static ContainerState Ended(int code, string? message = null) => new() { Terminated = new ContainerStateTerminated { ExitCode = code, Reason = code == 0 ? "Completed" : "Error", Message = message, StartedAt = DateTimeOffset.UnixEpoch } };

    /// <summary>The pod, once it has a node.</summary>
    public static async Task<Pod> PlacedAsync(TestCluster cluster, string name) => await cluster.UntilAsync<Pod>("default", name, p => p?.Spec.NodeName is { Length: > 0 });

    /// <summary>Says what the pod's only container does.</summary>
    public static async Task SayAsync(TestCluster cluster, string pod, string phase, ContainerState state, ContainerState? last = null, int restarts = 0, string? progress = null)
    {
        var current = await PlacedAsync(cluster, pod);
        await cluster.Client.UpdateStatusAsync(current with
        {
            Metadata = current.Metadata with { ResourceVersion = null },
            Status = current.Status with
            {
                Phase = phase, Conditions = progress is null ? current.Status.Conditions : [.. current.Status.Conditions, new PodCondition { Type = ImportNames.Progress, Status = "True", Message = progress }],
                ContainerStatuses = [new ContainerStatus { Name = current.Spec.Containers[0].Name, Image = current.Spec.Containers[0].Image, ImageID = "", Ready = false, RestartCount = restarts, State = state, LastState = last }],
            },
        });
    }

    public static Task DoneAsync(TestCluster cluster, string pod) => SayAsync(cluster, pod, "Succeeded", Ended(0));
}
