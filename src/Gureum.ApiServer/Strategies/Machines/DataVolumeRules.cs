using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies.Machines;

/// <summary>What a DataVolume may ask for: a claim of a size, filled from one source (containerized-data-importer, doc/datavolumes.md).</summary>
internal static class DataVolumeRules
{
    private static readonly string[] Sources = ["blank", "gcs", "http", "imageio", "pvc", "registry", "s3", "snapshot", "upload", "vddk"], Supported = ["blank", "http", "pvc", "registry", "upload"];

    internal static void Validate(JsonObject spec, string path, FieldErrors errors)
    {
        if (spec.Child("source") is not { } source)
            errors.Required($"{path}.source", spec.ContainsKey("sourceRef") ? "sourceRef is not supported by Gureum; give the source itself" : "Data volume should have either Source or SourceRef");
        else
        {
            var given = Sources.Where(source.ContainsKey).ToList();
            if (given.Count != 1) errors.Invalid($"{path}.source", source, given.Count == 0 ? "Missing dataVolume valid source" : "Multiple dataVolume sources");
            else if (!Supported.Contains(given[0])) errors.Unsupported($"{path}.source", given[0], Supported);
            else Source(source.Child(given[0]) ?? [], given[0], $"{path}.source.{given[0]}", errors);
        }
        if (spec.ContainsKey("pvc") == spec.ContainsKey("storage")) errors.Invalid(path, "pvc, storage", "DataVolume requires either PVC spec or storage spec, and not both");
        if (spec.Text("contentType") is { Length: > 0 } content && content != "kubevirt") errors.Unsupported($"{path}.contentType", content, ["kubevirt"]);
        foreach (var name in (ReadOnlySpan<string>)["checkpoints", "finalCheckpoint", "serviceAccountName"])
            if (spec[name] is { } asked && asked is not JsonArray { Count: 0 } && spec.Flag(name) != false) errors.Forbidden($"{path}.{name}", "this part of the importer's API is not supported by Gureum");
    }

    private static void Source(JsonObject source, string kind, string path, FieldErrors errors)
    {
        switch (kind)
        {
            case "http":
                if (!Uri.TryCreate(source.Text("url"), UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https")) errors.Invalid($"{path}.url", source["url"], "must be an http or https URL");
                foreach (var name in (ReadOnlySpan<string>)["secretRef", "extraHeaders", "secretExtraHeaders"])
                    if (source[name] is { } asked && asked is not JsonArray { Count: 0 }) errors.Forbidden($"{path}.{name}", "this part of the importer's API is not supported by Gureum");
                break;
            case "registry":
                if (source.Text("url") is not { Length: > 0 } image || !image.StartsWith("docker://", StringComparison.Ordinal)) errors.Invalid($"{path}.url", source["url"], "must be docker://IMAGE");
                break;
            case "pvc": if (source.Text("name") is not { Length: > 0 }) errors.Required($"{path}.name"); break;
            default: break;
        }
    }
}

/// <summary>A claim that is filled before it is used. Neither what it holds nor its size changes afterwards.</summary>
internal sealed class DataVolumeStrategy : Strategy
{
    public override void Validate(JsonObject value, FieldErrors errors)
    {
        if (value.Child("spec") is not { } spec) { errors.Required("spec"); return; }
        DataVolumeRules.Validate(spec, "spec", errors);
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors) => Immutable(value, old, errors, "spec");
}
