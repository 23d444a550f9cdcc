using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Gureum.Objects.Certificates.V1;

namespace Gureum.Controllers.CertificateRequests;

/// <summary>What a node's request for a certificate is recognised by. Pure.</summary>
public static class NodeRequests
{
    public const string ClientSigner = "kubernetes.io/kube-apiserver-client-kubelet", ServingSigner = "kubernetes.io/kubelet-serving";
    private const string UserPrefix = "system:node:", Group = "system:nodes", CommonName = "2.5.4.3", Organization = "2.5.4.10", AlternativeNames = "2.5.29.17";
    private static readonly string[] Accompanying = ["digital signature", "key encipherment"];

    /// <summary>The name of the node that a well-formed request for a node's client certificate is for; else null.</summary>
    public static string? ClientOf(CertificateSigningRequest request) =>
        request.Spec.SignerName == ClientSigner && HasUsages(request, "client auth") && Read(request) is { Names: null } read && read.Groups is [Group] ? read.Node : null;

    /// <summary>
    /// The name of the node that a request for its server's certificate is for; else null. Only a node may ask, for itself, and for its
    /// own name alone: addresses are not asked for, since a node's word is all that would stand behind them.
    /// </summary>
    public static string? ServingOf(CertificateSigningRequest request)
    {
        if (request.Spec.SignerName != ServingSigner || !HasUsages(request, "server auth") || Read(request) is not { Node: { } node } read || read.Groups is not [Group]) return null;
        return request.Spec.Username == UserPrefix + node && request.Spec.Groups.Contains(Group) && read.Names is [var name] && name == node && !IsReserved(node) ? node : null;
    }

    /// <summary>Names that the API server is found by: a node that had one could stand in for it.</summary>
    public static bool IsReserved(string node) => node == "localhost" || node == "kubernetes" || node.StartsWith("kubernetes.default", StringComparison.Ordinal);

    private static bool HasUsages(CertificateSigningRequest request, string role) => request.Spec.Usages.Contains(role) && request.Spec.Usages.All(u => u == role || Accompanying.Contains(u));

    private sealed record Asked(string? Node, IReadOnlyList<string> Groups, IReadOnlyList<string>? Names);

    private static Asked? Read(CertificateSigningRequest request)
    {
        try
        {
            var read = CertificateRequest.LoadSigningRequestPem(Encoding.UTF8.GetString(request.Spec.Request ?? []), HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
            var parts = read.SubjectName.EnumerateRelativeDistinguishedNames().Where(n => !n.HasMultipleElements).Select(n => (n.GetSingleElementType().Value, Text: n.GetSingleElementValue() ?? "")).ToList();
            var user = parts.FirstOrDefault(p => p.Value == CommonName).Text ?? "";
            var names = read.CertificateExtensions.FirstOrDefault(e => e.Oid?.Value == AlternativeNames);
            return new Asked(user.StartsWith(UserPrefix, StringComparison.Ordinal) && user.Length > UserPrefix.Length ? user[UserPrefix.Length..] : null, [.. parts.Where(p => p.Value == Organization).Select(p => p.Text)], names is null ? null : NamesOf(names.RawData));
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or InvalidOperationException or AsnContentException) { return null; }
    }

    // DNS names as they are; anything else (an address, an e-mail) as a text that is no node's name.
    private static List<string> NamesOf(byte[] raw)
    {
        var names = new List<string>();
        var sequence = new AsnReader(raw, AsnEncodingRules.DER).ReadSequence();
        while (sequence.HasData)
        {
            var tag = sequence.PeekTag();
            if (tag is { TagClass: TagClass.ContextSpecific, TagValue: 2 }) names.Add(sequence.ReadCharacterString(UniversalTagNumber.IA5String, tag));
            else
            {
                sequence.ReadEncodedValue();
                names.Add($"[{tag.TagValue}]");
            }
        }
        return names;
    }
}
