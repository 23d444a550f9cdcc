using System.Net;
using System.Net.Security;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using Gureum.Node.Runtime;
using Gureum.Node.Server;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gureum.Node.Tests.Server;

/// <summary>A node's server on loopback with one pod, test/pod, whose container is given.</summary>
internal sealed class TestNode : IPodEndpoints, IAsyncDisposable
{
    private readonly TestCertificates _certificates = new();
    private readonly NodeServer _server;

    private TestNode()
    {
        X509Certificate2 certificate = _certificates.Issue("node", client: false);
        _server = new NodeServer(
            new NodeServerSettings
            {
                Listen = new IPEndPoint(IPAddress.Loopback, 0),
                Certificate = () => certificate,
                ClientAuthorities = () => [_certificates.Authority],
                ClientNames = new HashSet<string> { "api-server" },
            },
            this, NullLogger<NodeServer>.Instance);
    }

    internal ContainerTarget? Container { get; set; }

    internal string? SandboxId { get; set; }

    internal LogTarget? Log { get; set; }

    internal IMachineEndpoints? Machines
    {
        set => _server.Machines = value;
    }

    internal int Port => _server.Port;

    internal static async Task<TestNode> StartAsync()
    {
        var node = new TestNode();
        await node._server.StartAsync(CancellationToken.None);
        return node;
    }

    internal X509Certificate2 ClientCertificate(string name = "api-server") => _certificates.Issue(name, client: true);

    internal HttpClient Http(X509Certificate2? certificate)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        if (certificate is not null) handler.SslOptions.ClientCertificates = [certificate];
        return new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{Port}") };
    }

    internal async Task<WebSocket> WebSocketAsync(string pathAndQuery, params string[] protocols)
    {
        var client = new ClientWebSocket();
        client.Options.ClientCertificates.Add(ClientCertificate());
        client.Options.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        foreach (string protocol in protocols) client.Options.AddSubProtocol(protocol);
        await client.ConnectAsync(new Uri($"wss://127.0.0.1:{Port}{pathAndQuery}"), CancellationToken.None);
        return client;
    }

    internal async Task<Stream> SpdyAsync(string pathAndQuery, string protocol) => (await UpgradeAsync(
        $"POST {pathAndQuery} HTTP/1.1\r\nHost: node\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: {protocol}\r\nContent-Length: 0\r\n\r\n")).Stream;

    /// <summary>Upgrades by hand: .NET's client refuses the subprotocol's slash.</summary>
    internal async Task<Stream> SpdyInWebSocketAsync(string path)
    {
        const string protocol = "SPDY/3.1+portforward.k8s.io";
        (Stream stream, string answer) = await UpgradeAsync(
            $"GET {path} HTTP/1.1\r\nHost: node\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            + $"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n");
        Assert.Contains($"Sec-WebSocket-Protocol: {protocol}\r\n", answer);
        var socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = false });
        return WebSocketStream.Create(socket, WebSocketMessageType.Binary, ownsWebSocket: true);
    }

    private async Task<(Stream Stream, string Answer)> UpgradeAsync(string head)
    {
        var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, Port);
        var tls = new SslStream(socket.GetStream());
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "node",
            ClientCertificates = [ClientCertificate()],
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
        });
        await tls.WriteAsync(System.Text.Encoding.ASCII.GetBytes(head));
        var answer = new System.Text.StringBuilder();
        byte[] one = new byte[1];
        while (!answer.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await tls.ReadExactlyAsync(one);
            answer.Append((char)one[0]);
        }

        Assert.StartsWith("HTTP/1.1 101", answer.ToString());
        return (tls, answer.ToString());
    }

    public Task<ContainerTarget> FindContainerAsync(string podNamespace, string pod, string container, CancellationToken cancel) =>
        podNamespace == "test" && pod == "pod" && Container is not null
            ? Task.FromResult(Container)
            : throw new NodeRequestException(404, $"pod {podNamespace}/{pod} is not on this node");

    public Task<Stream> ConnectAsync(string podNamespace, string pod, int port, CancellationToken cancel) =>
        Container!.Runtime.ConnectAsync(SandboxId!, port, cancel);

    public Task<LogTarget> FindLogAsync(string podNamespace, string pod, string container, bool previous, CancellationToken cancel) =>
        Task.FromResult(Log ?? throw new NodeRequestException(400, $"container {container} has no log"));

    public Task<NodePage?> GetPageAsync(string path, CancellationToken cancel) =>
        Task.FromResult(path == "/pods" ? new NodePage("application/json", "{}"u8.ToArray()) : null);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _certificates.Dispose();
    }
}
