using System.Net;
using System.Net.Sockets;
using Gureum.Node.Streaming.Spdy;

namespace Gureum.Node.Tests.Streaming;

public sealed class SpdyConnectionTests
{
    [Fact]
    public async Task Streams_BothWays_CarryDataAndEndOneDirectionAtATime()
    {
        await using Pair pair = await Pair.ConnectAsync();
        SpdyStream client = await pair.Client.OpenAsync(new Dictionary<string, string> { ["StreamType"] = "data" }, CancellationToken.None);
        SpdyStream server = await pair.Server.Incoming.ReadAsync();

        byte[] large = new byte[100_000];
        Random.Shared.NextBytes(large);
        Task sending = Task.Run(async () =>
        {
            await client.WriteAsync(large);
            await client.CloseWriteAsync();
        });
        using var received = new MemoryStream();
        await server.CopyToAsync(received);
        await sending;
        await server.WriteAsync("answer"u8.ToArray());
        await server.CloseWriteAsync();

        using var answer = new StreamReader(client);
        Assert.Equal("data", server.Headers["streamtype"]);
        Assert.Equal(large, received.ToArray());
        Assert.Equal("answer", await answer.ReadToEndAsync());
    }

    [Fact]
    public async Task Peer_HangsUp_ReadersLearnIt()
    {
        await using Pair pair = await Pair.ConnectAsync();
        SpdyStream client = await pair.Client.OpenAsync(new Dictionary<string, string>(), CancellationToken.None);

        await pair.Server.DisposeAsync();

        await Assert.ThrowsAsync<SpdyException>(async () => await client.ReadExactlyAsync(new byte[1]));
        await Assert.ThrowsAsync<SpdyException>(async () => await client.WriteAsync(new byte[1]));
    }

    [Fact]
    public async Task Run_WrongVersion_IsAProtocolError()
    {
        using var transport = new MemoryStream([0x80, 0x02, 0, 1, 0, 0, 0, 0]);
        await using var connection = new SpdyConnection(transport, isServer: true);

        var error = await Assert.ThrowsAsync<SpdyException>(() => connection.RunAsync(CancellationToken.None));

        Assert.Contains("version 2", error.Message);
    }

    [Fact]
    public async Task Run_HugeFrame_IsRefusedBeforeItIsRead()
    {
        using var transport = new MemoryStream([0, 0, 0, 1, 0, 0xFF, 0xFF, 0xFF]);
        await using var connection = new SpdyConnection(transport, isServer: true);

        await Assert.ThrowsAsync<SpdyException>(() => connection.RunAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Ping_OfTheClient_IsAnswered()
    {
        await using Pair pair = await Pair.ConnectAsync(runClient: false);
        byte[] ping = [0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1];

        await pair.Client.SendAsync(ping, CancellationToken.None);
        byte[] answer = new byte[ping.Length];
        await pair.ClientTransport.ReadExactlyAsync(answer);

        Assert.Equal(ping, answer);
    }

    /// <summary>Two ends of one TCP connection on loopback.</summary>
    private sealed class Pair : IAsyncDisposable
    {
        internal required SpdyConnection Client { get; init; }

        internal required SpdyConnection Server { get; init; }

        internal required Stream ClientTransport { get; init; }

        internal static async Task<Pair> ConnectAsync(bool runClient = true)
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var client = new TcpClient();
            await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
            Stream transport = client.GetStream();
            var pair = new Pair
            {
                Client = new SpdyConnection(transport, isServer: false),
                Server = new SpdyConnection((await listener.AcceptTcpClientAsync()).GetStream(), isServer: true),
                ClientTransport = transport,
            };
            _ = Run(pair.Server);
            if (runClient) _ = Run(pair.Client);
            return pair;
        }

        public async ValueTask DisposeAsync()
        {
            await Client.DisposeAsync();
            await Server.DisposeAsync();
        }

        private static async Task Run(SpdyConnection connection) =>
            await connection.RunAsync(CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
