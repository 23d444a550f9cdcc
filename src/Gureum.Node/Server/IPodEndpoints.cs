using Gureum.Node.Runtime;

namespace Gureum.Node.Server;

/// <summary>A container that a client wants to reach.</summary>
/// <param name="Runtime">The runtime that has it.</param>
/// <param name="ContainerId">The runtime's id.</param>
/// <param name="Tty">True if its first process has a terminal.</param>
/// <param name="Stdin">True if its first process's input is open.</param>
public sealed record ContainerTarget(IContainerRuntime Runtime, string ContainerId, bool Tty, bool Stdin);

/// <summary>A log that a client wants to read.</summary>
/// <param name="Path">The log file.</param>
/// <param name="IsRunning">Whether more may be written to it.</param>
/// <param name="Raw">The file is the output itself, in place of CRI's lines with times and streams.</param>
public sealed record LogTarget(string Path, Func<CancellationToken, Task<bool>> IsRunning, bool Raw = false);

/// <summary>
/// What the node's server asks the node: names of the API to things of the runtime. Every method throws
/// <see cref="NodeRequestException"/>, whose status and message go to the client.
/// </summary>
public interface IPodEndpoints
{
    /// <summary>The running container for exec and attach; a pod's only container if <paramref name="container"/> is empty.</summary>
    Task<ContainerTarget> FindContainerAsync(string podNamespace, string pod, string container, CancellationToken cancel);

    /// <summary>Connects to a TCP port of a pod, as if from inside.</summary>
    Task<Stream> ConnectAsync(string podNamespace, string pod, int port, CancellationToken cancel);

    /// <summary>A container's log, or that of the container of that name before it.</summary>
    Task<LogTarget> FindLogAsync(string podNamespace, string pod, string container, bool previous, CancellationToken cancel);

    /// <summary>A page of the node: <c>/pods</c>, <c>/stats/summary</c>, <c>/metrics</c> and those below it; null if there is none of that path.</summary>
    Task<NodePage?> GetPageAsync(string path, CancellationToken cancel);
}

/// <summary>A page to serve as it is.</summary>
/// <param name="ContentType">e.g. application/json.</param>
/// <param name="Body">Its bytes.</param>
public sealed record NodePage(string ContentType, ReadOnlyMemory<byte> Body);

/// <summary>A request to the node that cannot be served.</summary>
/// <param name="status">HTTP status for the client.</param>
/// <param name="message">What was refused and why.</param>
public sealed class NodeRequestException(int status, string message) : Exception(message)
{
    /// <summary>HTTP status for the client.</summary>
    public int Status { get; } = status;
}
