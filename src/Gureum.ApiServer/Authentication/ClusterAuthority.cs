using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Gureum.ApiServer.Authentication;

/// <summary>
/// The certificate authority of one cluster, kept in a directory (ca.crt, ca.key): it signs the server's certificate and
/// those of clients, whose subject says who they are (CN: user, O: groups).
/// </summary>
public sealed class ClusterAuthority
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2", ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private readonly X509Certificate2 certificate;

    private ClusterAuthority(X509Certificate2 certificate) => this.certificate = certificate;

    public X509Certificate2 Certificate => certificate;
    public string CertificatePem => certificate.ExportCertificatePem() + "\n";

    /// <summary>Reads the authority from the directory, or makes it (ten years).</summary>
    /// <param name="name">Of its files, before ".crt" and ".key".</param>
    public static ClusterAuthority Open(string directory, string name = "ca")
    {
        var (crt, key) = (Path.Combine(directory, name + ".crt"), Path.Combine(directory, name + ".key"));
        if (!File.Exists(crt) || !File.Exists(key))
        {
            Directory.CreateDirectory(directory);
            using var made = Make("gureum-" + name);
            PrivateFile.Write(key, made.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem() + "\n");
            File.WriteAllText(crt, made.ExportCertificatePem() + "\n");
        }
        return new ClusterAuthority(X509Certificate2.CreateFromPemFile(crt, key));
    }

    private static X509Certificate2 Make(string subject)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign | X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = DateTimeOffset.UtcNow;
        return request.CreateSelfSigned(now.AddHours(-1), now.AddYears(10));
    }

    /// <summary>A certificate for a server at these names and addresses (one year), with its key, as PEM.</summary>
    public (string Certificate, string Key) IssueServer(string name, IReadOnlyList<string> dnsNames, IReadOnlyList<IPAddress> addresses)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (var dns in dnsNames) names.AddDnsName(dns);
        foreach (var address in addresses) names.AddIpAddress(address);
        return Issue(new X500DistinguishedNameBuilderOf(name, []).Build(), [ServerAuthentication, ClientAuthentication], names, TimeSpan.FromDays(365));
    }

    /// <summary>A certificate for a client (one year), with its key, as PEM.</summary>
    public (string Certificate, string Key) IssueClient(string user, params IReadOnlyList<string> groups) =>
        Issue(new X500DistinguishedNameBuilderOf(user, groups).Build(), [ClientAuthentication], null, TimeSpan.FromDays(365));

    /// <summary>Signs a certificate request of somebody who has a key already; gives the certificate as PEM.</summary>
    /// <exception cref="CryptographicException">The request cannot be read or its signature is wrong.</exception>
    /// <param name="keepNames">The alternative names that the request asks for go into the certificate.</param>
    public string Sign(string requestPem, IReadOnlyList<string> usages, TimeSpan lifetime, bool keepNames = false)
    {
        // Of what the request brings along only the names may stay: usages and the like are ours to say.
        var request = CertificateRequest.LoadSigningRequestPem(requestPem, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
        var names = keepNames ? request.CertificateExtensions.Where(e => e.Oid?.Value == "2.5.29.17").ToList() : [];
        request.CertificateExtensions.Clear();
        AddExtensions(request, usages, null);
        foreach (var name in names) request.CertificateExtensions.Add(name);
        return SignRequest(request, lifetime).ExportCertificatePem() + "\n";
    }

    private (string, string) Issue(X500DistinguishedName subject, IReadOnlyList<string> usages, SubjectAlternativeNameBuilder? names, TimeSpan lifetime)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        AddExtensions(request, usages, names);
        using var signed = SignRequest(request, lifetime);
        return (signed.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    private static void AddExtensions(CertificateRequest request, IReadOnlyList<string> usages, SubjectAlternativeNameBuilder? names)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. usages.Select(u => new Oid(u))], false));
        if (names is not null) request.CertificateExtensions.Add(names.Build());
    }

    private X509Certificate2 SignRequest(CertificateRequest request, TimeSpan lifetime)
    {
        var now = DateTimeOffset.UtcNow;
        var end = now + lifetime < certificate.NotAfter ? now + lifetime : certificate.NotAfter;
        Span<byte> serial = stackalloc byte[16];
        RandomNumberGenerator.Fill(serial);
        serial[0] &= 0x7f;
        return request.Create(certificate, now.AddMinutes(-5), end, serial);
    }
}

/// <summary>Builds the subject of a certificate: CN names the user, each O a group.</summary>
internal readonly struct X500DistinguishedNameBuilderOf(string user, IReadOnlyList<string> groups)
{
    internal X500DistinguishedName Build()
    {
        var builder = new X500DistinguishedNameBuilder();
        foreach (var group in groups) builder.AddOrganizationName(group);
        builder.AddCommonName(user);
        return builder.Build();
    }
}

/// <summary>Files that only their owner may read.</summary>
public static class PrivateFile
{
    /// <summary>Writes through a temporary file, so that a crash leaves the old content or the new, never half.</summary>
    public static void Write(string path, string content)
    {
        var temporary = path + ".new";
        using (var stream = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
        using (var writer = new StreamWriter(stream)) writer.Write(content);
        File.Move(temporary, path, overwrite: true);
    }
}
