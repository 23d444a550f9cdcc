using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Gureum.Network.Netlink;

namespace Gureum.Network.Dns;

/// <summary>
/// Asks other resolvers, and remembers their answers. Thread-safe. Each question goes out from a socket of its own, so
/// that its port is as hard to guess as its id (RFC 5452).
/// </summary>
public sealed class DnsForwarder(Upstreams upstreams, NetNamespace where, TimeProvider clock)
{
    private const int MostRemembered = 10_000, MostAtOnce = 1_000, MostAttempts = 3;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(2);
    private readonly ConcurrentDictionary<Key, (DnsPacket Packet, DateTimeOffset At)> _remembered = new();
    private readonly SemaphoreSlim _slots = new(MostAtOnce);
    private readonly string _nonce = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    private volatile bool _cameBack;

    private readonly record struct Key(string Name, DnsType Type, ushort Class, bool HasEdns, bool Dnssec, bool CheckingDisabled);

    /// <summary>The answer's bytes for this client, or null when no resolver gave one (answer SERVFAIL).</summary>
    /// <param name="overTcp">Whether the client came by TCP and can take any length.</param>
    public async Task<byte[]?> AskAsync(DnsQuery query, bool overTcp, CancellationToken cancel)
    {
        var key = new Key(query.Name, query.Type, query.Class, query.HasEdns, query.DnssecWanted, query.CheckingDisabled);
        var now = clock.GetUtcNow();
        if (_remembered.TryGetValue(key, out var known))
        {
            var passed = now - known.At;
            if (passed.TotalSeconds < known.Packet.Lifetime) return known.Packet.For(query, (uint)passed.TotalSeconds);
            _remembered.TryRemove(new(key, known));
        }
        if (!_slots.Wait(0, CancellationToken.None)) return null;
        try
        {
            var packet = await AskAllAsync(query, overTcp, cancel);
            if (packet is null) return null;
            if (!packet.Truncated && packet.Code is DnsCode.NoError or DnsCode.NameError && packet.Lifetime > 0)
            {
                if (_remembered.Count >= MostRemembered) MakeRoom(now);
                _remembered[key] = (packet, now);
            }
            return packet.For(query, 0);
        }
        finally { _slots.Release(); }
    }

    /// <summary>Whether this is a question of our own that came back to us: the resolver that we asked forwards to us.</summary>
    public bool IsOwnProbe(string name)
    {
        if (name != ProbeName) return false;
        _cameBack = true;
        return true;
    }

    /// <summary>Asks every resolver for a name that only we know; one through which it comes back to us is excluded.</summary>
    public async Task ExcludeCirclesAsync(CancellationToken cancel)
    {
        foreach (var upstream in upstreams.Current)
        {
            var question = new List<byte>();
            foreach (var label in DnsNames.Labels(ProbeName)!) question.AddRange([(byte)label.Length, .. label]);
            question.AddRange([0, 0, (byte)DnsType.TXT, 0, 1]);
            var probe = new DnsQuery(0, true, false, ProbeName, DnsType.TXT, 1, question.ToArray(), false, false, 512);
            _cameBack = false;
            await AskOneAsync(upstream, probe, tcp: false, cancel);
            if (_cameBack) upstreams.Exclude(upstream);
        }
    }

    // Under "invalid" (RFC 2606) no resolver in its senses finds anything; ours refuses it.
    private string ProbeName => $"{_nonce}.circle.gureum.invalid";

    private async Task<DnsPacket?> AskAllAsync(DnsQuery query, bool overTcp, CancellationToken cancel)
    {
        DnsPacket? last = null;
        foreach (var upstream in upstreams.Current.Take(MostAttempts))
        {
            var answer = await AskOneAsync(upstream, query, tcp: false, cancel);
            if (answer is { Truncated: true } && overTcp) answer = await AskOneAsync(upstream, query, tcp: true, cancel) ?? answer;
            if (answer is null)
            {
                upstreams.Rest(upstream);
                continue;
            }
            last = answer;
            if (answer.Code is DnsCode.NoError or DnsCode.NameError) break; // another one may do better otherwise
        }
        return last;
    }

    private async Task<DnsPacket?> AskOneAsync(IPEndPoint upstream, DnsQuery query, bool tcp, CancellationToken cancel)
    {
        var id = (ushort)RandomNumberGenerator.GetInt32(65536);
        var request = Request(query, id);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(_patience);
        try
        {
            using var socket = where.Run(() => new Socket(upstream.AddressFamily, tcp ? SocketType.Stream : SocketType.Dgram, tcp ? ProtocolType.Tcp : ProtocolType.Udp));
            await socket.ConnectAsync(upstream, limit.Token);
            if (tcp) return DnsPacket.Read(await DnsStream.AskAsync(socket, request, limit.Token), id, query);
            await socket.SendAsync(request, limit.Token);
            var buffer = new byte[4096];
            while (true)
            {
                var length = await socket.ReceiveAsync(buffer, limit.Token);
                if (DnsPacket.Read(buffer.AsMemory(0, length).ToArray(), id, query) is { } packet) return packet; // else a forged or late one
            }
        }
        catch (Exception e) when (e is SocketException or IOException || e is OperationCanceledException && !cancel.IsCancellationRequested)
        {
            return null; // nobody there: the caller asks the next one
        }
    }

    private static byte[] Request(DnsQuery query, ushort id)
    {
        var request = new byte[12 + query.Question.Length + (query.HasEdns ? 11 : 0)];
        BinaryPrimitives.WriteUInt16BigEndian(request, id);
        BinaryPrimitives.WriteUInt16BigEndian(request.AsSpan(2), (ushort)(0x100 | (query.CheckingDisabled ? 0x10 : 0)));
        request[5] = 1;
        query.Question.Span.CopyTo(request.AsSpan(12));
        if (!query.HasEdns) return request;
        request[11] = 1;
        var edns = request.AsSpan(12 + query.Question.Length);
        BinaryPrimitives.WriteUInt16BigEndian(edns[1..], (ushort)DnsType.OPT);
        BinaryPrimitives.WriteUInt16BigEndian(edns[3..], DnsQuery.LargestPayload);
        if (query.DnssecWanted) edns[7] = 0x80;
        return request;
    }

    private void MakeRoom(DateTimeOffset now)
    {
        foreach (var old in _remembered.Where(r => (now - r.Value.At).TotalSeconds >= r.Value.Packet.Lifetime)) _remembered.TryRemove(old);
        // All still good: some must go, and the dictionary's order is as arbitrary as any.
        foreach (var any in _remembered.Take(Math.Max(0, _remembered.Count - MostRemembered * 9 / 10))) _remembered.TryRemove(any);
    }
}
