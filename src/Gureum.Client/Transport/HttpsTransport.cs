using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;

namespace Gureum.Client;

/// <summary>How an API server is reached over the network (immutable configuration).</summary>
public sealed record HttpsTransportOptions
{
    /// <summary>https://ADDRESS:PORT.</summary>
    public required Uri Server { get; init; }

    /// <summary>The authority that the server's certificate must be signed by. Null believes any server: only for finding out whom to believe.</summary>
    public X509Certificate2? Authority { get; init; }

    /// <summary>Who we are, asked anew with each connection; connections are made anew every quarter of an hour, so a renewed one is taken up.</summary>
    public Func<X509Certificate2>? Certificate { get; init; }

    /// <summary>A bearer token, for those who have no certificate yet.</summary>
    public string? Token { get; init; }

    /// <summary>Names the caller in the server's records.</summary>
    public string Agent { get; init; } = "gureum";
}

/// <summary>Calls an API server over HTTPS: one connection for everything (HTTP/2) that is given up when the server does not answer pings. Thread-safe.</summary>
public sealed class HttpsTransport : IApiTransport, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60), ConnectPatience = TimeSpan.FromSeconds(10), PingAfter = TimeSpan.FromSeconds(15), PingPatience = TimeSpan.FromSeconds(10), ConnectionLife = TimeSpan.FromMinutes(15);

    private readonly HttpClient http;

    public HttpsTransport(HttpsTransportOptions options)
    {
        var tls = new SslClientAuthenticationOptions { LocalCertificateSelectionCallback = (_, _, _, _, _) => options.Certificate?.Invoke()! };
        if (options.Authority is { } authority)
            tls.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { authority }, RevocationMode = X509RevocationMode.NoCheck };
        else tls.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        http = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = tls, UseProxy = false, ConnectTimeout = ConnectPatience, PooledConnectionLifetime = ConnectionLife, AutomaticDecompression = DecompressionMethods.None, AllowAutoRedirect = false,
            KeepAlivePingDelay = PingAfter, KeepAlivePingTimeout = PingPatience, KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests, EnableMultipleHttp2Connections = true,
        })
        { BaseAddress = options.Server, Timeout = Timeout.InfiniteTimeSpan, DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower };
        http.DefaultRequestHeaders.UserAgent.ParseAdd(options.Agent);
        if (options.Token is { } token) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>What the server's clock showed in its last answer; null before the first.</summary>
    public DateTimeOffset? ServerTime { get; private set; }

    public async Task<ApiResponse> SendAsync(ApiRequest request, CancellationToken cancel = default)
    {
        using var message = new HttpRequestMessage(new HttpMethod(request.Method), new Uri(request.Path + (request.Query.Length > 0 ? "?" + request.Query.TrimStart('?') : ""), UriKind.Relative))
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        message.Headers.Accept.ParseAdd("application/json");
        if (request.Bearer is { } bearer) message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        if (request.Body.Length > 0) message.Content = new ReadOnlyMemoryContent(request.Body) { Headers = { ContentType = new MediaTypeHeaderValue(request.ContentType) } };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Patience);
        HttpResponseMessage? answer = null;
        try
        {
            answer = await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            ServerTime = answer.Headers.Date ?? ServerTime;
            if (request.Streaming && answer.IsSuccessStatusCode)
            {
                var stream = answer;
                answer = null;
                return new ApiResponse((int)stream.StatusCode, default, FramesAsync(stream, cancel));
            }
            return new ApiResponse((int)answer.StatusCode, await answer.Content.ReadAsByteArrayAsync(limit.Token));
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested) { throw new ApiUnreachableException($"{request.Method} {request.Path}: the API server at {http.BaseAddress} has not answered within {Patience.TotalSeconds:0} s", e); }
        catch (HttpRequestException e) { throw new ApiUnreachableException($"the API server at {http.BaseAddress} cannot be reached: {Innermost(e)}", e); }
        catch (IOException e) { throw new ApiUnreachableException($"the connection to the API server at {http.BaseAddress} broke: {Innermost(e)}", e); }
        finally { answer?.Dispose(); }
    }

    /// <summary>Opens a WebSocket to what the API server hands on: a console, a screen.</summary>
    /// <exception cref="ApiException">It was refused.</exception>
    /// <exception cref="ApiUnreachableException">No answer came.</exception>
    public async Task<WebSocket> OpenSocketAsync(string path, string protocol, string bearer, CancellationToken cancel)
    {
        using var message = SocketUpgrade.Request(path, protocol);
        message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Patience);
        try
        {
            var answer = await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            if (await SocketUpgrade.TakeAsync(answer, protocol, limit.Token) is { } socket) return socket;
            using (answer) throw ApiException.From((int)answer.StatusCode, await answer.Content.ReadAsByteArrayAsync(limit.Token));
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested) { throw new ApiUnreachableException($"GET {path}: the API server at {http.BaseAddress} has not answered within {Patience.TotalSeconds:0} s", e); }
        catch (Exception e) when (e is HttpRequestException or IOException) { throw new ApiUnreachableException($"the API server at {http.BaseAddress} cannot be reached: {Innermost(e)}", e); }
    }

    public void Dispose() => http.Dispose();

    private static string Innermost(Exception e)
    {
        while (e.InnerException is { } inner) e = inner;
        return e.Message;
    }

    // One JSON event each line.
    private async IAsyncEnumerable<ReadOnlyMemory<byte>> FramesAsync(HttpResponseMessage answer, [EnumeratorCancellation] CancellationToken cancel)
    {
        using (answer)
        {
            var reader = PipeReader.Create(await answer.Content.ReadAsStreamAsync(cancel));
            while (true)
            {
                ReadResult read;
                try { read = await reader.ReadAsync(cancel); }
                catch (Exception e) when (e is IOException or HttpRequestException) { throw new ApiUnreachableException($"the connection to the API server at {http.BaseAddress} broke: {Innermost(e)}", e); }
                var buffer = read.Buffer;
                while (buffer.PositionOf((byte)'\n') is { } end)
                {
                    var frame = buffer.Slice(0, end).ToArray();
                    buffer = buffer.Slice(buffer.GetPosition(1, end));
                    if (frame.Length > 0) yield return frame;
                }
                reader.AdvanceTo(buffer.Start, buffer.End);
                if (read.IsCompleted) yield break;
            }
        }
    }
}
