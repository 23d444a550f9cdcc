using System.Runtime.InteropServices;

namespace Gureum.Network.Netlink;

/// <summary>
/// Links, addresses, routes and neighbours of one network namespace, over rtnetlink(7). Thread-safe.
/// </summary>
/// <remarks>Members throw <see cref="NetlinkException"/> with errno and the thing refused.</remarks>
public sealed partial class RouteNetlink : IDisposable
{
    private const NetlinkFlags Ask = NetlinkFlags.Request | NetlinkFlags.Acknowledge;
    private const NetlinkFlags CreateNew = Ask | NetlinkFlags.Create | NetlinkFlags.Exclusive;
    private const NetlinkFlags CreateOrReplace = Ask | NetlinkFlags.Create | NetlinkFlags.Replace;
    private const NetlinkFlags DumpAll = NetlinkFlags.Request | NetlinkFlags.Dump;
    private readonly NetlinkSocket _socket;

    /// <summary>Opens a connection to the kernel for the given namespace; the namespace's file is not needed afterwards.</summary>
    public RouteNetlink(NetNamespace where)
    {
        Namespace = where;
        _socket = new NetlinkSocket(where, protocol: 0);
    }

    /// <summary>The namespace that all members act on.</summary>
    public NetNamespace Namespace { get; }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private static byte[] Bytes<T>(T value) where T : unmanaged
    {
        var bytes = new byte[Marshal.SizeOf<T>()];
        MemoryMarshal.Write(bytes, value);
        return bytes;
    }
}
