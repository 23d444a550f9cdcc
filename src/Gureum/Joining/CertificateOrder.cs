using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Gureum.Client;
using Gureum.Objects.Certificates.V1;
using Gureum.Objects.Meta.V1;

namespace Gureum.Joining;

/// <summary>A certificate with its private key. Immutable.</summary>
internal sealed record KeyPair(string CertificatePem, string KeyPem)
{
    private X509Certificate2? loaded;

    internal X509Certificate2 Certificate => loaded ??= Load();

    private X509Certificate2 Load()
    {
        using var ephemeral = X509Certificate2.CreateFromPem(CertificatePem, KeyPem);
        return X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), null);
    }
}

/// <summary>Has certificates for a node signed by the cluster: the key is made here and never leaves.</summary>
internal static class CertificateOrder
{
    private const string ClientSigner = "kubernetes.io/kube-apiserver-client-kubelet", ServingSigner = "kubernetes.io/kubelet-serving";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60), Look = TimeSpan.FromMilliseconds(100);

    /// <summary>A certificate by which the node is known to the API.</summary>
    /// <exception cref="CertificateRefusedException">The cluster said no, or nothing.</exception>
    internal static Task<KeyPair> ClientAsync(ApiClient client, string node, TimeProvider time, CancellationToken cancel) => RunAsync(client, node, ClientSigner, "client auth", named: false, time, cancel);

    /// <summary>A certificate for the node's own server.</summary>
    /// <inheritdoc cref="ClientAsync"/>
    internal static Task<KeyPair> ServingAsync(ApiClient client, string node, TimeProvider time, CancellationToken cancel) => RunAsync(client, node, ServingSigner, "server auth", named: true, time, cancel);

    private static async Task<KeyPair> RunAsync(ApiClient client, string node, string signer, string usage, bool named, TimeProvider time, CancellationToken cancel)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var made = await client.CreateAsync(new CertificateSigningRequest
        {
            Metadata = new ObjectMeta { GenerateName = "node-csr-" },
            Spec = new CertificateSigningRequestSpec { SignerName = signer, Usages = ["digital signature", usage], Request = Encoding.UTF8.GetBytes(Request(key, node, named)) },
        }, cancel);
        var began = time.GetTimestamp();
        while (true)
        {
            var request = await client.GetAsync<CertificateSigningRequest>(null, made.Metadata.Name!, cancel);
            if (request.Status.Certificate is { Length: > 0 } pem) return new KeyPair(Encoding.UTF8.GetString(pem), key.ExportPkcs8PrivateKeyPem() + "\n");
            if (request.Status.Conditions.FirstOrDefault(c => c.Type is "Denied" or "Failed") is { } no) throw new CertificateRefusedException(no.Message ?? no.Reason ?? no.Type ?? "");
            if (time.GetElapsedTime(began) > Patience) throw new CertificateRefusedException($"nobody answered the certificate request {made.Metadata.Name} within {Patience.TotalSeconds:0} s: see `kubectl describe csr {made.Metadata.Name}` on the server");
            await Task.Delay(Look, time, cancel);
        }
    }

    private static string Request(ECDsa key, string node, bool named)
    {
        var subject = new X500DistinguishedNameBuilder();
        subject.AddOrganizationName("system:nodes");
        subject.AddCommonName("system:node:" + node);
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
        if (named)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName(node);
            request.CertificateExtensions.Add(names.Build());
        }
        return request.CreateSigningRequestPem();
    }
}

/// <summary>The cluster did not sign a certificate; the message says why.</summary>
internal sealed class CertificateRefusedException(string message) : Exception(message);
