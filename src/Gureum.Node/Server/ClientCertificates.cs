using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Gureum.Node.Server;

/// <summary>Decides whom the node's server serves: holders of a client certificate of the cluster's authority with a known name.</summary>
internal static class ClientCertificates
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    /// <summary>The name of the node whose certificate it is (system:node:NAME, of the group system:nodes); null when it is nobody's.</summary>
    internal static string? PeerOf(X509Certificate2 certificate)
    {
        const string Prefix = "system:node:", Organization = "2.5.4.10";
        var name = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        var groups = certificate.SubjectName.EnumerateRelativeDistinguishedNames().Where(p => !p.HasMultipleElements && p.GetSingleElementType().Value == Organization).Select(p => p.GetSingleElementValue());
        return name.StartsWith(Prefix, StringComparison.Ordinal) && groups.Contains("system:nodes") ? name[Prefix.Length..] : null;
    }

    /// <summary>Null if the certificate is accepted; else why not.</summary>
    /// <param name="peers">Whether other nodes are let in too.</param>
    internal static string? Refuse(X509Certificate2? certificate, X509Certificate2Collection authorities, IReadOnlySet<string> names, bool peers = false)
    {
        if (certificate is null) return "a client certificate is needed";
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientAuthentication));
        if (!chain.Build(certificate))
            return $"the client certificate {certificate.Subject} is not valid here: {string.Join("; ", chain.ChainStatus.Select(s => s.StatusInformation.Trim()))}";
        string name = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        return names.Contains(name) || (peers && PeerOf(certificate) is not null) ? null : $"the client \"{name}\" is not let in: accepted are {string.Join(", ", names)}";
    }
}
