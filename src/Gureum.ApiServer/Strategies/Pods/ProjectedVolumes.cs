using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies.Pods;

/// <summary>Volumes that are put together of several sources, whose files must not hide each other.</summary>
internal static class ProjectedVolumes
{
    private static readonly string[] KeyTypes = ["RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"];

    internal static void Validate(JsonObject volume, string path, FieldErrors errors)
    {
        var files = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, source) in volume.Objects("sources").Index())
        {
            var place = $"{path}.sources[{i}]";
            var count = 0;
            foreach (var field in (ReadOnlySpan<string>)["secret", "configMap"])
            {
                if (source.Child(field) is not { } named) continue;
                count++;
                PodVolumes.Need(named, $"{place}.{field}", errors, "name");
                foreach (var (j, item) in named.Objects("items").Index())
                {
                    PathRules.Item(item, $"{place}.{field}.items[{j}]", errors);
                    if (item.Text("path") is { Length: > 0 } at && !files.Add(at)) errors.Invalid(path, named.Text("name") ?? "", "conflicting duplicate paths");
                }
            }
            if (source.Child("downwardAPI") is { } facts)
            {
                count++;
                foreach (var file in facts.Objects("items"))
                {
                    EnvironmentRules.File(file, place + ".downwardAPI", errors);
                    if (file.Text("path") is { Length: > 0 } at) Once(at, path, files, errors);
                }
            }
            if (source.Child("serviceAccountToken") is { } token) { count++; Token(token, path, place + ".serviceAccountToken", errors); }
            if (source.Child("clusterTrustBundle") is { } bundle) { count++; Bundle(bundle, path, place + ".clusterTrustBundle", files, errors); }
            if (source.Child("podCertificate") is { } certificate) { count++; Certificate(certificate, path, place + ".podCertificate", files, errors); }
            if (count > 1) errors.Forbidden(place, "may not specify more than 1 volume type per source");
        }
    }

    private static void Once(string at, string path, HashSet<string> files, FieldErrors errors)
    {
        if (!files.Add(at)) errors.Invalid(path, at, "conflicting duplicate paths");
    }

    private static void Token(JsonObject token, string volume, string path, FieldErrors errors)
    {
        var seconds = token.Number("expirationSeconds") ?? 0;
        if (seconds < 600) errors.Invalid(path + ".expirationSeconds", seconds, "may not specify a duration less than 10 minutes");
        if (seconds > 1L << 32) errors.Invalid(path + ".expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds");
        if (token.Text("path") is not { Length: > 0 } at) errors.Required(volume + ".path");
        else PathRules.NotReserved(at, volume + ".path", errors);
    }

    private static void Bundle(JsonObject bundle, string volume, string path, HashSet<string> files, FieldErrors errors)
    {
        var (name, signer) = (bundle.Text("name"), bundle.Text("signerName"));
        if (name is not null && signer is not null) errors.Invalid(path, GoText.Of(bundle, "core.v1.ClusterTrustBundleProjection"), "only one of name and signerName may be used");
        else if (name is not null)
        {
            if (name.Length == 0) errors.Required(path + ".name", "must be a valid object name");
            var (prefix, rest) = name.LastIndexOf(':') is var colon and >= 0 ? (name[..colon], name[(colon + 1)..]) : ("", name);
            foreach (var reason in Names.DnsSubdomainErrors(rest)) errors.Invalid(path + ".name", name, $"not a valid clustertrustbundlename: {reason}");
            _ = prefix;
            if (bundle.Child("labelSelector") is { } selector) errors.Invalid(path + ".labelSelector", selector, "labelSelector must be unset if name is specified");
        }
        else if (signer is not null)
        {
            if (signer.Length == 0) errors.Required(path + ".signerName", "must be a valid signer name");
            SignerNames.Validate(signer, path + ".signerName", errors);
            LabelRules.Selector(bundle.Child("labelSelector"), path + ".labelSelector", errors);
        }
        else errors.Required(path, "either name or signerName must be specified");
        var at = bundle.Text("path") ?? "";
        if (at.Length == 0) errors.Required(path + ".path");
        PathRules.NotReserved(at, path + ".path", errors);
        Once(at, volume, files, errors);
    }

    private static void Certificate(JsonObject certificate, string volume, string path, HashSet<string> files, FieldErrors errors)
    {
        var signer = certificate.Text("signerName") ?? "";
        SignerNames.Validate(signer, path + ".signerName", errors);
        foreach (var (key, _) in certificate.Map("userAnnotations")) errors.InvalidEach(path + ".userAnnotations", key, Names.QualifiedNameErrors(key.ToLowerInvariant()));
        if (!KeyTypes.Contains(certificate.Text("keyType"))) errors.Unsupported(path + ".keyType", certificate.Text("keyType") ?? "", KeyTypes);
        if (certificate.Number("maxExpirationSeconds") is { } seconds)
        {
            var most = signer.StartsWith("kubernetes.io/", StringComparison.Ordinal) ? 86400 : 7862400;
            if (seconds < 3600) errors.Invalid(path + ".maxExpirationSeconds", seconds, "if provided, maxExpirationSeconds must be >= 3600");
            if (seconds > most) errors.Invalid(path + ".maxExpirationSeconds", seconds, $"if provided, maxExpirationSeconds must be <= {most}");
        }
        var any = false;
        foreach (var field in (ReadOnlySpan<string>)["credentialBundlePath", "keyPath", "certificateChainPath"])
        {
            if (certificate.Text(field) is not { Length: > 0 } at) continue;
            any = true;
            PathRules.NotReserved(at, $"{path}.{field}", errors);
            Once(at, volume, files, errors);
        }
        if (!any) errors.Required(path, "specify at least one of credentialBundlePath, keyPath, and certificateChainPath");
    }
}
