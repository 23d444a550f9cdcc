using System.IO.Pipelines;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Gureum.Commands;
using Gureum.Node.Server;
using Gureum.Running;
using Gureum.Starting;
using Gureum.VirtualMachines;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gureum.Tests;

/// <summary>The commands' connection against a real server over TLS: a node's, which speaks as the API does.</summary>
public sealed class ApiConnectionTests : IAsyncLifetime, IMachineEndpoints
{
    private readonly string directory = Directory.CreateTempSubdirectory("gureum-api-").FullName;
    private readonly List<(MachineCommand, string)> told = [];
    private NodeServer server = null!;
    private ApiConnection api = null!;

    public async ValueTask InitializeAsync()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        X509Certificate2 authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddHours(1));
        (string serverPem, string serverKey) = Issue(authority, "1.3.6.1.5.5.7.3.1");
        (string clientPem, string clientKey) = Issue(authority, "1.3.6.1.5.5.7.3.2");
        using X509Certificate2 ephemeral = X509Certificate2.CreateFromPem(serverPem, serverKey);
        X509Certificate2 certificate = X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), null);
        server = new NodeServer(
            new NodeServerSettings { Listen = new IPEndPoint(IPAddress.Loopback, 0), Certificate = () => certificate, ClientAuthorities = () => [authority], ClientNames = new HashSet<string> { "tester" } },
            new NoPods(), NullLogger<NodeServer>.Instance) { Machines = this };
        await server.StartAsync(CancellationToken.None);
        string file = Path.Combine(directory, "kubeconfig");
        File.WriteAllText(file, Kubeconfig.Write($"https://127.0.0.1:{server.Port}", authority.ExportCertificatePem(), clientPem, clientKey));
        api = ApiConnection.Open(file);
    }

    public async ValueTask DisposeAsync()
    {
        api.Dispose();
        await server.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task OpenStream_Console_CarriesBytesBothWaysUntilTheEscape()
    {
        await using Stream guest = await api.OpenStreamAsync("/machines/test/web/console", "plain.kubevirt.io", CancellationToken.None);
        using var screen = new MemoryStream();
        var keys = new Pipe();
        Task<ConsoleEnd> session = ConsoleSession.RunAsync(guest, keys.Reader.AsStream(), screen, escapes: true, CancellationToken.None);

        await keys.Writer.WriteAsync("hello"u8.ToArray());
        for (int tries = 0; screen.Length < 5 && tries < 1000; tries++) await Task.Delay(10);
        await keys.Writer.WriteAsync(new byte[] { ConsoleSession.Escape });

        Assert.Equal(ConsoleEnd.Escape, await session);
        Assert.Equal("hello", Encoding.ASCII.GetString(screen.ToArray()));
    }

    [Fact]
    public async Task OpenStream_Refused_IsTheServersOwnWords()
    {
        var refused = await Assert.ThrowsAsync<CommandFailure>(() => api.OpenStreamAsync("/machines/test/web/vnc", "plain.kubevirt.io", CancellationToken.None));

        Assert.Equal("the guest has no screen", refused.Message);
    }

    [Fact]
    public async Task LocalPort_Connections_ReachTheGuestAndRefusalsAreTold()
    {
        using LocalPort port = LocalPort.Listen(0);
        using var stop = new CancellationTokenSource();
        var said = new List<string>();
        bool fails = false;
        Task serving = port.ServeAsync(c => fails ? throw new CommandFailure("not now") : api.OpenStreamAsync("/machines/test/web/portforward/80/tcp", "plain.kubevirt.io", c), said.Add, stop.Token);

        for (int i = 0; i < 2; i++)
        {
            using var near = new System.Net.Sockets.TcpClient();
            await near.ConnectAsync(IPAddress.Loopback, port.Port);
            await near.GetStream().WriteAsync("echo"u8.ToArray());
            var heard = new byte[4];
            await near.GetStream().ReadExactlyAsync(heard);
            Assert.Equal("echo"u8.ToArray(), heard);
        }

        fails = true;
        using (var near = new System.Net.Sockets.TcpClient())
        {
            await near.ConnectAsync(IPAddress.Loopback, port.Port);
            Assert.Equal(0, await near.GetStream().ReadAsync(new byte[1]));
        }

        await stop.CancelAsync();
        await serving;
        Assert.Equal(["not now"], said);
        Assert.Throws<CommandFailure>(() => LocalPort.Listen(port.Port));
    }

    [Fact]
    public async Task Send_CommandAndReading_AreAnsweredOrRefused()
    {
        Assert.Null(await api.SendAsync(HttpMethod.Put, "/machines/test/web/pause", new JsonObject { ["dryRun"] = new JsonArray("All") }, CancellationToken.None));
        Assert.Equal([(MachineCommand.Pause, """{"dryRun":["All"]}""")], told);
        Assert.Equal("web", (string?)(await api.SendAsync(HttpMethod.Get, "/machines/test/web/guestosinfo", null, CancellationToken.None))!["hostname"]);
        Assert.Contains("no /machines/test/web/dance", (await Assert.ThrowsAsync<CommandFailure>(() => api.SendAsync(HttpMethod.Put, "/machines/test/web/dance", null, CancellationToken.None))).Message);
    }

    [Fact]
    public async Task Send_ServerThatIsGone_SaysWhereItWas()
    {
        await server.DisposeAsync();

        Assert.Contains($"127.0.0.1:{server.Port}", (await Assert.ThrowsAsync<CommandFailure>(() => api.SendAsync(HttpMethod.Get, "/", null, CancellationToken.None))).Message);
    }

    Task IMachineEndpoints.RunAsync(string ns, string instance, MachineCommand command, JsonObject body, CancellationToken cancel)
    {
        told.Add((command, body.ToJsonString()));
        return Task.CompletedTask;
    }

    public Task<JsonObject> ReadAsync(string ns, string instance, MachineReading reading, CancellationToken cancel) => Task.FromResult(new JsonObject { ["hostname"] = instance });

    public Task<Stream> OpenConsoleAsync(string ns, string instance, bool takeOver, CancellationToken cancel) => Task.FromResult<Stream>(new Echo());

    public Task<Stream> OpenScreenAsync(string ns, string instance, CancellationToken cancel) => throw new NodeRequestException(400, "the guest has no screen");

    public Task<byte[]> TakeScreenshotAsync(string ns, string instance, CancellationToken cancel) => throw new NodeRequestException(400, "the guest has no screen");

    public Task<Stream> ConnectAsync(string ns, string instance, int port, CancellationToken cancel) => Task.FromResult<Stream>(new Echo());

    private static (string Certificate, string Key) Issue(X509Certificate2 authority, string purpose)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=tester", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 certificate = request.Create(authority, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(50), RandomNumberGenerator.GetBytes(8));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>What is written comes back.</summary>
    private sealed class Echo : Stream
    {
        private readonly Pipe pipe = new();

        public override bool CanRead => true;
        public override bool CanWrite => true;
        public override bool CanSeek => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => pipe.Reader.AsStream(leaveOpen: true).ReadAsync(buffer, cancellationToken);
        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => await pipe.Writer.WriteAsync(buffer, cancellationToken);
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
    }

    private sealed class NoPods : IPodEndpoints
    {
        public Task<ContainerTarget> FindContainerAsync(string podNamespace, string pod, string container, CancellationToken cancel) => throw new NodeRequestException(404, "no pods");
        public Task<Stream> ConnectAsync(string podNamespace, string pod, int port, CancellationToken cancel) => throw new NodeRequestException(404, "no pods");
        public Task<LogTarget> FindLogAsync(string podNamespace, string pod, string container, bool previous, CancellationToken cancel) => throw new NodeRequestException(404, "no pods");
        public Task<NodePage?> GetPageAsync(string path, CancellationToken cancel) => Task.FromResult<NodePage?>(null);
    }
}
