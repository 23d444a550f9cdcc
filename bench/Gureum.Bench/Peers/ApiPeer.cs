using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Gureum.Bench.Peers;

/// <summary>A running API server that is measured: how to reach it, and the processes that make it up.</summary>
/// <param name="Name">As figures show it.</param>
/// <param name="Url">https, on loopback.</param>
/// <param name="Authority">Signed the server's certificate.</param>
/// <param name="Administrator">A client certificate that may do everything.</param>
internal sealed record ApiPeer(string Name, Uri Url, X509Certificate2 Authority, X509Certificate2 Administrator, ProcessMeter Meter, IAsyncDisposable Running) : IAsyncDisposable
{
    /// <summary>Its data directory, where it is Gureum.</summary>
    internal string Directory { get; init; } = "";

    /// <summary>A client with at most <paramref name="connections"/> connections, kept open between requests.</summary>
    internal HttpClient Connect(Version http, int connections) => new(new SocketsHttpHandler
    {
        MaxConnectionsPerServer = connections,
        UseProxy = false,
        EnableMultipleHttp2Connections = false,
        SslOptions = new SslClientAuthenticationOptions
        {
            ClientCertificates = [Administrator],
            RemoteCertificateValidationCallback = (_, certificate, chain, _) => Trusts(certificate, chain),
        },
    })
    {
        BaseAddress = Url, DefaultRequestVersion = http, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact, Timeout = TimeSpan.FromMinutes(2),
    };

    private bool Trusts(X509Certificate? certificate, X509Chain? chain)
    {
        if (certificate is null || chain is null) return false;
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(Authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(new X509Certificate2(certificate));
    }

    public ValueTask DisposeAsync() => Running.DisposeAsync();
}
