using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Gureum.Libvirt;
using Gureum.Node.Logs;
using Gureum.Node.Machines;
using Gureum.Node.Pods;
using Gureum.Node.Tests.Server;

namespace Gureum.Node.Tests.Machines;

/// <summary>What the node's server answers about guests: real libvirtd, real QEMU, a guest of one sector.</summary>
public sealed class MachineEndpointsTests(MachineFixture fixture) : IClassFixture<MachineFixture>, IAsyncLifetime
{
    private const string Plain = "plain.kubevirt.io";
    private readonly List<string> reported = [];
    private TestGuest guest = null!;
    private TestNode node = null!;
    private MachineEndpoints endpoints = null!;

    public async ValueTask InitializeAsync()
    {
        guest = await fixture.StartAsync();
        node = await TestNode.StartAsync();
        endpoints = new MachineEndpoints(() => fixture.Hypervisor, fixture.Store, _ => IPAddress.Loopback, (uid, _) => { reported.Add(uid); return Task.CompletedTask; }, TimeProvider.System);
        node.Machines = endpoints;
    }

    public async ValueTask DisposeAsync()
    {
        await node.DisposeAsync();
        await endpoints.DisposeAsync();
        await guest.DisposeAsync();
    }

    private string Path(string action) => $"/machines/test/{guest.Record.Instance}/{action}";

    [Theory]
    [InlineData(Plain)]
    [InlineData(null)]
    public async Task Console_OverWebSocket_CarriesBytesBothWaysAndIsInTheLog(string? protocol)
    {
        using var console = await node.WebSocketAsync(Path("console"), protocol is null ? [] : [protocol]);
        Assert.Equal(protocol, console.SubProtocol);
        var sent = string.Concat(Enumerable.Range(0, 100).Select(i => $"line {i}\r"));
        await console.SendAsync(Encoding.ASCII.GetBytes(sent), WebSocketMessageType.Binary, true, CancellationToken.None);

        Assert.Equal(sent, await ReadAsync(console, sent.Length));
        await MachineFixture.UntilAsync(() => guest.Said == ">" + sent, "the log has what was said");
    }

    [Fact]
    public async Task Console_OpenedASecondTime_TakesOverUnlessAskedNotTo()
    {
        using var first = await node.WebSocketAsync(Path("console"), Plain);
        Assert.Contains("409", (await Assert.ThrowsAsync<WebSocketException>(() => node.WebSocketAsync(Path("console?takeOver=false"), Plain))).Message);

        using var second = await node.WebSocketAsync(Path("console"), Plain);
        Assert.Equal(WebSocketMessageType.Close, (await first.ReceiveAsync(new byte[100].AsMemory(), CancellationToken.None)).MessageType);
        await second.SendAsync("mine"u8.ToArray(), WebSocketMessageType.Binary, true, CancellationToken.None);

        Assert.Equal("mine", await ReadAsync(second, 4));
    }

    [Fact]
    public async Task Console_ClientHangsUp_IsFreeAgain()
    {
        using (var first = await node.WebSocketAsync(Path("console"), Plain)) await first.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);

        WebSocket? second = null;
        for (var tries = 0; second is null; tries++)
        {
            try { second = await node.WebSocketAsync(Path("console?takeOver=false"), Plain); }
            catch (WebSocketException) when (tries < 100) { await Task.Delay(50); }
        }

        second.Dispose();
    }

    [Fact]
    public async Task Console_GuestEnds_IsClosedInOrder()
    {
        using var console = await node.WebSocketAsync(Path("console"), Plain);
        await guest.Machine.DestroyAsync();

        var message = await console.ReceiveAsync(new byte[100].AsMemory(), CancellationToken.None);

        Assert.Equal((WebSocketMessageType.Close, (WebSocketCloseStatus?)WebSocketCloseStatus.NormalClosure), (message.MessageType, console.CloseStatus));
    }

    [Fact]
    public async Task Vnc_OverWebSocket_SpeaksRfb()
    {
        using var screen = await node.WebSocketAsync(Path("vnc"), Plain);

        Assert.StartsWith("RFB 003.", await ReadAsync(screen, 12));
    }

    [Fact]
    public async Task Commands_PauseUnpauseAndReset_ReachTheGuestAndAreReported()
    {
        Assert.Equal((HttpStatusCode.OK, ""), await PutAsync("pause", """{"dryRun":["All"]}"""));
        Assert.Equal(MachineState.Running, (await guest.Machine.GetStateAsync()).State);
        Assert.Empty(reported);

        Assert.Equal((HttpStatusCode.OK, ""), await PutAsync("pause", "{}"));
        Assert.Equal(new Libvirt.MachineStatus(MachineState.Paused, "User"), await guest.Machine.GetStateAsync());
        Assert.Equal((HttpStatusCode.OK, ""), await PutAsync("unpause", ""));
        Assert.Equal(MachineState.Running, (await guest.Machine.GetStateAsync()).State);
        Assert.Equal((HttpStatusCode.OK, ""), await PutAsync("softreboot", ""));
        Assert.Equal((HttpStatusCode.OK, ""), await PutAsync("reset", ""));
        await MachineFixture.UntilAsync(() => guest.Said == ">>", "the guest has booted again");

        Assert.Equal(Enumerable.Repeat(guest.Record.PodUid, 4), reported);
    }

    [Theory]
    [InlineData("guestosinfo")]
    [InlineData("userlist")]
    [InlineData("filesystemlist")]
    public async Task Readings_WithoutAgent_AreUpstreamsConflict(string reading)
    {
        using var http = node.Http(node.ClientCertificate());

        var answer = await http.GetAsync(Path(reading));

        Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
        Assert.Equal($"Operation cannot be fulfilled on virtualmachineinstances.kubevirt.io \"{guest.Record.Instance}\": VMI does not have guest agent connected\n", await answer.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("freeze", "{}", HttpStatusCode.Conflict, "VMI does not have guest agent connected")]
    [InlineData("unfreeze", "", HttpStatusCode.Conflict, "VMI does not have guest agent connected")]
    [InlineData("freeze", """{"unfreezeTimeout":"soon"}""", HttpStatusCode.BadRequest, "unfreezeTimeout \"soon\"")]
    [InlineData("freeze", """{"unfreezeTimeout":"0s"}""", HttpStatusCode.BadRequest, "unfreezeTimeout 0s")]
    [InlineData("pause", "[]", HttpStatusCode.BadRequest, "the body must be an object")]
    [InlineData("pause", "{", HttpStatusCode.BadRequest, "Can not unmarshal")]
    public async Task Commands_ThatCannotBe_SayWhy(string command, string body, HttpStatusCode status, string expected)
    {
        var (code, text) = await PutAsync(command, body);

        Assert.Equal(status, code);
        Assert.Contains(expected, text);
        Assert.Empty(reported);
    }

    [Fact]
    public async Task PortForward_ListeningPort_CarriesBytesBothWays()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = await node.WebSocketAsync(Path($"portforward/{((IPEndPoint)listener.LocalEndpoint).Port}/tcp"), Plain);
        using var accepted = await listener.AcceptTcpClientAsync();
        await client.SendAsync("ping"u8.ToArray(), WebSocketMessageType.Binary, true, CancellationToken.None);
        var heard = new byte[4];
        await accepted.GetStream().ReadExactlyAsync(heard);
        Assert.Equal("ping"u8.ToArray(), heard);

        // All that the guest says before it hangs up arrives, however much it is.
        var said = new string('x', 3 << 20);
        await accepted.GetStream().WriteAsync(Encoding.ASCII.GetBytes(said));
        accepted.Close();

        Assert.Equal(said, await ReadAsync(client, said.Length));
        Assert.Equal(WebSocketMessageType.Close, (await client.ReceiveAsync(new byte[10].AsMemory(), CancellationToken.None)).MessageType);
    }

    [Theory]
    [InlineData("portforward/80/udp", "UDP is not supported")]
    [InlineData("portforward/80/sctp", "accepted is tcp")]
    [InlineData("portforward/http", "port \"http\"")]
    [InlineData("portforward/65536", "port \"65536\"")]
    [InlineData("console?takeOver=perhaps", "takeOver \"perhaps\"")]
    [InlineData("vnc", null)]
    [InlineData("console", null)]
    public async Task Streams_ThatCannotBe_AreRefusedWithoutAnUpgrade(string action, string? expected)
    {
        if (expected is not null) await Assert.ThrowsAsync<WebSocketException>(() => node.WebSocketAsync(Path(action), Plain));
        else await Assert.ThrowsAsync<WebSocketException>(() => node.WebSocketAsync(Path(action), "v5.channel.k8s.io"));
        using var http = node.Http(node.ClientCertificate());
        var answer = await http.GetAsync(Path(action));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("a WebSocket is needed", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Anything_OfAGuestThatDoesNotRunHere_SaysWhichAndWhy()
    {
        using var http = node.Http(node.ClientCertificate());
        Assert.Equal("the instance test/nobody is not on this node\n", await TextAsync(await http.PutAsync("/machines/test/nobody/pause", null), HttpStatusCode.NotFound));
        Assert.Equal("there is no " + Path("dance") + " here\n", await TextAsync(await http.GetAsync(Path("dance")), HttpStatusCode.NotFound));
        Assert.Contains("the method is PUT", await TextAsync(await http.GetAsync(Path("pause")), HttpStatusCode.MethodNotAllowed));

        fixture.Store.Put(guest.Record with { Ended = DateTimeOffset.UtcNow });
        Assert.Contains("VMI is not running", await TextAsync(await http.PutAsync(Path("pause"), null), HttpStatusCode.Conflict));
        fixture.Store.Put(guest.Record);

        endpoints = new MachineEndpoints(() => throw new PodNotReadyException("HypervisorNotReady", "no hypervisor: it is starting"), fixture.Store, _ => null, (_, _) => Task.CompletedTask, TimeProvider.System);
        node.Machines = endpoints;
        Assert.Contains("no hypervisor: it is starting", await TextAsync(await http.PutAsync(Path("pause"), null), HttpStatusCode.ServiceUnavailable));
        node.Machines = null;
        Assert.Contains("this node runs no virtual machines", await TextAsync(await http.PutAsync(Path("pause"), null), HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task Log_CutWhileTheGuestRuns_GoesOnAtItsBeginning()
    {
        using var console = await node.WebSocketAsync(Path("console"), Plain);
        await console.SendAsync("before"u8.ToArray(), WebSocketMessageType.Binary, true, CancellationToken.None);
        await MachineFixture.UntilAsync(() => guest.Said == ">before", "the log has it");

        Assert.True(RawLogRotator.RotateIfNeeded(guest.Log, mostBytes: 4));
        await console.SendAsync("after"u8.ToArray(), WebSocketMessageType.Binary, true, CancellationToken.None);

        await MachineFixture.UntilAsync(() => guest.Said == "after", "the log goes on");
        Assert.Equal("fore", File.ReadAllText(RawLogRotator.Older(guest.Log)));
    }

    private async Task<(HttpStatusCode, string)> PutAsync(string command, string body)
    {
        using var http = node.Http(node.ClientCertificate());
        var answer = await http.PutAsync(Path(command), new StringContent(body, Encoding.UTF8, "application/json"));
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static async Task<string> TextAsync(HttpResponseMessage answer, HttpStatusCode expected)
    {
        Assert.Equal(expected, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync();
    }

    private static async Task<string> ReadAsync(WebSocket socket, int count)
    {
        var (text, buffer) = (new StringBuilder(), new byte[64 << 10]);
        while (text.Length < count)
        {
            var message = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            Assert.Equal(WebSocketMessageType.Binary, message.MessageType);
            text.Append(Encoding.ASCII.GetString(buffer, 0, message.Count));
        }

        return text.ToString();
    }
}
