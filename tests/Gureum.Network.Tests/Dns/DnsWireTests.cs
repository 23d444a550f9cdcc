using System.Buffers.Binary;
using System.Net;
using System.Text;
using CsCheck;
using Gureum.Network.Dns;
using Gureum.Network.Netlink;

namespace Gureum.Network.Tests.Dns;

/// <summary>Bytes in, bytes out, without sockets; hostile ones too.</summary>
public sealed class DnsWireTests : IAsyncLifetime
{
    private DnsServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        var zone = new ClusterZone(new ClusterZoneOptions { ServerAddress = IPAddress.Parse("10.96.0.10") }, Many());
        _server = await DnsServer.StartAsync(zone, null, NetNamespace.Current, []);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Answer_AnyBytes_NeverThrows() => await Gen.Byte.Array[0, 600].SampleAsync(async bytes =>
    {
        await _server.AnswerAsync(bytes, overTcp: false, CancellationToken.None);
    }, iter: 20_000);

    [Fact]
    public async Task Answer_AlmostAQuery_NeverThrowsAndNeverExceedsTheLimit()
    {
        var good = Query("web.shop.svc.cluster.local", DnsType.A, edns: 1232);
        await Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte, Gen.Int[0, good.Length - 1], Gen.Byte, Gen.Int[0, good.Length]).SampleAsync(async t =>
        {
            var bytes = good.ToArray();
            bytes[t.Item1] = t.Item2;
            bytes[t.Item3] = t.Item4;
            var answer = await _server.AnswerAsync(bytes.AsMemory(0, t.Item5), overTcp: false, CancellationToken.None);
            Assert.True(answer is null || answer.Length <= 1232);
        }, iter: 20_000);
    }

    [Fact]
    public void Read_AnyAnswerBytes_NeverThrows() => Gen.Byte.Array[12, 300].Sample(bytes =>
    {
        var question = Query("a.b", DnsType.A);
        Assert.True(DnsQuery.TryRead(question, out var query, out _));
        question.AsSpan(12).CopyTo(bytes.Length > question.Length ? bytes.AsSpan(12) : new byte[300]);
        bytes[2] |= 0x80;
        (bytes[4], bytes[5]) = (0, 1);
        var id = BinaryPrimitives.ReadUInt16BigEndian(bytes);
        DnsPacket.Read(bytes, id, query)?.For(query, 3);
        DnsReader.Answers(bytes);
    }, iter: 20_000);

    [Fact]
    public async Task Answer_PointerLoop_IsAFormatError()
    {
        byte[] packet = [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, (byte)'a', 0xc0, 12, 0, 1, 0, 1];
        var answer = await _server.AnswerAsync(packet, false, CancellationToken.None);
        Assert.Equal(DnsCode.FormatError, CodeOf(answer!));
        Assert.Equal(7, answer![1]);
    }

    [Fact]
    public async Task Answer_ToAnAnswer_IsSilence()
    {
        var packet = Query("web.shop.svc.cluster.local", DnsType.A);
        packet[2] |= 0x80;
        Assert.Null(await _server.AnswerAsync(packet, false, CancellationToken.None));
    }

    [Fact]
    public async Task Answer_KeepsTheSpellingOfTheQuestion()
    {
        var answer = await _server.AnswerAsync(Query("WeB.sHoP.svc.cluster.local", DnsType.A), false, CancellationToken.None);
        Assert.Equal(DnsCode.NoError, CodeOf(answer!));
        Assert.Equal("WeB", Encoding.ASCII.GetString(answer!, 13, 3));
    }

    [Theory]
    [InlineData(0, false, 512)]
    [InlineData(1232, false, 1232)]
    [InlineData(65000, false, 1232)]
    [InlineData(0, true, 65535)]
    public async Task Answer_ManyAddresses_FillsTheLimitAndTellsOfTheRest(int edns, bool tcp, int limit)
    {
        var answer = await _server.AnswerAsync(Query("many.shop.svc.cluster.local", DnsType.A, edns), tcp, CancellationToken.None);
        Assert.InRange(answer!.Length, limit < 65535 ? limit - 40 : 1, limit);
        Assert.Equal(!tcp, (answer[2] & 2) != 0);
        var count = BinaryPrimitives.ReadUInt16BigEndian(answer.AsSpan(6));
        Assert.Equal(count, DnsReader.Answers(answer).Count);
        Assert.True(tcp ? count == 200 : count is > 20 and < 200);
    }

    [Fact]
    public async Task Answer_UnknownEdnsVersion_IsBadVersion()
    {
        var packet = Query("web.shop.svc.cluster.local", DnsType.A, edns: 1232);
        packet[^5] = 1; // the version byte of the OPT record
        var answer = await _server.AnswerAsync(packet, false, CancellationToken.None);
        Assert.Equal(1, answer![^6]); // extended code 1 with code 0 is 16
    }

    [Fact]
    public async Task Answer_OutsideNameWithoutUpstream_FailsAtOnce()
    {
        var answer = await _server.AnswerAsync(Query("www.example.org", DnsType.A), false, CancellationToken.None);
        Assert.Equal(DnsCode.ServerFailure, CodeOf(answer!));
    }

    [Fact]
    public async Task Answer_WhenTheSourceThrows_FailsAndTellsWhy()
    {
        var faults = new List<Exception>();
        var zone = new ClusterZone(new ClusterZoneOptions { ServerAddress = IPAddress.Parse("10.96.0.10") }, new BrokenSource());
        await using var server = await DnsServer.StartAsync(zone, null, NetNamespace.Current, [], faults.Add);
        Assert.Equal(DnsCode.ServerFailure, CodeOf((await server.AnswerAsync(Query("web.shop.svc.cluster.local", DnsType.A), false, CancellationToken.None))!));
        Assert.Equal("broken", Assert.Single(faults).Message);
    }

    private sealed class BrokenSource : IDnsSource
    {
        public bool HasNamespace(string name) => throw new InvalidOperationException("broken");
        public DnsService? FindService(string @namespace, string name) => throw new InvalidOperationException("broken");
        public IReadOnlyList<string> FindNames(IPAddress address) => throw new InvalidOperationException("broken");
    }

    [Fact]
    public void Parse_ResolvConf_TakesNameserversOnly() => Assert.Equal(["192.0.2.1:53", "[fd00::1]:53", "127.0.0.1:5353"],
        Upstreams.Parse(["# nameserver 1.1.1.1", "search example.org", "nameserver 192.0.2.1", "nameserver fd00::1 ", "nameserver junk", "nameserver 127.0.0.1#5353"]).Select(e => e.ToString()));

    internal static byte[] Query(string name, DnsType type, int edns = 0)
    {
        var bytes = new List<byte> { 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, (byte)(edns > 0 ? 1 : 0) };
        foreach (var label in name.Split('.')) bytes.AddRange([(byte)label.Length, .. Encoding.ASCII.GetBytes(label)]);
        bytes.AddRange([0, 0, (byte)type, 0, 1]);
        if (edns > 0) bytes.AddRange([0, 0, 41, (byte)(edns >> 8), (byte)edns, 0, 0, 0, 0, 0, 0]);
        return [.. bytes];
    }

    internal static DnsCode CodeOf(byte[] answer) => (DnsCode)(answer[3] & 0xf);

    private static DnsTable Many()
    {
        var table = ClusterZoneTests.Table();
        table.Set(new DnsService("shop", "many", [], [], [.. Enumerable.Range(1, 200).Select(i => new DnsEndpoint(IPAddress.Parse($"10.244.9.{i}"), []))]));
        return table;
    }
}
