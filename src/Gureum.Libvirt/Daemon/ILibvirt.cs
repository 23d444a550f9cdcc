namespace Gureum.Libvirt.Daemon;

/// <summary>A libvirtd to work with: one that Gureum runs itself, or the system's.</summary>
public interface ILibvirt : IAsyncDisposable
{
    /// <summary>What <see cref="Hypervisor.OpenAsync"/> takes.</summary>
    string Uri { get; }

    /// <summary>What is wrong with it just now, in words for the node's status; null if nothing is.</summary>
    string? Problem { get; }

    /// <summary>Returns once it answers. The very first start takes up to half a minute: QEMU is asked what it can do.</summary>
    /// <exception cref="LibvirtDaemonException">It does not; the message says why and what to do.</exception>
    Task StartAsync(CancellationToken cancel);

    /// <summary>Process id of the QEMU of a machine; null if it does not run.</summary>
    /// <param name="name">The machine's name.</param>
    int? ProcessOf(string name);
}

/// <summary>libvirtd could not be started, reached or stopped. The message says why and what to do.</summary>
public sealed class LibvirtDaemonException(string message, Exception? inner = null) : Exception(message, inner);
