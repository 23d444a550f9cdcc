using System.Net;
using System.Net.Sockets;
using Gureum.Network.Dns;
using Gureum.Network.Netlink;

namespace Gureum.Network.Tests.Support;

/// <summary>A resolver of the outside world: knows www.example.org as 192.0.2.7, or passes everything on to someone.</summary>
public sealed class FakeUpstream : IDisposable
{
    private readonly NetNamespace _space;
    private readonly Socket _socket;
    private readonly IPEndPoint? _passOnTo;

    public FakeUpstream(NetNamespace space, IPEndPoint at, IPEndPoint? passOnTo = null)
    {
        (_space, _passOnTo) = (space, passOnTo);
        _socket = NewSocket();
        _socket.Bind(at);
        _ = Task.Run(ServeAsync);
    }

    public int Asked { get; private set; }

    public void Dispose() => _socket.Dispose();

    private Socket NewSocket() => _space.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));

    private async Task ServeAsync()
    {
        var buffer = new byte[4096];
        while (true)
        {
            try
            {
                var got = await _socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
                Asked++;
                await _socket.SendToAsync(await AnswerAsync(buffer[..got.ReceivedBytes]), got.RemoteEndPoint);
            }
            catch (Exception e) when (e is ObjectDisposedException or SocketException) { return; }
        }
    }

    private async Task<byte[]> AnswerAsync(byte[] request)
    {
        if (_passOnTo is not null)
        {
            using var onward = NewSocket();
            await onward.ConnectAsync(_passOnTo);
            await onward.SendAsync(request);
            var buffer = new byte[4096];
            return buffer[..await onward.ReceiveAsync(buffer)];
        }
        if (!DnsQuery.TryRead(request, out var query, out _)) throw new InvalidDataException("the forwarder sent no query");
        var known = query is { Name: "www.example.org", Type: DnsType.A };
        return DnsWriter.Write(query, known
            ? new DnsAnswer(DnsCode.NoError, [new AddressRecord(query.Name, 60, IPAddress.Parse("192.0.2.7"))], [], [])
            : new DnsAnswer(DnsCode.NameError, [], [new StartRecord("example.org", 60, "ns.example.org", "root.example.org", 1, 60)], []), query.PayloadSize, authoritative: true);
    }
}
