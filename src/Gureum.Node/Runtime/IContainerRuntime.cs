namespace Gureum.Node.Runtime;

/// <summary>
/// Runs sandboxes and containers. Every method throws <see cref="ContainerRuntimeException"/>, whose
/// <see cref="ContainerRuntimeException.Failure"/> tells what happened; stopping and removing what is gone succeeds.
/// </summary>
public interface IContainerRuntime
{
    /// <summary>Name, version and readiness.</summary>
    Task<RuntimeHealth> GetHealthAsync(CancellationToken cancel);

    /// <summary>Creates and starts a sandbox, its network included; leaves nothing behind if it fails.</summary>
    /// <param name="config">The sandbox.</param>
    /// <param name="runtimeHandler">The handler of the RuntimeClass; empty for the default.</param>
    /// <param name="cancel">Gives up waiting.</param>
    /// <returns>The sandbox's id.</returns>
    Task<string> RunSandboxAsync(SandboxConfig config, string runtimeHandler, CancellationToken cancel);

    /// <summary>Kills what runs in a sandbox and takes its network down.</summary>
    Task StopSandboxAsync(string sandboxId, CancellationToken cancel);

    /// <summary>Removes a sandbox and its containers.</summary>
    Task RemoveSandboxAsync(string sandboxId, CancellationToken cancel);

    /// <summary>A sandbox's status.</summary>
    Task<SandboxStatus> GetSandboxAsync(string sandboxId, CancellationToken cancel);

    /// <summary>Sandboxes that carry all the labels given; all sandboxes without any.</summary>
    Task<IReadOnlyList<SandboxInfo>> ListSandboxesAsync(IReadOnlyDictionary<string, string>? labels, CancellationToken cancel);

    /// <summary>Creates a container in a sandbox, made with the same <paramref name="sandbox"/> configuration.</summary>
    /// <returns>The container's id.</returns>
    Task<string> CreateContainerAsync(string sandboxId, SandboxConfig sandbox, ContainerConfig config, CancellationToken cancel);

    /// <summary>Starts a created container.</summary>
    Task StartContainerAsync(string containerId, CancellationToken cancel);

    /// <summary>Sends the image's stop signal, and SIGKILL after <paramref name="grace"/> (whole seconds; zero kills at once).</summary>
    Task StopContainerAsync(string containerId, TimeSpan grace, CancellationToken cancel);

    /// <summary>Removes a container, killing it if it runs. Its log stays.</summary>
    Task RemoveContainerAsync(string containerId, CancellationToken cancel);

    /// <summary>A container's status.</summary>
    Task<ContainerDetails> GetContainerAsync(string containerId, CancellationToken cancel);

    /// <summary>Containers that carry all the labels given; all containers without any.</summary>
    Task<IReadOnlyList<ContainerInfo>> ListContainersAsync(IReadOnlyDictionary<string, string>? labels, CancellationToken cancel);

    /// <summary>Changes a container's limits in place.</summary>
    Task UpdateContainerAsync(string containerId, ResourceLimits resources, CancellationToken cancel);

    /// <summary>Makes the runtime open a container's log file anew, after it was renamed.</summary>
    Task ReopenLogAsync(string containerId, CancellationToken cancel);

    /// <summary>Starts a process in a running container, its streams in our hands.</summary>
    Task<IExecSession> ExecAsync(string containerId, ExecRequest request, CancellationToken cancel);

    /// <summary>Takes part in the streams of a running container's first process.</summary>
    Task<IAttachSession> AttachAsync(string containerId, AttachRequest request, CancellationToken cancel);

    /// <summary>Connects to a TCP port on the sandbox's own loopback.</summary>
    /// <param name="sandboxId">The sandbox.</param>
    /// <param name="port">Port, 1 to 65535.</param>
    /// <param name="cancel">Gives up connecting.</param>
    Task<Stream> ConnectAsync(string sandboxId, int port, CancellationToken cancel);
}

/// <summary>The images of a node. Throws like <see cref="IContainerRuntime"/>.</summary>
public interface IImageStore
{
    /// <summary>Pulls an image.</summary>
    /// <param name="reference">e.g. <c>docker.io/library/busybox:1</c> or <c>name@sha256:…</c>.</param>
    /// <param name="credentials">For its registry; null for none.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>The image's id, fit for <see cref="ContainerConfig.ImageRef"/>.</returns>
    Task<string> PullAsync(string reference, RegistryCredentials? credentials, CancellationToken cancel);

    /// <summary>The image of that name or id; null if the node does not have it.</summary>
    Task<ImageInfo?> FindAsync(string reference, CancellationToken cancel);

    /// <summary>All images.</summary>
    Task<IReadOnlyList<ImageInfo>> ListAsync(CancellationToken cancel);

    /// <summary>Removes an image with all its names; one that is gone is no error.</summary>
    Task RemoveAsync(string reference, CancellationToken cancel);

    /// <summary>How much disk images take.</summary>
    Task<IReadOnlyList<FileSystemUse>> GetUsageAsync(CancellationToken cancel);
}
