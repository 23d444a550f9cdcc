using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies.Machines;

/// <summary>What a DataVolume may ask for: a claim of a size, filled from one source (containerized-data-importer, doc/datavolumes.md).</summary>
internal static class DataVolumeRules
{
    private static readonly string[] Sources = ["blank", "gcs", "http", "imageio", "pvc", "registry", "s3", "snapshot", "upload", "vddk"], Supported = ["blank", "http", "pvc", "registry", "upload"];
    private static readonly string[] Checksums = ["md5", "sha1", "sha256", "sha512"];

    /// <param name="ns">The namespace that the volume is in.</param>
    internal static void Validate(JsonObject spec, string path, string? ns, FieldErrors errors)
    {
        if (spec.Child("source") is not { } source)
            errors.Required($"{path}.source", spec.ContainsKey("sourceRef") ? "sourceRef is not supported by Gureum; give the source itself" : "Data volume should have either Source or SourceRef");
        else
        {
            var given = Sources.Where(source.ContainsKey).ToList();
            if (given.Count != 1) errors.Invalid($"{path}.source", source, given.Count == 0 ? "Missing dataVolume valid source" : "Multiple dataVolume sources");
            else if (!Supported.Contains(given[0])) errors.Unsupported($"{path}.source", given[0], Supported);
            else Source(source.Child(given[0]) ?? [], given[0], $"{path}.source.{given[0]}", ns, errors);
        }
        if (spec.ContainsKey("pvc") == spec.ContainsKey("storage")) errors.Invalid(path, "pvc, storage", "DataVolume requires either PVC spec or storage spec, and not both");
        else if (spec.Child("pvc") is { } claim) Storage(claim, "PVC", $"{path}.pvc", sized: true, errors);
        else Storage(spec.Child("storage") ?? [], "Storage", $"{path}.storage", sized: spec.Child("source")?.ContainsKey("pvc") != true, errors);
        if (spec.Text("contentType") is { Length: > 0 } content && content != "kubevirt") errors.Unsupported($"{path}.contentType", content, ["kubevirt"]);
        foreach (var name in (ReadOnlySpan<string>)["checkpoints", "finalCheckpoint", "serviceAccountName"])
            if (spec[name] is { } asked && asked is not JsonArray { Count: 0 } && spec.Flag(name) != false) errors.Forbidden($"{path}.{name}", "this part of the importer's API is not supported by Gureum");
    }

    private static void Source(JsonObject source, string kind, string path, string? ns, FieldErrors errors)
    {
        switch (kind)
        {
            case "http":
                if (!Uri.TryCreate(source.Text("url"), UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https")) errors.Invalid($"{path}.url", source["url"], "must be an http or https URL");
                foreach (var name in (ReadOnlySpan<string>)["secretRef", "extraHeaders", "secretExtraHeaders"])
                    if (source[name] is { } asked && asked is not JsonArray { Count: 0 }) errors.Forbidden($"{path}.{name}", "this part of the importer's API is not supported by Gureum");
                if (source.Text("checksum") is { Length: > 0 } sum && !Checksums.Contains(sum.Split(':')[0].ToLowerInvariant())) errors.Invalid($"{path}.checksum", sum, "must be ALGORITHM:HEX, with md5, sha1, sha256 or sha512");
                break;
            case "registry":
                if (source.Text("url") is not { Length: > 0 } image || !image.StartsWith("docker://", StringComparison.Ordinal)) errors.Invalid($"{path}.url", source["url"], "must be docker://IMAGE");
                foreach (var name in (ReadOnlySpan<string>)["secretRef", "certConfigMap", "imageStream", "platform"])
                    if (source.ContainsKey(name)) errors.Forbidden($"{path}.{name}", "this part of the importer's API is not supported by Gureum");
                break;
            case "pvc":
                if (source.Text("name") is not { Length: > 0 }) errors.Required($"{path}.name");
                if (source.Text("namespace") is { Length: > 0 } from && ns is { Length: > 0 } && from != ns) errors.Forbidden($"{path}.namespace", $"cloning from another namespace is not supported by Gureum; accepted is {ns}");
                break;
            default: break;
        }
    }

    // A clone may leave its size to its source, in the storage form.
    private static void Storage(JsonObject storage, string what, string path, bool sized, FieldErrors errors)
    {
        if (what == "PVC" && storage.Texts("accessModes").Any() is false) errors.Required($"{path}.accessModes", "at least 1 access mode is required");
        if (storage.Texts("accessModes").Skip(1).Any()) errors.Invalid($"{path}.accessModes", storage["accessModes"], "PVC multiple accessModes");
        if (storage.Child("resources")?.Child("requests")?.Text("storage") is not { Length: > 0 } text)
        {
            if (sized) errors.Required($"{path}.resources.requests.storage", $"{what} size is missing");
            return;
        }
        if (!Quantity.TryParse(text, out var size)) errors.Invalid($"{path}.resources.requests.storage", text, "must be a quantity");
        else if (size <= Quantity.Zero) errors.Invalid($"{path}.resources.requests.storage", text, $"{what} size can't be equal or less than zero");
        else if (size < Quantity.Parse("1Mi")) errors.Invalid($"{path}.resources.requests.storage", text, $"{what} size should be at least 1MiB");
    }
}

/// <summary>A claim that is filled before it is used. Neither what it holds nor its size changes afterwards.</summary>
internal sealed class DataVolumeStrategy : Strategy
{
    public override void Validate(JsonObject value, FieldErrors errors)
    {
        if (value.Child("spec") is not { } spec) return;
        DataVolumeRules.Validate(spec, "spec", value.Child("metadata")?.Text("namespace"), errors);
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors) => Immutable(value, old, errors, "spec");
}
