namespace Gureum.Node.Containerd;

/// <summary>A containerd to work with: one that Gureum runs itself, or one that is there already.</summary>
public interface IContainerd : IAsyncDisposable
{
    /// <summary>The unix socket of its gRPC API.</summary>
    string SocketPath { get; }

    /// <summary>What is wrong with it just now, in words for the node's status; null if nothing is.</summary>
    string? Problem { get; }

    /// <summary>Returns once it serves CRI.</summary>
    /// <exception cref="ContainerdException">It does not; the message says why and what to do.</exception>
    Task StartAsync(CancellationToken cancel);
}

/// <summary>containerd could not be started, reached or stopped. The message says why and what to do.</summary>
public sealed class ContainerdException(string message, Exception? inner = null) : Exception(message, inner);
