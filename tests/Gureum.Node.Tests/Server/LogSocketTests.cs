using System.Net.WebSockets;
using System.Text;
using Gureum.Node.Server;

namespace Gureum.Node.Tests.Server;

public sealed class LogSocketTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Theory]
    [InlineData(null, WebSocketMessageType.Binary)]
    [InlineData("binary.k8s.io", WebSocketMessageType.Binary)]
    [InlineData("base64.binary.k8s.io", WebSocketMessageType.Text)]
    public async Task Logs_OverAWebSocket_ComeAsMessagesAndThenItsEnd(string? protocol, WebSocketMessageType type)
    {
        string line = new('x', 5000);
        await File.WriteAllTextAsync(_file, $"2026-01-01T00:00:00Z stdout F one\n2026-01-01T00:00:01Z stdout F {line}\n");
        await using TestNode node = await TestNode.StartAsync();
        node.Log = new LogTarget(_file, _ => Task.FromResult(false));
        using WebSocket client = await node.WebSocketAsync("/containerLogs/test/pod/main", protocol is null ? [] : [protocol]);
        Assert.Equal(protocol, client.SubProtocol);

        using var all = new MemoryStream();
        byte[] buffer = new byte[8192];
        int messages = 0;
        while (true)
        {
            ValueWebSocketReceiveResult result = await client.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            if (result.MessageType == WebSocketMessageType.Close) break;
            Assert.Equal(type, result.MessageType);
            // An empty message first, by which the client knows that it is connected.
            if (messages++ == 0) Assert.Equal(0, result.Count);
            ReadOnlyMemory<byte> data = buffer.AsMemory(0, result.Count);
            all.Write(type == WebSocketMessageType.Text ? Convert.FromBase64String(Encoding.ASCII.GetString(data.Span)) : data.Span);
        }

        Assert.Equal($"one\n{line}\n", Encoding.UTF8.GetString(all.ToArray()));
    }

    [Fact]
    public async Task Logs_FollowedByAClientThatCloses_End()
    {
        await File.WriteAllTextAsync(_file, "2026-01-01T00:00:00Z stdout F one\n");
        await using TestNode node = await TestNode.StartAsync();
        node.Log = new LogTarget(_file, _ => Task.FromResult(true));
        using WebSocket client = await node.WebSocketAsync("/containerLogs/test/pod/main?follow=true", "binary.k8s.io");

        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);

        Assert.Equal(WebSocketState.Closed, client.State);
    }

    [Fact]
    public async Task Logs_InAProtocolThatIsNotSpoken_AreRefused()
    {
        await using TestNode node = await TestNode.StartAsync();
        node.Log = new LogTarget(_file, _ => Task.FromResult(false));
        await Assert.ThrowsAsync<WebSocketException>(() => node.WebSocketAsync("/containerLogs/test/pod/main", "v5.channel.k8s.io"));
    }
}
