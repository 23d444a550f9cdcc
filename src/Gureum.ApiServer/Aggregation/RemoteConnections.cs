using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Gureum.ApiServer.Admission.Webhooks;
using Gureum.ApiServer.State;

namespace Gureum.ApiServer.Aggregation;

/// <summary>A request to a remote API (immutable).</summary>
/// <param name="Headers">All but Host, Connection and Content-Length; a name may come several times, each time in a line of its own.</param>
internal sealed record RemoteRequest(string Method, string PathAndQuery, IReadOnlyList<(string Name, string Value)> Headers, ReadOnlyMemory<byte> Body)
{
    internal byte[] Head(string host)
    {
        var head = new StringBuilder($"{Method} {PathAndQuery} HTTP/1.1\r\nHost: {host}\r\n");
        if (Body.Length > 0 || Method is "POST" or "PUT" or "PATCH") head.Append("Content-Length: ").Append(Body.Length.ToString(CultureInfo.InvariantCulture)).Append("\r\n");
        foreach (var (name, value) in Headers) head.Append(name).Append(": ").Append(value).Append("\r\n");
        return Encoding.UTF8.GetBytes(head.Append("\r\n").ToString());
    }
}

/// <summary>
/// Connections to remote APIs, with the front proxy's certificate; each API has its own, so that none waits for another. Thread-safe.
/// </summary>
/// <remarks>Not HttpClient: it joins the values of a header with commas, where a group's name is a line of its own.</remarks>
/// <param name="certificate">The front proxy's.</param>
internal sealed class RemoteConnections(ClusterState state, X509Certificate2 certificate) : IDisposable
{
    private const int MostTargets = 256, MostIdle = 32;
    private static readonly TimeSpan DialLimit = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<ServiceTarget, ConcurrentBag<RemoteConnection>> idle = new();
    private volatile bool disposed;

    /// <summary>Sends a request; the answer's body comes as it is read, and its end gives the connection back.</summary>
    /// <exception cref="IOException">Nobody answers.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">Nobody who is trusted answers.</exception>
    internal async Task<RemoteAnswer> SendAsync(ServiceTarget target, RemoteRequest request, CancellationToken cancel)
    {
        var head = request.Head(target.Host);
        while (true)
        {
            var reused = Take(target);
            var connection = reused ?? await ConnectAsync(target, cancel);
            try { return await connection.SendAsync(head, request, c => Return(target, c), cancel); }
            catch (Exception e) when (e is IOException && reused is not null && request.Method is "GET" or "HEAD") { await connection.DisposeAsync(); /* it had been closed over there: another try */ }
            catch
            {
                await connection.DisposeAsync();
                throw;
            }
        }
    }

    private RemoteConnection? Take(ServiceTarget target)
    {
        if (!idle.TryGetValue(target, out var kept)) return null;
        while (kept.TryTake(out var connection))
        {
            if (connection.IsAlive) return connection;
            _ = connection.DisposeAsync().AsTask();
        }
        return null;
    }

    private void Return(ServiceTarget target, RemoteConnection connection)
    {
        if (idle.Count >= MostTargets) Clear();
        var kept = idle.GetOrAdd(target, static _ => []);
        if (disposed || kept.Count >= MostIdle) _ = connection.DisposeAsync().AsTask();
        else kept.Add(connection);
    }

    /// <summary>A connection of its own, for what takes a connection over.</summary>
    /// <exception cref="IOException">Nobody answers.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">Nobody who is trusted answers.</exception>
    internal async Task<Stream> DialAsync(ServiceTarget target, CancellationToken cancel) => (await ConnectAsync(target, cancel)).Stream;

    private async Task<RemoteConnection> ConnectAsync(ServiceTarget target, CancellationToken cancel)
    {
        var (host, port) = ServiceAddresses.Find(state.Newest, target.Namespace, target.Service, target.Port);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(DialLimit);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        SslStream? stream = null;
        try
        {
            await socket.ConnectAsync(host, port, limit.Token);
            stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
            await stream.AuthenticateAsClientAsync(Options(target), limit.Token);
            return new RemoteConnection(socket, stream);
        }
        catch
        {
            if (stream is not null) await stream.DisposeAsync();
            socket.Dispose();
            throw;
        }
    }

    private SslClientAuthenticationOptions Options(ServiceTarget target)
    {
        var trusted = target.Authority.Length == 0 ? null : new X509Certificate2Collection();
        try { trusted?.ImportFromPem(Encoding.UTF8.GetString(Convert.FromBase64String(target.Authority))); }
        catch (CryptographicException) { trusted?.Clear(); }
        return new SslClientAuthenticationOptions
        {
            TargetHost = target.Host,
            // Whatever authorities the other side names: it knows the front proxy's from the ConfigMap.
            LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate,
            RemoteCertificateValidationCallback = (stream, shown, _, errors) => target.Insecure || WebhookClient.Trusts(trusted, shown, errors, ((SslStream)stream).TargetHostName),
        };
    }

    private void Clear()
    {
        foreach (var target in idle.Keys)
            if (idle.TryRemove(target, out var kept))
                foreach (var connection in kept) _ = connection.DisposeAsync().AsTask();
    }

    public void Dispose()
    {
        disposed = true;
        Clear();
    }
}
