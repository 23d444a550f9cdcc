using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Gureum.ApiServer.State;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Admission.Webhooks;

/// <summary>Asks webhooks over HTTPS; connections are kept and used again. Thread-safe.</summary>
internal sealed class WebhookClient(ClusterState state) : IDisposable
{
    /// <summary>Bytes of an answer at most: room for the patch of an object of the greatest size.</summary>
    internal const int MostAnswer = 8 * 1024 * 1024;

    private const int MostClients = 256;
    private readonly ConcurrentDictionary<WebhookClientConfig, HttpClient> clients = new();

    /// <summary>Posts a document and gives the one that is answered.</summary>
    /// <exception cref="WebhookCallException">It could not be asked, took too long, refused, or answered no JSON object.</exception>
    internal async Task<JsonObject> PostAsync(WebhookClientConfig config, JsonObject document, TimeSpan timeout, CancellationToken cancel)
    {
        var address = config.Address + (config.Address.Contains('?') ? "&" : "?") + "timeout=" + ((int)timeout.TotalSeconds).ToString(CultureInfo.InvariantCulture) + "s";
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(timeout);
        try
        {
            using var message = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ByteArrayContent(ObjectEncoder.EncodeAny(document)) };
            message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            message.Headers.Accept.ParseAdd("application/json");
            using var answer = await Client(config).SendAsync(message, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            var body = await ReadAsync(answer.Content, limit.Token);
            if (!answer.IsSuccessStatusCode) throw new WebhookCallException(Refusal((int)answer.StatusCode, body));
            return ObjectDecoder.DecodeAny(body) as JsonObject ?? throw new WebhookCallException("couldn't get a JSON object out of the webhook's answer");
        }
        catch (OperationCanceledException) { throw new WebhookCallException($"failed to call webhook: Post \"{address}\": context deadline exceeded"); }
        catch (HttpRequestException e) { throw new WebhookCallException($"failed to call webhook: Post \"{address}\": {Cause(e)}"); }
        catch (IOException e) { throw new WebhookCallException($"failed to call webhook: Post \"{address}\": {Cause(e)}"); }
        catch (UriFormatException e) { throw new WebhookCallException($"failed to call webhook: Post \"{address}\": {e.Message}"); }
        catch (FormatException e) { throw new WebhookCallException($"could not get REST client: unable to load root certificates: {e.Message}"); }
        catch (CryptographicException e) { throw new WebhookCallException($"could not get REST client: unable to load root certificates: {e.Message}"); }
        catch (DecodeException e) { throw new WebhookCallException($"failed to call webhook: the answer is no JSON: {e.Message}"); }
    }

    private static async Task<byte[]> ReadAsync(HttpContent content, CancellationToken cancel)
    {
        await using var stream = await content.ReadAsStreamAsync(cancel);
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        for (int read; (read = await stream.ReadAsync(buffer, cancel)) > 0;)
        {
            if (body.Length + read > MostAnswer) throw new WebhookCallException($"failed to call webhook: the answer is larger than {MostAnswer} bytes");
            body.Write(buffer, 0, read);
        }
        return body.ToArray();
    }

    private static string Refusal(int code, byte[] body)
    {
        var text = Encoding.UTF8.GetString(body, 0, Math.Min(body.Length, 1024)).Trim();
        return code switch
        {
            404 => "failed to call webhook: the server could not find the requested resource",
            _ => $"failed to call webhook: the server answered with the status code {code}" + (text.Length > 0 ? ": " + text : " and nothing more"),
        };
    }

    /// <summary>Why a call failed, in the words of Go's clients.</summary>
    internal static string Cause(Exception e)
    {
        for (var at = e; at is not null; at = at.InnerException)
            switch (at)
            {
                case UntrustedWebhookException: return at.Message;
                case SocketException { SocketErrorCode: SocketError.ConnectionRefused }: return "dial tcp: connect: connection refused";
                case SocketException socket: return "dial tcp: " + socket.Message;
                case AuthenticationException when at.InnerException is null: return "tls: " + at.Message;
                case HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded }: return "EOF";
                case NoEndpointException: return at.Message;
            }
        return e.Message;
    }

    private HttpClient Client(WebhookClientConfig config)
    {
        if (clients.TryGetValue(config, out var known)) return known;
        // Configurations come and go; connections of those that are not asked any more close by themselves.
        if (clients.Count >= MostClients) clients.Clear();
        return clients.GetOrAdd(config, Make);
    }

    private HttpClient Make(WebhookClientConfig config)
    {
        var trusted = config.Authority.Length == 0 ? null : new X509Certificate2Collection();
        trusted?.ImportFromPem(Encoding.UTF8.GetString(Convert.FromBase64String(config.Authority)));
        var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false, PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1), PooledConnectionLifetime = TimeSpan.FromMinutes(10), ActivityHeadersPropagator = null };
        handler.SslOptions.RemoteCertificateValidationCallback = (stream, certificate, _, errors) => Trusts(trusted, certificate, errors, ((SslStream)stream).TargetHostName);
        if (config.Url is null) handler.ConnectCallback = (_, cancel) => DialAsync(config, cancel);
        return new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    private async ValueTask<Stream> DialAsync(WebhookClientConfig config, CancellationToken cancel)
    {
        var (host, port) = ServiceAddresses.Find(state.Newest, config.Namespace, config.Service, config.Port);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(host, port, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Whether a server's certificate is for the host and comes from whom is trusted.</summary>
    /// <exception cref="AuthenticationException">It does not; the message says why.</exception>
    internal static bool Trusts(X509Certificate2Collection? trusted, X509Certificate? certificate, SslPolicyErrors errors, string host)
    {
        if (certificate is null) throw new UntrustedWebhookException("tls: the server showed no certificate");
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)) throw new UntrustedWebhookException($"tls: failed to verify certificate: x509: certificate is not valid for {host}");
        if (trusted is null)
            return errors == SslPolicyErrors.None ? true : throw new UntrustedWebhookException("tls: failed to verify certificate: x509: certificate signed by unknown authority");
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(trusted);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        using var own = new X509Certificate2(certificate);
        return chain.Build(own) ? true : throw new UntrustedWebhookException("tls: failed to verify certificate: x509: certificate signed by unknown authority");
    }

    public void Dispose()
    {
        foreach (var client in clients.Values) client.Dispose();
        clients.Clear();
    }

    private sealed class UntrustedWebhookException(string message) : AuthenticationException(message);
}
