using System.Net;
using System.Net.Security;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Gureum.Commands;
using Gureum.Objects.Yaml;

namespace Gureum.Starting;

/// <summary>Talks to an API server with the credentials of a kubeconfig: a client certificate or a token, both in the file.</summary>
internal sealed class ApiConnection : IDisposable
{
    private readonly HttpClient http, patient;
    private readonly X509Certificate2? client;

    private ApiConnection(string server, X509Certificate2 authority, X509Certificate2? client, string? token, string? ns)
    {
        (this.client, Namespace) = (client, ns ?? "default");
        // Names are not compared: whoever holds a certificate of the cloud's own authority for serving is its server.
        var handler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificates = client is null ? [] : [client],
                CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, CustomTrustStore = { authority } },
            },
            UseProxy = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),
        };
        http = new HttpClient(handler) { BaseAddress = new Uri(server), Timeout = TimeSpan.FromSeconds(10) };
        patient = new HttpClient(handler, disposeHandler: false) { BaseAddress = new Uri(server), Timeout = Timeout.InfiniteTimeSpan };
        if (token is not null) http.DefaultRequestHeaders.Authorization = new System.Net.Http.Headers.AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>The namespace of the kubeconfig's context.</summary>
    internal string Namespace { get; }

    /// <summary>Opens the connection that a kubeconfig describes.</summary>
    /// <exception cref="CommandFailure">The file is not there or is not one that `up` wrote.</exception>
    internal static ApiConnection Open(string kubeconfig)
    {
        Access access = Read(kubeconfig);
        return new ApiConnection(access.Server, access.Authority, access.Certificate, access.Token, access.Namespace);
    }

    /// <summary>What a kubeconfig says of its current context (immutable).</summary>
    private sealed record Access(string Server, X509Certificate2 Authority, X509Certificate2? Certificate, string? Token, string? Namespace);

    private static Access Read(string kubeconfig)
    {
        try
        {
            JsonNode config = JsonNode.Parse(YamlReader.ToJson(File.ReadAllBytes(kubeconfig)))!;
            JsonNode context = Named(config, "contexts", (string)config["current-context"]!)["context"]!;
            JsonNode cluster = Named(config, "clusters", (string)context["cluster"]!)["cluster"]!, user = Named(config, "users", (string)context["user"]!)["user"]!;
            var authority = X509Certificate2.CreateFromPem(Decoded(cluster["certificate-authority-data"]));
            return new Access((string)cluster["server"]!, authority, Certificate(user), (string?)user["token"], (string?)context["namespace"]);
        }
        catch (Exception e) when (e is IOException or NullReferenceException or InvalidOperationException or FormatException or System.Text.Json.JsonException or System.Security.Cryptography.CryptographicException)
        {
            throw new CommandFailure($"cannot use {kubeconfig}: {e.Message}; `gureum up` writes it anew", e);
        }
    }

    /// <summary>The same server and credentials for typed calls.</summary>
    /// <exception cref="CommandFailure">The file is not there or is not one that `up` wrote.</exception>
    internal static Client.HttpsTransport Transport(string kubeconfig, string agent)
    {
        Access access = Read(kubeconfig);
        return new Client.HttpsTransport(new Client.HttpsTransportOptions { Server = new Uri(access.Server), Authority = access.Authority, Certificate = access.Certificate is { } certificate ? () => certificate : null, Agent = agent });
    }

    /// <summary>Sends bytes as long as there are any, with a token of their own.</summary>
    /// <exception cref="CommandFailure">The server refused, in its own words, or broke off.</exception>
    internal async Task UploadAsync(string path, string token, Stream content, CancellationToken cancel)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = new StreamContent(content) };
            request.Headers.Authorization = new System.Net.Http.Headers.AuthenticationHeaderValue("Bearer", token);
            request.Content.Headers.ContentType = new System.Net.Http.Headers.MediaTypeHeaderValue("application/octet-stream");
            using HttpResponseMessage answer = await patient.SendAsync(request, cancel);
            if (answer.IsSuccessStatusCode) return;
            string said = await answer.Content.ReadAsStringAsync(cancel);
            try { said = (string?)JsonNode.Parse(said)?["message"] ?? said; }
            catch (System.Text.Json.JsonException) { /* in plain words */ }
            throw new CommandFailure(said.Length > 0 ? said : $"the server answered {(int)answer.StatusCode}");
        }
        catch (Exception e) when (e is HttpRequestException or IOException) { throw new CommandFailure($"the upload broke off: {(e.InnerException ?? e).Message}", e); }
    }

    /// <summary>The object at a path, or null when the server does not answer or has none.</summary>
    internal async Task<JsonNode?> FindAsync(string path, CancellationToken cancel)
    {
        try
        {
            using HttpResponseMessage answer = await http.GetAsync(new Uri(path, UriKind.Relative), cancel);
            return answer.StatusCode == HttpStatusCode.OK ? JsonNode.Parse(await answer.Content.ReadAsByteArrayAsync(cancel)) : null;
        }
        catch (Exception e) when (e is HttpRequestException or System.Text.Json.JsonException || (e is TaskCanceledException && !cancel.IsCancellationRequested))
        {
            return null;
        }
    }

    /// <summary>Asks the server for something; its answer, or null when that is empty.</summary>
    /// <param name="accept">What to answer with.</param>
    /// <exception cref="CommandFailure">It refused, in its own words, or could not be reached.</exception>
    internal async Task<JsonNode?> SendAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancel, string accept = "application/json")
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        if (body is not null) request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await AskAsync(request, HttpCompletionOption.ResponseContentRead, cancel);
        byte[] bytes = await answer.Content.ReadAsByteArrayAsync(cancel);
        if (!answer.IsSuccessStatusCode) throw new CommandFailure(Refusal(answer.StatusCode, bytes));
        return bytes.Length == 0 ? null : JsonNode.Parse(bytes);
    }

    /// <summary>Opens a WebSocket, as bytes both ways. Disposal closes it.</summary>
    /// <exception cref="CommandFailure">The server refused, in its own words, or could not be reached.</exception>
    internal async Task<Stream> OpenStreamAsync(string path, string protocol, CancellationToken cancel)
    {
        using HttpRequestMessage request = Client.SocketUpgrade.Request(path, protocol);
        HttpResponseMessage answer = await AskAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        if (await Client.SocketUpgrade.TakeAsync(answer, protocol, cancel) is not { } socket)
        {
            using (answer) throw new CommandFailure(Refusal(answer.StatusCode, await answer.Content.ReadAsByteArrayAsync(cancel)));
        }

        return WebSocketStream.Create(socket, WebSocketMessageType.Binary, TimeSpan.FromSeconds(2));
    }

    public void Dispose()
    {
        patient.Dispose();
        http.Dispose();
        client?.Dispose();
    }

    private async Task<HttpResponseMessage> AskAsync(HttpRequestMessage request, HttpCompletionOption completion, CancellationToken cancel)
    {
        try
        {
            return await http.SendAsync(request, completion, cancel);
        }
        catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !cancel.IsCancellationRequested))
        {
            throw new CommandFailure($"the API server at {http.BaseAddress} does not answer: {(e is HttpRequestException ? e.GetBaseException().Message : $"no answer within {http.Timeout.TotalSeconds:0} s")}; `gureum status` says what runs", e);
        }
    }

    /// <summary>A refusal's message: that of a Status, or the text that it is.</summary>
    internal static string Refusal(HttpStatusCode status, ReadOnlySpan<byte> body)
    {
        try
        {
            if (JsonNode.Parse(body) is JsonObject refused && (string?)refused["message"] is { Length: > 0 } message) return message;
        }
        catch (System.Text.Json.JsonException)
        {
            // plain words
        }

        string text = Encoding.UTF8.GetString(body[..Math.Min(body.Length, 1024)]).Trim();
        return text.Length > 0 ? text : $"the API server answered {(int)status} {status}";
    }

    private static JsonNode Named(JsonNode config, string list, string name) => config[list]!.AsArray().First(e => (string?)e!["name"] == name)!;

    private static X509Certificate2? Certificate(JsonNode user)
    {
        if (user["client-certificate-data"] is null) return null;
        using X509Certificate2 ephemeral = X509Certificate2.CreateFromPem(Decoded(user["client-certificate-data"]), Decoded(user["client-key-data"]));
        return X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), null);
    }

    private static string Decoded(JsonNode? base64) => Encoding.UTF8.GetString(Convert.FromBase64String((string)base64!));
}
