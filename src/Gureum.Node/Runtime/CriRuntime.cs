using Gureum.Node.Cri.V1;
using static Gureum.Node.Runtime.CriConnection;

namespace Gureum.Node.Runtime;

/// <summary>
/// <see cref="IContainerRuntime"/> over CRI v1, with containerd's task API for exec (its CRI exec goes through an HTTP
/// server of its own, which knows no half-close over WebSocket). Thread-safe.
/// </summary>
/// <param name="connection">The connection; stays the caller's.</param>
/// <param name="fifoDirectory">A directory for the FIFOs of exec sessions and nothing else: it is emptied now.</param>
public sealed class CriRuntime(CriConnection connection, string fifoDirectory) : IContainerRuntime
{
    private static readonly TimeSpan SandboxTimeout = TimeSpan.FromMinutes(4);

    private readonly RuntimeService.RuntimeServiceClient _runtime = connection.Runtime;
    private readonly TaskExec _exec = new(connection, fifoDirectory);

    /// <inheritdoc/>
    public async Task<RuntimeHealth> GetHealthAsync(CancellationToken cancel)
    {
        VersionResponse version = await CallAsync("asking for the runtime's version",
            o => _runtime.VersionAsync(new VersionRequest { Version = "v1" }, o), cancel).ConfigureAwait(false);
        StatusResponse status = await CallAsync("asking for the runtime's status",
            o => _runtime.StatusAsync(new StatusRequest(), o), cancel).ConfigureAwait(false);
        RuntimeCondition? runtime = status.Status.Conditions.FirstOrDefault(c => c.Type == "RuntimeReady");
        RuntimeCondition? network = status.Status.Conditions.FirstOrDefault(c => c.Type == "NetworkReady");
        IEnumerable<string> problems = new[] { runtime, network }.OfType<RuntimeCondition>()
            .Where(c => !c.Status).Select(c => $"{c.Type}: {c.Reason} {c.Message}".TrimEnd());
        return new RuntimeHealth(
            version.RuntimeName, version.RuntimeVersion, runtime?.Status ?? false, network?.Status ?? false, string.Join("; ", problems));
    }

    /// <inheritdoc/>
    public async Task<string> RunSandboxAsync(SandboxConfig config, string runtimeHandler, CancellationToken cancel)
    {
        Directory.CreateDirectory(config.LogDirectory);
        var request = new RunPodSandboxRequest { Config = CriRequests.Sandbox(config), RuntimeHandler = runtimeHandler };
        RunPodSandboxResponse response = await CallAsync(
            $"running the sandbox of {config.Identity.Namespace}/{config.Identity.Name}",
            o => _runtime.RunPodSandboxAsync(request, o), cancel, SandboxTimeout).ConfigureAwait(false);
        return response.PodSandboxId;
    }

    /// <inheritdoc/>
    public Task StopSandboxAsync(string sandboxId, CancellationToken cancel) => CallIfPresentAsync(
        $"stopping sandbox {sandboxId}",
        o => _runtime.StopPodSandboxAsync(new StopPodSandboxRequest { PodSandboxId = sandboxId }, o), cancel, SandboxTimeout);

    /// <inheritdoc/>
    public Task RemoveSandboxAsync(string sandboxId, CancellationToken cancel) => CallIfPresentAsync(
        $"removing sandbox {sandboxId}",
        o => _runtime.RemovePodSandboxAsync(new RemovePodSandboxRequest { PodSandboxId = sandboxId }, o), cancel, SandboxTimeout);

    /// <inheritdoc/>
    public async Task<SandboxStatus> GetSandboxAsync(string sandboxId, CancellationToken cancel)
    {
        PodSandboxStatusResponse response = await CallAsync($"looking at sandbox {sandboxId}",
            o => _runtime.PodSandboxStatusAsync(new PodSandboxStatusRequest { PodSandboxId = sandboxId, Verbose = true }, o), cancel).ConfigureAwait(false);
        return CriResponses.Sandbox(response);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SandboxInfo>> ListSandboxesAsync(IReadOnlyDictionary<string, string>? labels, CancellationToken cancel)
    {
        var filter = new PodSandboxFilter();
        if (labels is not null) filter.LabelSelector.Add(labels.ToDictionary());
        ListPodSandboxResponse response = await CallAsync("listing sandboxes",
            o => _runtime.ListPodSandboxAsync(new ListPodSandboxRequest { Filter = filter }, o), cancel).ConfigureAwait(false);
        return [.. response.Items.Select(CriResponses.Sandbox)];
    }

    /// <inheritdoc/>
    public async Task<string> CreateContainerAsync(string sandboxId, SandboxConfig sandbox, ContainerConfig config, CancellationToken cancel)
    {
        var request = new CreateContainerRequest
        {
            PodSandboxId = sandboxId,
            Config = CriRequests.Container(sandbox, config),
            SandboxConfig = CriRequests.Sandbox(sandbox),
        };
        CreateContainerResponse response = await CallAsync(
            $"creating container {config.Name} of {sandbox.Identity.Namespace}/{sandbox.Identity.Name}",
            o => _runtime.CreateContainerAsync(request, o), cancel).ConfigureAwait(false);
        return response.ContainerId;
    }

    /// <inheritdoc/>
    public Task StartContainerAsync(string containerId, CancellationToken cancel) => CallAsync(
        $"starting container {containerId}",
        o => _runtime.StartContainerAsync(new StartContainerRequest { ContainerId = containerId }, o), cancel);

    /// <inheritdoc/>
    public Task StopContainerAsync(string containerId, TimeSpan grace, CancellationToken cancel) => CallIfPresentAsync(
        $"stopping container {containerId}",
        o => _runtime.StopContainerAsync(new StopContainerRequest { ContainerId = containerId, Timeout = (long)grace.TotalSeconds }, o),
        cancel, grace + DefaultTimeout);

    /// <inheritdoc/>
    public Task RemoveContainerAsync(string containerId, CancellationToken cancel) => CallIfPresentAsync(
        $"removing container {containerId}",
        o => _runtime.RemoveContainerAsync(new RemoveContainerRequest { ContainerId = containerId }, o), cancel);

    /// <inheritdoc/>
    public async Task<ContainerDetails> GetContainerAsync(string containerId, CancellationToken cancel)
    {
        ContainerStatusResponse response = await CallAsync($"looking at container {containerId}",
            o => _runtime.ContainerStatusAsync(new ContainerStatusRequest { ContainerId = containerId, Verbose = true }, o), cancel).ConfigureAwait(false);
        return CriResponses.Container(response);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ContainerInfo>> ListContainersAsync(IReadOnlyDictionary<string, string>? labels, CancellationToken cancel)
    {
        var filter = new ContainerFilter();
        if (labels is not null) filter.LabelSelector.Add(labels.ToDictionary());
        ListContainersResponse response = await CallAsync("listing containers",
            o => _runtime.ListContainersAsync(new ListContainersRequest { Filter = filter }, o), cancel).ConfigureAwait(false);
        return [.. response.Containers.Select(CriResponses.Container)];
    }

    /// <inheritdoc/>
    public Task UpdateContainerAsync(string containerId, ResourceLimits resources, CancellationToken cancel) => CallAsync(
        $"changing the limits of container {containerId}",
        o => _runtime.UpdateContainerResourcesAsync(
            new UpdateContainerResourcesRequest { ContainerId = containerId, Linux = CriRequests.Limits(resources) }, o), cancel);

    /// <inheritdoc/>
    public Task ReopenLogAsync(string containerId, CancellationToken cancel) => CallAsync(
        $"reopening the log of container {containerId}",
        o => _runtime.ReopenContainerLogAsync(new ReopenContainerLogRequest { ContainerId = containerId }, o), cancel);

    /// <inheritdoc/>
    public Task<IExecSession> ExecAsync(string containerId, ExecRequest request, CancellationToken cancel) =>
        _exec.StartAsync(containerId, request, cancel);

    /// <inheritdoc/>
    public async Task<IAttachSession> AttachAsync(string containerId, AttachRequest request, CancellationToken cancel)
    {
        AttachResponse response = await CallAsync($"attaching to container {containerId}",
            o => _runtime.AttachAsync(new Cri.V1.AttachRequest
            {
                ContainerId = containerId,
                Stdin = request.Stdin,
                Stdout = request.Stdout,
                Stderr = request.Stderr && !request.Tty,
                Tty = request.Tty,
            }, o), cancel).ConfigureAwait(false);
        return await CriAttach.OpenAsync(new Uri(response.Url), request, cancel).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<Stream> ConnectAsync(string sandboxId, int port, CancellationToken cancel)
    {
        SandboxStatus sandbox = await GetSandboxAsync(sandboxId, cancel).ConfigureAwait(false);
        if (!sandbox.Info.Ready)
            throw new ContainerRuntimeException(RuntimeFailure.Refused, $"port {port} of sandbox {sandboxId}: the sandbox does not run");
        return await NamespaceConnector.ConnectAsync(sandbox.NetworkNamespacePath, port, cancel).ConfigureAwait(false);
    }
}
