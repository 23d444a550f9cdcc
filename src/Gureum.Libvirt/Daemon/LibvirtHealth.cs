using Gureum.Libvirt.Events;
using Gureum.Libvirt.Native;

namespace Gureum.Libvirt.Daemon;

/// <summary>Asks a libvirtd whether it answers.</summary>
internal static class LibvirtHealth
{
    /// <summary>Null if it answers within <paramref name="timeout"/>; else what went wrong.</summary>
    internal static async Task<string?> CheckAsync(string uri, TimeSpan timeout, CancellationToken cancel)
    {
        EventLoop.Ensure();
        try
        {
            // A thread of its own: a libvirtd that hangs must not hold those of the calls.
            return await BlockingCalls.RunLongAsync(() => Ask(uri), cancel).WaitAsync(timeout, cancel).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return $"{uri} does not answer within {timeout.TotalSeconds:0} s";
        }
    }

    /// <summary>Waits until libvirt has found QEMU and knows what it can do: the first time it asks QEMU, for seconds.</summary>
    /// <exception cref="LibvirtException">There is no QEMU that it can use.</exception>
    internal static Task FindQemuAsync(string uri, CancellationToken cancel) => BlockingCalls.RunLongAsync(
        () =>
        {
            using ConnectionHandle connection = LibvirtException.Check(Virt.virConnectOpen(uri), "connecting to " + uri);
            return LibvirtException.Check(Virt.virConnectGetVersion(connection, out _), "asking libvirtd for its QEMU");
        },
        cancel);

    private static string? Ask(string uri)
    {
        try
        {
            using ConnectionHandle connection = LibvirtException.Check(Virt.virConnectOpen(uri), "connecting to " + uri);
            LibvirtException.Check(Virt.virConnectGetLibVersion(connection, out _), "asking libvirtd for its version");
            return null;
        }
        catch (LibvirtException e)
        {
            return e.Message;
        }
    }
}
