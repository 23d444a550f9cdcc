using System.Collections.Concurrent;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using Gureum.Network.Netlink;

namespace Gureum.Network.Dhcp;

/// <summary>
/// Tells the guests of a node their addresses. It gives nothing of its own accord: a guest whose hardware address it was not told of
/// gets no answer. Thread-safe.
/// </summary>
public sealed class DhcpServer : IAsyncDisposable
{
    private const int ServerPort = 67, ClientPort = 68, BindToDevice = 25;

    private readonly ConcurrentDictionary<PhysicalAddress, DhcpLease> _leases = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Socket _socket;
    private readonly Action<Exception>? _onFault;
    private readonly Task _loop;

    private DhcpServer(Socket socket, Action<Exception>? onFault)
    {
        (_socket, _onFault) = (socket, onFault);
        _loop = ServeAsync();
    }

    /// <summary>Listens on one interface of a namespace.</summary>
    /// <param name="onFault">Told of what should not happen; the client asks again.</param>
    /// <exception cref="SocketException">Another DHCP server listens on the interface, or there is no such interface.</exception>
    public static DhcpServer Start(string @interface, NetNamespace where, Action<Exception>? onFault = null) => new(where.Run(() =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.SetRawSocketOption(1, BindToDevice, Encoding.ASCII.GetBytes(@interface + "\0"));
            socket.EnableBroadcast = true;
            socket.Bind(new IPEndPoint(IPAddress.Any, ServerPort));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }), onFault);

    /// <summary>From now on the guest with the lease's hardware address is answered with it.</summary>
    public void Put(DhcpLease lease) => _leases[lease.Mac] = lease;

    /// <summary>The guest is gone: its hardware address gets no answer any more.</summary>
    public void Remove(PhysicalAddress mac) => _leases.TryRemove(mac, out _);

    private async Task ServeAsync()
    {
        var buffer = new byte[2048];
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var received = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _stop.Token);
                if (DhcpMessage.Parse(buffer.AsSpan(0, received.ReceivedBytes)) is not { } message || !_leases.TryGetValue(message.Client, out var lease) || DhcpAnswer.To(message, lease) is not { } answer) continue;
                // The guest has no address yet, or may have lost it: the answer goes to all, and only it knows the transaction.
                await _socket.SendToAsync(answer, SocketFlags.None, new IPEndPoint(IPAddress.Broadcast, ClientPort), _stop.Token);
            }
            catch (OperationCanceledException) { return; }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                if (_stop.IsCancellationRequested) return;
                _onFault?.Invoke(e);
                await Task.Delay(100, CancellationToken.None);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _socket.Dispose();
        await _loop;
        _stop.Dispose();
    }
}
