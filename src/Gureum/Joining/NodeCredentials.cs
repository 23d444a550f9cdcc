using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Authentication;
using Gureum.Client;
using Gureum.Objects.Yaml;
using Gureum.Running;

namespace Gureum.Joining;

/// <summary>
/// By what a joined node is known, and by what it knows the cluster: kept in the data directory (node.kubeconfig, node-server.pem) and renewed before
/// it expires. Thread-safe state.
/// </summary>
internal sealed class NodeCredentials
{
    private static readonly TimeSpan Look = TimeSpan.FromMinutes(10), Retry = TimeSpan.FromMinutes(1);

    private readonly ClusterOptions options;
    private volatile KeyPair client;
    private volatile KeyPair? serving;

    private NodeCredentials(ClusterOptions options, X509Certificate2 authority, KeyPair client, KeyPair? serving) => (this.options, Authority, this.client, this.serving) = (options, authority, client, serving);

    internal X509Certificate2 Authority { get; }
    internal X509Certificate2 Client => client.Certificate;
    internal X509Certificate2 Serving => (serving ?? throw new InvalidOperationException("the node's server has no certificate yet")).Certificate;

    private static string ServingFile(ClusterOptions options) => Path.Combine(options.DataDirectory, "node-server.pem");

    internal static void Keep(ClusterOptions options, X509Certificate2 authority, KeyPair client) =>
        PrivateFile.Write(options.Kubeconfig, Running.Kubeconfig.Write(options.JoinedServer!, authority.ExportCertificatePem() + "\n", client.CertificatePem, client.KeyPem));

    /// <summary>What is kept; null when there is nothing, or it cannot be read.</summary>
    internal static NodeCredentials? Load(ClusterOptions options)
    {
        try
        {
            var config = JsonNode.Parse(YamlReader.ToJson(File.ReadAllBytes(options.Kubeconfig)))!;
            JsonNode cluster = config["clusters"]![0]!["cluster"]!, user = config["users"]![0]!["user"]!;
            var client = new KeyPair(Text(user["client-certificate-data"]), Text(user["client-key-data"]));
            _ = client.Certificate;
            return new NodeCredentials(options, X509Certificate2.CreateFromPem(Text(cluster["certificate-authority-data"])), client, ReadServing(options));
        }
        catch (Exception e) when (e is IOException or NullReferenceException or FormatException or System.Text.Json.JsonException or CryptographicException or ArgumentException) { return null; }
    }

    /// <summary>Whether the API would still believe us. Pure but for the clock that it is given.</summary>
    internal bool IsValid(DateTimeOffset now) => now < Client.NotAfter && now >= Client.NotBefore;

    internal HttpsTransport Connect(string agent) => new(new HttpsTransportOptions { Server = new Uri(options.JoinedServer!), Authority = Authority, Certificate = () => Client, Agent = agent });

    /// <summary>Orders the server's certificate if there is none that will do.</summary>
    internal async Task EnsureServingAsync(ApiClient api, TimeProvider time, CancellationToken cancel)
    {
        if (serving is { } known && !IsDue(known.Certificate, time.GetUtcNow()) && known.Certificate.MatchesHostname(options.NodeName, allowCommonName: false)) return;
        var made = await CertificateOrder.ServingAsync(api, options.NodeName, time, cancel);
        PrivateFile.Write(ServingFile(options), made.CertificatePem + made.KeyPem);
        serving = made;
    }

    /// <summary>Renews both until cancelled.</summary>
    internal async Task RenewAsync(ApiClient api, TimeProvider time, CancellationToken cancel)
    {
        var pause = Look;
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(pause, time, cancel);
                pause = Look;
                if (IsDue(Client, time.GetUtcNow()))
                {
                    var renewed = await CertificateOrder.ClientAsync(api, options.NodeName, time, cancel);
                    Keep(options, Authority, renewed);
                    client = renewed;
                    Log.Current.Info("node", $"the node's certificate was renewed; it is valid until {Client.NotAfter:u}");
                }
                await EnsureServingAsync(api, time, cancel);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested) { return; }
            catch (Exception e) when (e is ApiException or ApiUnreachableException or CertificateRefusedException or IOException)
            {
                Log.Current.Warn("node", $"the node's certificate could not be renewed: {e.Message}");
                pause = Retry;
            }
        }
    }

    /// <summary>True once four fifths of a certificate's time are over. Pure.</summary>
    internal static bool IsDue(X509Certificate2 certificate, DateTimeOffset now)
    {
        DateTimeOffset from = certificate.NotBefore, to = certificate.NotAfter;
        return now >= from + (to - from) * 0.8;
    }

    private static KeyPair? ReadServing(ClusterOptions options)
    {
        if (!File.Exists(ServingFile(options))) return null;
        var text = File.ReadAllText(ServingFile(options));
        var pair = new KeyPair(text, text);
        _ = pair.Certificate;
        return pair;
    }

    private static string Text(JsonNode? base64) => Encoding.UTF8.GetString(Convert.FromBase64String((string)base64!));
}
