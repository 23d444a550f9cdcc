using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Gureum.Commands;
using Gureum.Objects.Yaml;

namespace Gureum.Starting;

/// <summary>Reads from an API server with the credentials of a kubeconfig that `up` wrote.</summary>
internal sealed class ApiConnection : IDisposable
{
    private readonly HttpClient http;
    private readonly X509Certificate2 client;

    private ApiConnection(string server, X509Certificate2 authority, X509Certificate2 client)
    {
        this.client = client;
        // Names are not compared: whoever holds a certificate of the cloud's own authority for serving is its server.
        var handler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificates = [client],
                CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, CustomTrustStore = { authority } },
            },
            UseProxy = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),
        };
        http = new HttpClient(handler) { BaseAddress = new Uri(server), Timeout = TimeSpan.FromSeconds(10) };
    }

    /// <summary>Opens the connection that a kubeconfig describes.</summary>
    /// <exception cref="CommandFailure">The file is not there or is not one that `up` wrote.</exception>
    internal static ApiConnection Open(string kubeconfig)
    {
        (string server, X509Certificate2 authority, X509Certificate2 client) = Read(kubeconfig);
        return new ApiConnection(server, authority, client);
    }

    private static (string Server, X509Certificate2 Authority, X509Certificate2 Client) Read(string kubeconfig)
    {
        try
        {
            JsonNode config = JsonNode.Parse(YamlReader.ToJson(File.ReadAllBytes(kubeconfig)))!;
            JsonNode cluster = config["clusters"]![0]!["cluster"]!, user = config["users"]![0]!["user"]!;
            using X509Certificate2 ephemeral = X509Certificate2.CreateFromPem(Decoded(user["client-certificate-data"]), Decoded(user["client-key-data"]));
            return (
                (string)cluster["server"]!, X509Certificate2.CreateFromPem(Decoded(cluster["certificate-authority-data"])),
                X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), null));
        }
        catch (Exception e) when (e is IOException or NullReferenceException or FormatException or System.Text.Json.JsonException or System.Security.Cryptography.CryptographicException)
        {
            throw new CommandFailure($"cannot use {kubeconfig}: {e.Message}; `gureum up` writes it anew", e);
        }
    }

    /// <summary>The same server and credentials for typed calls.</summary>
    /// <exception cref="CommandFailure">The file is not there or is not one that `up` wrote.</exception>
    internal static Client.HttpsTransport Transport(string kubeconfig, string agent)
    {
        (string server, X509Certificate2 authority, X509Certificate2 client) = Read(kubeconfig);
        return new Client.HttpsTransport(new Client.HttpsTransportOptions { Server = new Uri(server), Authority = authority, Certificate = () => client, Agent = agent });
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

    public void Dispose()
    {
        http.Dispose();
        client.Dispose();
    }

    private static string Decoded(JsonNode? base64) => Encoding.UTF8.GetString(Convert.FromBase64String((string)base64!));
}
