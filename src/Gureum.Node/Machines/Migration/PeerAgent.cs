using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Gureum.Node.Machines.Migration;

/// <summary>Speaks to the agent of another node over its HTTPS server, as this node: small questions, and connections that it passes on. Immutable.</summary>
/// <param name="Address">The other agent's.</param>
/// <param name="Node">The name that its certificate must have.</param>
internal sealed record PeerAgent(IPEndPoint Address, string Node, X509Certificate2 Authority, Func<X509Certificate2> Certificate)
{
    private const int MostHeader = 4096, MostBody = 64 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>The answer to GET PATH.</summary>
    /// <exception cref="IOException">The agent cannot be reached, or refused; why is in the message.</exception>
    internal async Task<byte[]> GetAsync(string path, CancellationToken cancel)
    {
        await using var stream = await DialAsync(cancel);
        await WriteAsync(stream, path, "close", null, cancel);
        var (status, _) = await ReadHeadAsync(stream, cancel);
        var body = await ReadBodyAsync(stream, cancel);
        return status == 200 ? body : throw new IOException($"the agent of node {Node} refused: {Encoding.UTF8.GetString(body).Trim()}");
    }

    /// <summary>A connection that the agent passes on.</summary>
    /// <exception cref="IOException">The agent cannot be reached, or refused; why is in the message.</exception>
    internal async Task<Stream> ConnectAsync(string path, CancellationToken cancel)
    {
        var stream = await DialAsync(cancel);
        try
        {
            await WriteAsync(stream, path, "Upgrade", MigrationEndpoint.Protocol, cancel);
            var (status, _) = await ReadHeadAsync(stream, cancel);
            if (status == 101) return stream;
            throw new IOException($"the agent of node {Node} refused a connection (HTTP {status})");
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    private async Task<SslStream> DialAsync(CancellationToken cancel)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(Patience);
            await socket.ConnectAsync(Address, limit.Token);
            var tls = new SslStream(new NetworkStream(socket, ownsSocket: true), false);
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = Node, ClientCertificates = [Certificate()],
                CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { Authority }, RevocationMode = X509RevocationMode.NoCheck },
            }, limit.Token);
            return tls;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or System.Security.Authentication.AuthenticationException && !cancel.IsCancellationRequested)
        {
            socket.Dispose();
            throw new IOException($"the agent of node {Node} at {Address} cannot be reached: {e.Message}", e);
        }
    }

    private async Task WriteAsync(Stream stream, string path, string connection, string? upgrade, CancellationToken cancel) =>
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {Node}\r\nConnection: {connection}\r\n{(upgrade is null ? "" : $"Upgrade: {upgrade}\r\n")}\r\n"), cancel);

    // Byte by byte: what follows the head is not ours.
    private static async Task<(int Status, string Head)> ReadHeadAsync(Stream stream, CancellationToken cancel)
    {
        var head = new List<byte>();
        var one = new byte[1];
        while (head.Count < MostHeader)
        {
            if (await stream.ReadAsync(one, cancel) == 0) throw new IOException("the other agent hung up");
            head.Add(one[0]);
            if (head.Count >= 4 && head[^4] == '\r' && head[^3] == '\n' && head[^2] == '\r' && head[^1] == '\n')
            {
                var text = Encoding.ASCII.GetString([.. head]);
                return (int.TryParse(text.Split(' ') is [_, var code, ..] ? code : "", out var status) ? status : 0, text);
            }
        }
        throw new IOException("the other agent's answer has no end");
    }

    // Answers to us are short, with a length or up to the end of the connection; chunks are told apart by their first line.
    private static async Task<byte[]> ReadBodyAsync(Stream stream, CancellationToken cancel)
    {
        using var body = new MemoryStream();
        var buffer = new byte[4096];
        int read;
        while (body.Length < MostBody && (read = await stream.ReadAsync(buffer, cancel)) > 0) body.Write(buffer, 0, read);
        return body.ToArray();
    }
}
