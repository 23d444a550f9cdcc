using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Strategies;
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
        if (resource.Strategy.CountsGenerations) metadata["generation"] = 1L;
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
            throw ApiError.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
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
        if (metadata.Text("generateName") is { Length: > 0 } prefix) errors.InvalidEach("metadata.generateName", prefix, resource.Strategy.NameErrors(Masked(prefix)));
        if (name.Length == 0) errors.Required("metadata.name", "name or generateName is required");
        else errors.InvalidEach("metadata.name", name, resource.Strategy.NameErrors(name));
        if (resource.Type.Namespaced && metadata.Text("namespace") is { } ns) errors.InvalidEach("metadata.namespace", ns, Names.DnsLabelErrors(ns));
        if (metadata.Number("generation") is < 0 and var generation) errors.Invalid("metadata.generation", generation, "must be greater than or equal to 0");
        LabelRules.Labels(metadata, "labels", "metadata.labels", errors);
        Annotations(metadata, "metadata.annotations", errors);
        Owners(metadata, errors);
        Finalizers(metadata, errors);
        if (resource.Definition is null && !IsExtension(resource.Type.Group)) KnownFinalizers(metadata, errors);
    }

    // What a generated name starts with may end in a dash.
    private static string Masked(string prefix) => prefix.Length > 1 && prefix.EndsWith('-') ? prefix[..^2] + "a" : prefix;

    internal static void Annotations(JsonObject metadata, string path, FieldErrors errors)
    {
        long bytes = 0;
        foreach (var (key, text) in metadata.Map("annotations"))
        {
            errors.InvalidEach(path, key, Names.QualifiedNameErrors(key.ToLowerInvariant()));
            bytes += System.Text.Encoding.UTF8.GetByteCount(key) + System.Text.Encoding.UTF8.GetByteCount(text);
        }
        if (bytes > MostAnnotationBytes) errors.TooLong(path, MostAnnotationBytes);
    }

    private static void Finalizers(JsonObject metadata, FieldErrors errors)
    {
        var all = metadata.Texts("finalizers").ToList();
        foreach (var finalizer in all) errors.InvalidEach("metadata.finalizers", finalizer, Names.QualifiedNameErrors(finalizer));
        if (all.Contains("orphan") && all.Contains("foregroundDeletion"))
            errors.Invalid("metadata.finalizers", metadata["finalizers"], "finalizer orphan and foregroundDeletion cannot be both set");
    }

    // Served by extensions of upstream's server, which look at names of finalizers as for any kind that users define.
    private static bool IsExtension(string group) => group is "apiextensions.k8s.io" or "apiregistration.k8s.io" || group.EndsWith(".kubevirt.io", StringComparison.Ordinal) || group == "kubevirt.io";

    // Kinds of our own are stricter than those that users define: a finalizer names its domain.
    private static void KnownFinalizers(JsonObject metadata, FieldErrors errors)
    {
        foreach (var (finalizer, i) in metadata.Texts("finalizers").Select((f, i) => (f, i)))
            if (!finalizer.Contains('/') && finalizer is not ("kubernetes" or "orphan" or "foregroundDeletion"))
                errors.Invalid($"metadata.finalizers[{i}]", finalizer, "name is neither a standard finalizer name nor is it fully qualified");
    }

    private static void Owners(JsonObject metadata, FieldErrors errors)
    {
        const string path = "metadata.ownerReferences";
        var controller = "";
        foreach (var owner in metadata.Objects("ownerReferences"))
        {
            if (owner.Text("apiVersion") is not { Length: > 0 } version || version.EndsWith('/')) errors.Invalid(path + ".apiVersion", owner.Text("apiVersion") ?? "", "version must not be empty");
            foreach (var field in (ReadOnlySpan<string>)["kind", "name", "uid"])
                if (owner.Text(field) is not { Length: > 0 }) errors.Invalid(path + "." + field, "", "must not be empty");
            if (owner.Text("apiVersion") == "v1" && owner.Text("kind") == "Event") errors.Invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner");
            if (owner.Flag("controller") != true) continue;
            var found = owner.Text("kind") + "/" + owner.Text("name");
            if (controller.Length > 0) errors.Invalid(path, metadata["ownerReferences"], $"Only one reference can have Controller set to true. Found \"true\" in references for {controller} and {found}");
            else controller = found;
        }
    }
}
