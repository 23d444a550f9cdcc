using Gureum.Node.Runtime;

namespace Gureum.Node.Pods;

/// <summary>What the runtime holds of one pod just now (immutable).</summary>
/// <param name="Sandbox">The newest sandbox, null when there is none.</param>
/// <param name="Containers">All containers of the pod, the newest attempt of each name first.</param>
public sealed record RuntimePod(SandboxStatus? Sandbox, IReadOnlyList<ContainerDetails> Containers)
{
    /// <summary>The newest container of a name, or null.</summary>
    public ContainerDetails? Newest(string name) => Containers.FirstOrDefault(c => c.Info.Name == name);

    /// <summary>The one before the newest, or null.</summary>
    public ContainerDetails? Previous(string name) => Containers.Where(c => c.Info.Name == name).Skip(1).FirstOrDefault();

    public bool AnyRunning => Containers.Any(c => c.Info.Stage is ContainerStage.Running or ContainerStage.Unknown);

    /// <summary>Reads sandbox and containers of a pod from the runtime.</summary>
    internal static async Task<RuntimePod> ReadAsync(IContainerRuntime runtime, string uid, CancellationToken cancel)
    {
        var labels = new Dictionary<string, string> { [PodLabels.Uid] = uid };
        var sandboxes = await runtime.ListSandboxesAsync(labels, cancel);
        var newest = sandboxes.OrderByDescending(s => s.CreatedAt).FirstOrDefault();
        SandboxStatus? sandbox = null;
        if (newest is not null)
        {
            try { sandbox = await runtime.GetSandboxAsync(newest.Id, cancel); }
            catch (ContainerRuntimeException e) when (e.Failure == RuntimeFailure.NotFound) { /* it went between the two questions */ }
        }
        var containers = new List<ContainerDetails>();
        foreach (var info in await runtime.ListContainersAsync(labels, cancel))
        {
            try { containers.Add(await runtime.GetContainerAsync(info.Id, cancel)); }
            catch (ContainerRuntimeException e) when (e.Failure == RuntimeFailure.NotFound) { /* likewise */ }
        }
        return new RuntimePod(sandbox, [.. containers.OrderByDescending(c => c.Info.Attempt).ThenByDescending(c => c.Info.CreatedAt)]);
    }
}

/// <summary>Labels by which the runtime's objects are found again, the same as every CRI client's.</summary>
internal static class PodLabels
{
    internal const string Uid = "io.kubernetes.pod.uid", Name = "io.kubernetes.pod.name", Namespace = "io.kubernetes.pod.namespace", Container = "io.kubernetes.container.name";

    internal static Dictionary<string, string> Of(Objects.Core.V1.Pod pod, string? container = null)
    {
        var labels = new Dictionary<string, string> { [Uid] = pod.Metadata.Uid!, [Name] = pod.Metadata.Name!, [Namespace] = pod.Metadata.Namespace! };
        if (container is not null) labels[Container] = container;
        return labels;
    }
}
