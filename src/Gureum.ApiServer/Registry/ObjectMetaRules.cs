using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Registry;

/// <summary>What holds for the metadata of every kind.</summary>
internal static class ObjectMetaRules
{
    private const int MostAnnotationBytes = 256 * 1024;
    private const string Suffixes = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>Checks name and namespace against the path and fills what the server owns of a new object.</summary>
    internal static void PrepareForCreate(Resource resource, JsonObject value, string? ns, DateTimeOffset now)
    {
        var metadata = value.Need("metadata");
        var given = metadata.Text("namespace");
        if (resource.Type.Namespaced)
        {
            if (!string.IsNullOrEmpty(given) && given != ns) throw ApiError.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
            metadata["namespace"] = ns;
        }
        else metadata.Remove("namespace");
        if (metadata.Text("resourceVersion") is { Length: > 0 }) throw ApiError.BadRequest("resourceVersion should not be set on objects to be created");
        if (metadata.Text("name") is not { Length: > 0 } && metadata.Text("generateName") is { Length: > 0 } prefix)
            metadata["name"] = (prefix.Length > 58 ? prefix[..58] : prefix) + Suffix();
        metadata.Remove("resourceVersion");
        metadata.Remove("selfLink");
        metadata.Remove("deletionTimestamp");
        metadata.Remove("deletionGracePeriodSeconds");
        metadata["uid"] = Guid.NewGuid().ToString();
        metadata["creationTimestamp"] = Times.Format(now);
        if (resource.Strategy.CountsGenerations && value.ContainsKey("spec")) metadata["generation"] = 1L;
        else metadata.Remove("generation");
    }

    internal static string Suffix() => string.Create(5, 0, static (span, _) => { foreach (ref var c in span) c = Suffixes[Random.Shared.Next(Suffixes.Length)]; });

    /// <summary>Brings back what an update may not change, and refuses what it tries to.</summary>
    internal static void PrepareForUpdate(Resource resource, JsonObject value, JsonObject old, string name)
    {
        var (metadata, before) = (value.Need("metadata"), old.Need("metadata"));
        if (metadata.Text("name") is { Length: > 0 } given && given != name)
            throw ApiError.BadRequest($"the name of the object ({given}) does not match the name on the URL ({name})");
        if (metadata.Text("namespace") is { Length: > 0 } ns && before.Text("namespace") is { } stored && ns != stored)
            throw ApiError.BadRequest($"the namespace of the object ({ns}) does not match the namespace on the URL ({stored})");
        if (metadata.Text("uid") is { Length: > 0 } uid && uid != before.Text("uid"))
            throw ApiError.Conflict(resource.Type, name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {before.Text("uid")}");
        metadata.Remove("resourceVersion");
        metadata.Remove("selfLink");
        foreach (var field in (ReadOnlySpan<string>)["name", "namespace", "uid", "creationTimestamp", "generateName", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"])
        {
            metadata.Remove(field);
            if (before.TryGetPropertyValue(field, out var kept)) metadata[field] = kept?.DeepClone();
        }
    }

    /// <summary>Counts a generation when anything but metadata and status changed.</summary>
    internal static void CountGeneration(Resource resource, JsonObject value, JsonObject old)
    {
        if (!resource.Strategy.CountsGenerations) return;
        var same = value.Where(p => p.Key is not ("metadata" or "status" or "kind" or "apiVersion")).All(p => JsonNode.DeepEquals(p.Value, old[p.Key]))
            && old.All(p => p.Key is "metadata" or "status" or "kind" or "apiVersion" || value.ContainsKey(p.Key));
        if (!same) value.Need("metadata")["generation"] = (old.Child("metadata")?.Number("generation") ?? 0) + 1;
    }

    internal static void Validate(Resource resource, JsonObject value, FieldErrors errors)
    {
        var metadata = value.Need("metadata");
        var name = metadata.Text("name") ?? "";
        if (name.Length == 0) errors.Required("metadata.name", "name or generateName is required");
        else errors.InvalidIf("metadata.name", name, resource.Strategy.NameError(name));
        if (resource.Type.Namespaced && metadata.Text("namespace") is { } ns) errors.InvalidIf("metadata.namespace", ns, Names.DnsLabelError(ns));
        foreach (var (key, text) in metadata.Map("labels"))
        {
            errors.InvalidIf("metadata.labels", key, Names.QualifiedNameError(key));
            errors.InvalidIf("metadata.labels", text, Names.LabelValueError(text));
        }
        long bytes = 0;
        foreach (var (key, text) in metadata.Map("annotations"))
        {
            errors.InvalidIf("metadata.annotations", key, Names.QualifiedNameError(key.ToLowerInvariant()));
            bytes += key.Length + text.Length;
        }
        if (bytes > MostAnnotationBytes) errors.TooLong("metadata.annotations", MostAnnotationBytes);
        foreach (var (finalizer, i) in metadata.Texts("finalizers").Select((f, i) => (f, i)))
            errors.InvalidIf($"metadata.finalizers[{i}]", finalizer, Names.QualifiedNameError(finalizer));
        ValidateOwners(metadata, errors);
    }

    private static void ValidateOwners(JsonObject metadata, FieldErrors errors)
    {
        var controllers = 0;
        foreach (var (owner, i) in metadata.Objects("ownerReferences").Select((o, i) => (o, i)))
        {
            var path = $"metadata.ownerReferences[{i}]";
            foreach (var field in (ReadOnlySpan<string>)["apiVersion", "kind", "name", "uid"])
                if (owner.Text(field) is not { Length: > 0 }) errors.Invalid(path + "." + field, owner.Text(field) ?? "", field + " must not be empty");
            if (owner.Flag("controller") == true && ++controllers == 2) errors.Invalid("metadata.ownerReferences", "", "Only one reference can have Controller set to true");
        }
    }
}
