using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Gureum.Node.Server;
using Gureum.Node.Streaming.Spdy;
using Gureum.Node.Tests.Server;

namespace Gureum.Node.Tests.Integration;

/// <summary>Clients of the node's server against real containers: WebSocket v5 and v4, SPDY, port forwarding both ways.</summary>
public sealed class RemoteCommandTests(ContainerdFixture fixture)
{
    private const string Idle = "trap 'exit 0' TERM; while true; do sleep 0.2; done";

    [Fact]
    public async Task Exec_V5InputClosed_GivesOutputAndExitCode()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        await using TestNode node = await NodeFor(await pod.StartAsync(Idle));
        using WebSocket socket = await node.WebSocketAsync(
            "/exec/test/pod/main?command=sh&command=-c&command=cat%3B%20echo%20oops%20%3E%262%3B%20exit%203&input=1&output=1&error=1",
            "v5.channel.k8s.io", "v4.channel.k8s.io");

        Assert.Equal("v5.channel.k8s.io", socket.SubProtocol);
        await SendAsync(socket, 0, "some text"u8.ToArray());
        await SendAsync(socket, 255, [0]);
        Dictionary<byte, string> channels = await ReceiveAllAsync(socket);

        Assert.Equal("some text", channels[1]);
        Assert.Equal("oops\n", channels[2]);
        JsonNode status = JsonNode.Parse(channels[3])!;
        Assert.Equal("Failure", (string?)status["status"]);
        Assert.Equal("NonZeroExitCode", (string?)status["reason"]);
        Assert.Equal("3", (string?)status["details"]!["causes"]![0]!["message"]);
    }

    [Fact]
    public async Task Exec_OldestProtocol_GivesOutputAndNothingElse()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        await using TestNode node = await NodeFor(await pod.StartAsync(Idle));
        using WebSocket socket = await node.WebSocketAsync("/exec/test/pod/main?command=echo&command=old&output=1", "channel.k8s.io");

        Assert.Equal("channel.k8s.io", socket.SubProtocol);
        Dictionary<byte, string> channels = await ReceiveAllAsync(socket);
        Assert.Equal("old\n", channels[1]);
        Assert.DoesNotContain((byte)3, channels.Keys);
    }

    [Fact]
    public async Task Exec_V4WithTerminal_ResizesAndSucceeds()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        await using TestNode node = await NodeFor(await pod.StartAsync(Idle));
        using WebSocket socket = await node.WebSocketAsync(
            "/exec/test/pod/main?stdin=true&stdout=true&tty=true&command=sh&command=-c&command="
            + Uri.EscapeDataString("until [ \"$(stty size)\" = '33 111' ]; do sleep 0.1; done; read x; echo got $x"), "v4.channel.k8s.io");

        await SendAsync(socket, 4, """{"Width":111,"Height":33}"""u8.ToArray());
        await SendAsync(socket, 0, "it\n"u8.ToArray());
        Dictionary<byte, string> channels = await ReceiveAllAsync(socket);

        Assert.Contains("got it", channels[1]);
        Assert.Equal("Success", (string?)JsonNode.Parse(channels[3])!["status"]);
    }

    [Fact]
    public async Task Exec_UnknownProgram_SaysWhyInTheStatus()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        await using TestNode node = await NodeFor(await pod.StartAsync(Idle));
        using WebSocket socket = await node.WebSocketAsync("/exec/test/pod/main?command=/no/such&output=1", "v5.channel.k8s.io");

        Dictionary<byte, string> channels = await ReceiveAllAsync(socket);

        JsonNode status = JsonNode.Parse(channels[3])!;
        Assert.Equal("InternalError", (string?)status["reason"]);
        Assert.Contains("/no/such", (string?)status["message"]);
    }

    [Fact]
    public async Task Exec_ClientHangsUp_ProcessIsKilled()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        string id = await pod.StartAsync(Idle);
        await using TestNode node = await NodeFor(id);
        WebSocket socket = await node.WebSocketAsync("/exec/test/pod/main?command=sleep&command=6161&output=1", "v5.channel.k8s.io");
        await ContainerdFixture.UntilAsync(async () => await CountAsync(id, "sleep 616[1]") == "1", "the process runs");

        socket.Abort();
        socket.Dispose();

        await ContainerdFixture.UntilAsync(async () => await CountAsync(id, "sleep 616[1]") == "0", "the process is gone");
    }

    [Fact]
    public async Task Exec_OverSpdy_GivesOutputAndExitCode()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        await using TestNode node = await NodeFor(await pod.StartAsync(Idle));
        Stream transport = await node.SpdyAsync("/exec/test/pod/main?command=sh&command=-c&command=cat%3Bexit%209&input=1&output=1", "v4.channel.k8s.io");
        await using var client = new SpdyConnection(transport, isServer: false);
        Task pump = client.RunAsync(CancellationToken.None);
        SpdyStream error = await OpenAsync(client, "error"), stdin = await OpenAsync(client, "stdin"), stdout = await OpenAsync(client, "stdout");

        await stdin.WriteAsync("over spdy"u8.ToArray());
        await stdin.CloseWriteAsync();

        using var output = new StreamReader(stdout);
        Assert.Equal("over spdy", await output.ReadToEndAsync());
        using var status = new StreamReader(error);
        Assert.Contains("\"9\"", await status.ReadToEndAsync());
        await pump;
    }

    [Fact]
    public async Task Attach_V5_SendsInputAndReceivesOutput()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        string id = await pod.StartAsync("cat; echo end", c => c with { Stdin = true, StdinOnce = true });
        await using TestNode node = await NodeFor(id, stdin: true);
        using WebSocket socket = await node.WebSocketAsync("/attach/test/pod/main?input=1&output=1&error=1", "v5.channel.k8s.io");

        await SendAsync(socket, 0, "hello\n"u8.ToArray());
        await SendAsync(socket, 255, [0]);
        Dictionary<byte, string> channels = await ReceiveAllAsync(socket);

        Assert.Equal("hello\nend\n", channels[1]);
        Assert.Equal("Success", (string?)JsonNode.Parse(channels[3])!["status"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task PortForward_TwoConnections_ReachThePod(bool overWebSocket)
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        string id = await pod.StartAsync("exec nc -ll -p 7000 -e cat");
        await using TestNode node = await NodeFor(id, sandboxId: pod.Id);
        await ContainerdFixture.UntilAsync(async () => (await CountAsync(id, "nc -l[l]")) == "1", "the server runs");
        Stream transport = overWebSocket
            ? await node.SpdyInWebSocketAsync("/portForward/test/pod")
            : await node.SpdyAsync("/portForward/test/pod", "portforward.k8s.io");
        await using var client = new SpdyConnection(transport, isServer: false);
        Task pump = client.RunAsync(CancellationToken.None);

        foreach (string request in new[] { "0", "1" })
        {
            SpdyStream error = await OpenForwardAsync(client, "error", request, "7000");
            await error.CloseWriteAsync();
            SpdyStream data = await OpenForwardAsync(client, "data", request, "7000");
            await data.WriteAsync(Encoding.UTF8.GetBytes($"ping {request}\n"));
            byte[] answer = new byte[7];
            await data.ReadExactlyAsync(answer);
            Assert.Equal($"ping {request}\n", Encoding.UTF8.GetString(answer));
            await data.CloseWriteAsync();
        }

        Assert.False(pump.IsCompleted);
    }

    [Fact]
    public async Task PortForward_NothingListens_SaysSoOnTheErrorStream()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        await using TestNode node = await NodeFor("none", sandboxId: pod.Id);
        await using var client = new SpdyConnection(await node.SpdyAsync("/portForward/test/pod", "portforward.k8s.io"), isServer: false);
        Task pump = client.RunAsync(CancellationToken.None);
        SpdyStream error = await OpenForwardAsync(client, "error", "0", "7001");
        SpdyStream data = await OpenForwardAsync(client, "data", "0", "7001");

        using var reader = new StreamReader(error);
        Assert.Contains("7001", await reader.ReadToEndAsync());
        Assert.Equal(0, await data.ReadAsync(new byte[1]));
        Assert.False(pump.IsCompleted);
    }

    private async Task<TestNode> NodeFor(string containerId, bool stdin = false, string? sandboxId = null)
    {
        TestNode node = await TestNode.StartAsync();
        node.Container = new ContainerTarget(fixture.Runtime, containerId, Tty: false, stdin);
        node.SandboxId = sandboxId;
        return node;
    }

    private async Task<string> CountAsync(string containerId, string pattern)
    {
        var result = await Gureum.Node.Runtime.ExecSync.RunAsync(
            fixture.Runtime, containerId, ["sh", "-c", $"ps | grep -c '{pattern}'"], TimeSpan.FromMinutes(1), 100, CancellationToken.None);
        return Encoding.UTF8.GetString(result.Output).Trim();
    }

    private static Task<SpdyStream> OpenAsync(SpdyConnection client, string type) =>
        client.OpenAsync(new Dictionary<string, string> { ["streamType"] = type }, CancellationToken.None);

    private static Task<SpdyStream> OpenForwardAsync(SpdyConnection client, string type, string request, string port) => client.OpenAsync(
        new Dictionary<string, string> { ["streamType"] = type, ["requestID"] = request, ["port"] = port }, CancellationToken.None);

    private static Task SendAsync(WebSocket socket, byte channel, byte[] data) =>
        socket.SendAsync(new ReadOnlyMemory<byte>([channel, .. data]), WebSocketMessageType.Binary, true, CancellationToken.None).AsTask();

    private static async Task<Dictionary<byte, string>> ReceiveAllAsync(WebSocket socket)
    {
        var channels = new Dictionary<byte, string>();
        byte[] buffer = new byte[64 << 10];
        using var message = new MemoryStream();
        while (true)
        {
            ValueWebSocketReceiveResult result = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            if (result.MessageType == WebSocketMessageType.Close) return channels;
            message.Write(buffer, 0, result.Count);
            if (!result.EndOfMessage) continue;
            byte[] whole = message.ToArray();
            message.SetLength(0);
            channels[whole[0]] = channels.GetValueOrDefault(whole[0], "") + Encoding.UTF8.GetString(whole, 1, whole.Length - 1);
        }
    }
}
