using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Certificates;

/// <summary>What a PKCS#10 request asks for (immutable).</summary>
internal sealed record RequestedCertificate(string Pem, string User, IReadOnlyList<string> Groups, bool HasNames);

/// <summary>Reads the request inside a CertificateSigningRequest, and knows what each built-in signer signs.</summary>
internal static class CertificateRequestReading
{
    internal const string ApiClient = "kubernetes.io/kube-apiserver-client", KubeletClient = "kubernetes.io/kube-apiserver-client-kubelet", KubeletServing = "kubernetes.io/kubelet-serving";
    private const string CommonName = "2.5.4.3", Organization = "2.5.4.10", AlternativeNames = "2.5.29.17";

    /// <summary>Null when the request cannot be read or is not signed by its own key.</summary>
    internal static RequestedCertificate? Read(JsonObject request)
    {
        try
        {
            var pem = Encoding.UTF8.GetString(Convert.FromBase64String(request.Child("spec")?.Text("request") ?? ""));
            var read = CertificateRequest.LoadSigningRequestPem(pem, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
            var parts = read.SubjectName.EnumerateRelativeDistinguishedNames().Where(n => !n.HasMultipleElements).Select(n => (n.GetSingleElementType().Value, Text: n.GetSingleElementValue() ?? "")).ToList();
            return new RequestedCertificate(pem, parts.FirstOrDefault(p => p.Value == CommonName).Text ?? "", [.. parts.Where(p => p.Value == Organization).Select(p => p.Text)], read.CertificateExtensions.Any(e => e.Oid?.Value == AlternativeNames));
        }
        catch (Exception e) when (e is FormatException or CryptographicException or ArgumentException or InvalidOperationException) { return null; }
    }

    /// <summary>Why the signer named would not sign this, or null.</summary>
    internal static string? Refusal(JsonObject request, RequestedCertificate asked)
    {
        var spec = request.Child("spec") ?? [];
        var usages = spec.Texts("usages").ToHashSet();
        var role = spec.Text("signerName") == KubeletServing ? "server auth" : "client auth";
        if (!usages.Contains(role)) return $"usages must contain \"{role}\"";
        if (usages.Except(["digital signature", "key encipherment", role]).ToList() is { Count: > 0 } others) return $"usages [{string.Join(", ", others)}] are not signed by {spec.Text("signerName")}";
        if (spec.Text("signerName") == ApiClient) return null;
        if (asked.Groups is not ["system:nodes"]) return "subject organization is not system:nodes";
        if (!asked.User.StartsWith("system:node:", StringComparison.Ordinal)) return "subject common name does not begin with system:node:";
        return spec.Text("signerName") == KubeletServing != asked.HasNames ? spec.Text("signerName") == KubeletServing ? "DNS or IP subject alternative name is required" : "subject alternative names are not allowed" : null;
    }
}
