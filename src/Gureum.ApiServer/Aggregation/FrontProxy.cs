using System.Security.Cryptography.X509Certificates;
using Gureum.ApiServer.Authentication;

namespace Gureum.ApiServer.Aggregation;

/// <summary>
/// The identity that this server shows to remote APIs: a certificate of an authority of its own (front-proxy-ca.crt), so that nobody
/// with a certificate of the cluster can speak for others.
/// </summary>
internal static class FrontProxy
{
    /// <summary>The common name that remote APIs accept.</summary>
    internal const string Name = "front-proxy-client";

    internal static ClusterAuthority Authority(string directory) => ClusterAuthority.Open(directory, "front-proxy-ca");

    internal static X509Certificate2 Issue(ClusterAuthority authority)
    {
        var (pem, key) = authority.IssueClient(Name);
        using var ephemeral = X509Certificate2.CreateFromPem(pem, key);
        return X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), null);
    }
}
