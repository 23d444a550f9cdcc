using System.Net;
using System.Net.Sockets;
using Gureum.Network.Netlink;

namespace Gureum.Network.Dns;

/// <summary>
/// The cluster's DNS server, over UDP and TCP. Thread-safe.
/// </summary>
/// <remarks>
/// It binds the DNS Service's address itself: <see cref="Pods.PodNetworkOptions.LocalAddresses"/> puts that address on
/// every node's bridge, and <see cref="Services.ServiceProxyOptions.LocallyServed"/> keeps translation away from it. So each
/// node answers its own pods, without conntrack entries, and also while the Service rules are being mended.
/// </remarks>
public sealed class DnsServer : IAsyncDisposable
{
    private const int MostConnections = 200;
    private static readonly TimeSpan _idle = TimeSpan.FromSeconds(10);
    private readonly IDnsZone _zone;
    private readonly DnsForwarder? _forwarder;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Socket> _sockets = [];
    private readonly List<Task> _loops = [];
    private readonly SemaphoreSlim _connections = new(MostConnections);

    private readonly Action<Exception>? _onFault;

    private DnsServer(IDnsZone zone, DnsForwarder? forwarder, Action<Exception>? onFault) =>
        (_zone, _forwarder, _onFault) = (zone, forwarder, onFault);

    /// <summary>Binds the endpoints and begins to answer.</summary>
    /// <param name="forwarder">Who answers for all other names, or null: then they fail at once.</param>
    /// <param name="onFault">Told of what should not happen (a source that throws); the client gets SERVFAIL.</param>
    /// <exception cref="SocketException">An endpoint cannot be bound: another server holds it, or the address is not on this node.</exception>
    public static async Task<DnsServer> StartAsync(
        IDnsZone zone, DnsForwarder? forwarder, NetNamespace where, IEnumerable<IPEndPoint> endpoints, Action<Exception>? onFault = null)
    {
        var server = new DnsServer(zone, forwarder, onFault);
        try
        {
            server.BindAll(where, endpoints);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
        if (forwarder is not null) server._loops.Add(server.ExcludeCirclesAsync(forwarder));
        return server;
    }

    /// <summary>As <see cref="StartAsync"/>, with a forwarder that others have proved already.</summary>
    internal static DnsServer Start(IDnsZone zone, DnsForwarder? forwarder, NetNamespace where, IEnumerable<IPEndPoint> endpoints, Action<Exception>? onFault)
    {
        var server = new DnsServer(zone, forwarder, onFault);
        try
        {
            server.BindAll(where, endpoints);
        }
        catch
        {
            // Loops that end with their sockets.
            _ = server.DisposeAsync().AsTask();
            throw;
        }
        return server;
    }

    private void BindAll(NetNamespace where, IEnumerable<IPEndPoint> endpoints)
    {
        foreach (var endpoint in endpoints) where.Run(() => Bind(endpoint));
    }

    /// <summary>The answer to one packet's bytes, or null for what deserves none.</summary>
    public async Task<byte[]?> AnswerAsync(ReadOnlyMemory<byte> packet, bool overTcp, CancellationToken cancel)
    {
        if (!DnsQuery.TryRead(packet.Span, out var query, out var code))
            return code == DnsCode.NoError ? null : Short(query, code);
        try { return await AnswerAsync(query, overTcp, cancel); }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            _onFault?.Invoke(e);
            return Short(query, DnsCode.ServerFailure);
        }
    }

    private async Task<byte[]> AnswerAsync(DnsQuery query, bool overTcp, CancellationToken cancel)
    {
        const ushort internet = 1, any = 255;
        if (query.Class is not (internet or any)) return Short(query, DnsCode.Refused);
        const ushort transferFirst = 251, transferLast = 252; // IXFR and AXFR
        if ((ushort)query.Type is transferFirst or transferLast) return Short(query, DnsCode.Refused);
        if (_forwarder?.IsOwnProbe(query.Name) == true) return Short(query, DnsCode.Refused);

        var limit = overTcp ? DnsWriter.LargestTcp : query.PayloadSize;
        if (_zone.Answer(query.Name, query.Type, out var outside) is { } answer)
        {
            if (outside is not null) answer = await FollowAsync(query, answer, outside, cancel);
            if (answer.Answers.Count > 1) answer = answer with { Answers = Mixed(answer.Answers) };
            return DnsWriter.Write(query, answer, limit, authoritative: true);
        }
        if (!query.RecursionDesired) return Short(query, DnsCode.Refused);
        var forwarded = _forwarder is null ? null : await _forwarder.AskAsync(query, overTcp, cancel);
        if (forwarded is null) return Short(query, DnsCode.ServerFailure);
        return forwarded.Length <= limit ? forwarded
            : DnsWriter.Write(query, new DnsAnswer(DnsCode.NoError, [new TooLong()], [], []), limit, authoritative: false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var socket in _sockets) socket.Dispose();
        await Task.WhenAll(_loops);
        _stop.Dispose();
    }

    /// <summary>A record that fits nowhere, so that the answer is marked as truncated and the client comes back over TCP.</summary>
    private sealed record TooLong() : DnsRecord("", (DnsType)0, 0);

    private static byte[] Short(DnsQuery query, DnsCode code) => DnsWriter.Write(query, new DnsAnswer(code, [], [], []), DnsQuery.LargestPayload, authoritative: false);

    /// <summary>Adds what the alias's target resolves to; when nobody knows, the alias alone is still true.</summary>
    private async Task<DnsAnswer> FollowAsync(DnsQuery query, DnsAnswer answer, string target, CancellationToken cancel)
    {
        if (_forwarder is null || DnsNames.Labels(target) is not { } labels) return answer;
        var question = labels.SelectMany(l => new[] { (byte)l.Length }.Concat(l)).Concat(new byte[] { 0, (byte)((ushort)query.Type >> 8), (byte)query.Type, 0, 1 }).ToArray();
        var asked = query with { Name = target, Question = question, HasEdns = false, DnssecWanted = false };
        if (await _forwarder.AskAsync(asked, overTcp: true, cancel) is not { } bytes) return answer;
        return answer with { Answers = [.. answer.Answers, .. DnsReader.Answers(bytes)] };
    }

    /// <summary>Addresses in a new order each time, so that clients which take the first spread over all; aliases stay in front.</summary>
    private static IReadOnlyList<DnsRecord> Mixed(IReadOnlyList<DnsRecord> records)
    {
        var addresses = records.OfType<AddressRecord>().Cast<DnsRecord>().ToArray();
        Random.Shared.Shuffle(addresses);
        return [.. records.Where(r => r is not AddressRecord), .. addresses];
    }

    private async Task ExcludeCirclesAsync(DnsForwarder forwarder)
    {
        try { await forwarder.ExcludeCirclesAsync(_stop.Token); }
        catch (OperationCanceledException) { return; }
    }

    private void Bind(IPEndPoint endpoint)
    {
        var udp = new Socket(endpoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        _sockets.Add(udp);
        udp.Bind(endpoint);
        var tcp = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _sockets.Add(tcp);
        tcp.Bind(endpoint);
        tcp.Listen(128);
        // Outside of the namespace's thread: continuations run on the pool, and the sockets know where they live.
        _loops.Add(Task.Run(() => ServeUdpAsync(udp)));
        _loops.Add(Task.Run(() => ServeTcpAsync(tcp)));
    }

    private async Task ServeUdpAsync(Socket socket)
    {
        var buffer = new byte[4096];
        var anyone = new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var got = await socket.ReceiveFromAsync(buffer, anyone, _stop.Token);
                _ = ReplyAsync(socket, buffer.AsMemory(0, got.ReceivedBytes).ToArray(), got.RemoteEndPoint);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException) { return; }
            catch (SocketException) { continue; } // an earlier answer's client is gone (ICMP); the socket is fine
        }
    }

    private async Task ReplyAsync(Socket socket, byte[] request, EndPoint client)
    {
        try
        {
            if (await AnswerAsync(request, overTcp: false, _stop.Token) is { } answer) await socket.SendToAsync(answer, client, _stop.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            return; // the server stops, or the client cannot be reached
        }
    }

    private async Task ServeTcpAsync(Socket listener)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _connections.WaitAsync(_stop.Token);
                var client = await listener.AcceptAsync(_stop.Token);
                _ = ConverseAsync(client);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException) { return; }
            catch (SocketException) { _connections.Release(); }
        }
    }

    private async Task ConverseAsync(Socket client)
    {
        using (client)
        {
            try
            {
                while (true)
                {
                    using var idle = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                    idle.CancelAfter(_idle);
                    if (await DnsStream.ReadAsync(client, idle.Token) is not { } request) return;
                    if (await AnswerAsync(request, overTcp: true, idle.Token) is not { } answer) return;
                    await DnsStream.WriteAsync(client, answer, idle.Token);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                return; // idle for too long, hung up, or the server stops
            }
            finally { _connections.Release(); }
        }
    }
}
