using System.Net;
using System.Net.Sockets;
using System.Text;
using Gureum.Network.Netlink;

namespace Gureum.Network.Tests.Support;

/// <summary>Real sockets inside namespaces: servers that answer "name source-address", and clients that ask.</summary>
public static class Traffic
{
    /// <summary>Serves on a TCP port until disposed.</summary>
    public static IDisposable Serve(NetNamespace space, string name, int port)
    {
        var listener = space.Run(() =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Any, port));
            socket.Listen(64);
            return socket;
        });
        _ = Task.Run(async () =>
        {
            while (true)
            {
                try
                {
                    using var client = await listener.AcceptAsync();
                    await client.SendAsync(Encoding.ASCII.GetBytes($"{name} {((IPEndPoint)client.RemoteEndPoint!).Address}"));
                    client.Shutdown(SocketShutdown.Both);
                }
                catch (ObjectDisposedException) { return; }
                catch (SocketException) when (!listener.IsBound || listener.SafeHandle.IsClosed) { return; }
            }
        });
        return listener;
    }

    /// <summary>Serves on a UDP port until disposed.</summary>
    public static IDisposable ServeUdp(NetNamespace space, string name, int port)
    {
        var socket = space.Run(() =>
        {
            var made = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            made.Bind(new IPEndPoint(IPAddress.Any, port));
            return made;
        });
        _ = Task.Run(async () =>
        {
            var buffer = new byte[2048];
            while (true)
            {
                try
                {
                    var got = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
                    await socket.SendToAsync(Encoding.ASCII.GetBytes($"{name} {((IPEndPoint)got.RemoteEndPoint).Address}"), got.RemoteEndPoint);
                }
                catch (Exception e) when (e is ObjectDisposedException or SocketException) { return; }
            }
        });
        return socket;
    }

    /// <summary>What the server says, or the socket error's name ("ConnectionRefused", "HostUnreachable", "TimedOut").</summary>
    public static string Ask(NetNamespace space, string address, int port, string? from = null)
    {
        using var socket = space.Run(() =>
        {
            var made = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            if (from is not null) made.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
            return made;
        });
        try
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(3));
            // This client blocks by design, like the programs that it stands for; its callers are tests without a synchronization context.
            try { socket.ConnectAsync(IPAddress.Parse(address), port, patience.Token).AsTask().GetAwaiter().GetResult(); }
            catch (OperationCanceledException) { return "TimedOut"; }
            socket.ReceiveTimeout = 5000;
            var buffer = new byte[256];
            var have = 0;
            int got;
            while ((got = socket.Receive(buffer, have, buffer.Length - have, SocketFlags.None)) > 0) have += got;
            return Encoding.ASCII.GetString(buffer, 0, have);
        }
        catch (SocketException e) { return e.SocketErrorCode.ToString(); }
    }

    /// <summary>A UDP client with a fixed source port, as a resolver that keeps its socket.</summary>
    public static string AskUdp(NetNamespace space, string address, int port, int sourcePort = 0)
    {
        using var socket = space.Run(() =>
        {
            var made = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 2000 };
            made.Bind(new IPEndPoint(IPAddress.Any, sourcePort));
            return made;
        });
        try
        {
            socket.Connect(IPAddress.Parse(address), port);
            socket.Send("hello"u8);
            var buffer = new byte[256];
            return Encoding.ASCII.GetString(buffer, 0, socket.Receive(buffer));
        }
        catch (SocketException e) { return e.SocketErrorCode.ToString(); }
    }
}
