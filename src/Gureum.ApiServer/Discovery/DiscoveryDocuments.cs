using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Gureum.ApiServer.Aggregation;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Gureum.Objects.Models;

namespace Gureum.ApiServer.Discovery;

/// <summary>
/// What is served, in the forms that clients ask for: /api, /apis and their groups and versions, legacy or aggregated
/// (https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api). Documents are kept until the catalog changes.
/// </summary>
public sealed class DiscoveryDocuments(ResourceCatalog catalog)
{
    /// <summary>What other servers serve; null where there are none.</summary>
    internal RemoteServices? Remotes { get; init; }

    private long Now => catalog.Version + (Remotes?.Version ?? 0);

    private readonly Lock gate = new();
    private readonly Dictionary<string, byte[]> known = new(StringComparer.Ordinal);
    private long version;

    internal ApiResult? Find(ApiCall call, RequestTarget target)
    {
        var path = target.Path.TrimEnd('/');
        if (target.Verb is not ("get" or "head") || !(path is "/api" or "/apis" || path.StartsWith("/api/", StringComparison.Ordinal) || path.StartsWith("/apis/", StringComparison.Ordinal))) return null;
        var aggregated = path is "/api" or "/apis" && Aggregated(call.Accept) is { } stage ? stage : null;
        var body = Document(path, aggregated);
        if (body is null) return null;
        if (aggregated is null) return new BodyResult(200, body);
        // Clients keep the whole of discovery, and ask whether it has changed.
        return new BodyResult(200, body, $"application/json;g=apidiscovery.k8s.io;v={aggregated};as=APIGroupDiscoveryList") { ETag = $"\"{Convert.ToHexString(SHA256.HashData(body))}\"" };
    }

    private static string? Aggregated(string accept)
    {
        foreach (var option in accept.Split(','))
            if (option.Contains("as=APIGroupDiscoveryList", StringComparison.Ordinal) && option.TrimStart().StartsWith("application/json", StringComparison.Ordinal))
                return option.Contains("v=v2beta1", StringComparison.Ordinal) ? "v2beta1" : "v2";
        return null;
    }

    private byte[]? Document(string path, string? aggregated)
    {
        var key = path + " " + aggregated;
        lock (gate)
        {
            if (version != Now) { known.Clear(); version = Now; }
            if (known.TryGetValue(key, out var found)) return found;
        }
        var made = Make(path, aggregated);
        if (made is null) return null;
        lock (gate) known[key] = made;
        return made;
    }

    private byte[]? Make(string path, string? aggregated)
    {
        var resources = catalog.All.ToList();
        if (aggregated is not null) return Write(w => AggregatedList(w, aggregated, PublishedVersions(resources).Where(v => v.Group.Length == 0 == (path == "/api"))));
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        switch (parts)
        {
            case ["api"]:
                return Write(w =>
                {
                    w.WriteString("kind"u8, "APIVersions"u8);
                    w.WriteStartArray("versions"u8);
                    w.WriteStringValue("v1"u8);
                    w.WriteEndArray();
                    w.WriteStartArray("serverAddressByClientCIDRs"u8);
                    w.WriteEndArray();
                });
            case ["apis"]:
                return Write(w =>
                {
                    w.WriteString("kind"u8, "APIGroupList"u8);
                    w.WriteString("apiVersion"u8, "v1"u8);
                    w.WriteStartArray("groups"u8);
                    foreach (var group in Groups(PublishedVersions(resources))) { w.WriteStartObject(); Group(w, group); w.WriteEndObject(); }
                    w.WriteEndArray();
                });
            case ["apis", var name]:
                var one = Groups(PublishedVersions(resources)).FirstOrDefault(g => g.Key == name);
                return one is null ? null : Write(w => { w.WriteString("kind"u8, "APIGroup"u8); w.WriteString("apiVersion"u8, "v1"u8); Group(w, one); });
            case ["api", var v]: return ResourceList(resources, v);
            case ["apis", var g, var v]: return ResourceList(resources, g + "/" + v);
            default: return null;
        }
    }

    /// <summary>A version of a group and who has it.</summary>
    private sealed record Published(string Group, string Version, (int Group, int Version) Priority, IReadOnlyList<Resource> Resources, RemoteService? Remote);

    // What another server serves is its own, whatever this one has of the same name.
    private List<Published> PublishedVersions(IReadOnlyList<Resource> resources)
    {
        var remotes = Remotes?.All ?? [];
        return
        [
            .. remotes.Select(static r => new Published(r.Group, r.Version, (r.GroupPriority, r.VersionPriority), [], r)),
            .. AnsweredGroups.All.Where(g => !remotes.Any(r => r.Group == g.Group && r.Version == g.Version)).Select(static g => new Published(g.Group, g.Version, GroupPriorities.Of(g.Group, g.Version), [], null)),
            .. resources.GroupBy(static r => (r.Type.Group, r.Type.Version)).Where(g => !remotes.Any(r => r.Group == g.Key.Group && r.Version == g.Key.Version))
                .Select(static g => new Published(g.Key.Group, g.Key.Version, GroupPriorities.Of(g.Key.Group, g.Key.Version), [.. g], null)),
        ];
    }

    // kubectl resolves short names to the first group that has them.
    private static IEnumerable<IGrouping<string, Published>> Groups(IEnumerable<Published> versions) =>
        versions.Where(static v => v.Group.Length > 0).GroupBy(static v => v.Group).OrderByDescending(static g => g.Max(static v => v.Priority.Group)).ThenBy(static g => g.Key, StringComparer.Ordinal);

    private static IEnumerable<Published> Preferred(IEnumerable<Published> versions) => versions.OrderByDescending(static v => v.Priority.Version).ThenBy(static v => v.Version, KubeVersionComparer.Instance);

    private static void Group(Utf8JsonWriter w, IGrouping<string, Published> group)
    {
        var versions = Preferred(group).Select(static v => v.Version).ToList();
        w.WriteString("name"u8, group.Key);
        w.WriteStartArray("versions"u8);
        foreach (var v in versions) Version(w, group.Key, v);
        w.WriteEndArray();
        w.WritePropertyName("preferredVersion"u8);
        Version(w, group.Key, versions[0]);
    }

    private static void Version(Utf8JsonWriter w, string group, string v)
    {
        w.WriteStartObject();
        w.WriteString("groupVersion"u8, group + "/" + v);
        w.WriteString("version"u8, v);
        w.WriteEndObject();
    }

    private static byte[] AnsweredList(AnsweredGroup group) => Write(w =>
    {
        w.WriteString("kind"u8, "APIResourceList"u8);
        w.WriteString("apiVersion"u8, "v1"u8);
        w.WriteString("groupVersion"u8, $"{group.Group}/{group.Version}");
        w.WriteStartArray("resources"u8);
        foreach (var resource in group.Resources)
        {
            w.WriteStartObject();
            w.WriteString("name"u8, resource.Name);
            w.WriteString("singularName"u8, resource.Singular);
            w.WriteBoolean("namespaced"u8, resource.Namespaced);
            w.WriteString("kind"u8, resource.Kind);
            Strings(w, "verbs"u8, resource.Verbs);
            w.WriteEndObject();
        }
        w.WriteEndArray();
    });

    private static byte[]? ResourceList(List<Resource> all, string apiVersion)
    {
        var resources = all.Where(r => r.Type.ApiVersion == apiVersion).OrderBy(r => r.Type.Plural, StringComparer.Ordinal).ToList();
        if (resources.Count == 0) return AnsweredGroups.Find(apiVersion) is { } answered ? AnsweredList(answered) : null;
        return Write(w =>
        {
            w.WriteString("kind"u8, "APIResourceList"u8);
            w.WriteString("apiVersion"u8, "v1"u8);
            w.WriteString("groupVersion"u8, apiVersion);
            w.WriteStartArray("resources"u8);
            foreach (var resource in resources)
            {
                w.WriteStartObject();
                w.WriteString("name"u8, resource.Type.Plural);
                w.WriteString("singularName"u8, resource.Facts.Singular);
                w.WriteBoolean("namespaced"u8, resource.Type.Namespaced);
                w.WriteString("kind"u8, resource.Type.Kind);
                Strings(w, "verbs"u8, resource.Facts.Verbs);
                if (resource.Facts.ShortNames.Count > 0) Strings(w, "shortNames"u8, resource.Facts.ShortNames);
                if (resource.Facts.Categories.Count > 0) Strings(w, "categories"u8, resource.Facts.Categories);
                if (resource.Facts.Verbs.Contains("watch")) w.WriteString("storageVersionHash"u8, StorageHash(resource.StoredAs));
                w.WriteEndObject();
                foreach (var sub in resource.Facts.Subresources)
                {
                    w.WriteStartObject();
                    w.WriteString("name"u8, resource.Type.Plural + "/" + sub.Name);
                    w.WriteString("singularName"u8, ""u8);
                    w.WriteBoolean("namespaced"u8, resource.Type.Namespaced);
                    if (sub.BodyApiVersion != apiVersion)
                    {
                        var slash = sub.BodyApiVersion.IndexOf('/');
                        if (slash > 0) w.WriteString("group"u8, sub.BodyApiVersion.AsSpan(0, slash));
                        w.WriteString("version"u8, sub.BodyApiVersion.AsSpan(slash + 1));
                    }
                    w.WriteString("kind"u8, sub.BodyKind);
                    Strings(w, "verbs"u8, sub.Verbs);
                    w.WriteEndObject();
                }
            }
            w.WriteEndArray();
        });
    }

    // Tells clients that migrate stored objects when another version is stored: equal hashes, equal storage.
    private static string StorageHash(ResourceType stored) =>
        Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes($"{stored.Group}/{stored.Version}/{stored.Kind}")).AsSpan(0, 8));

    private static void AggregatedList(Utf8JsonWriter w, string stage, IEnumerable<Published> published)
    {
        w.WriteString("kind"u8, "APIGroupDiscoveryList"u8);
        w.WriteString("apiVersion"u8, "apidiscovery.k8s.io/" + stage);
        w.WriteStartObject("metadata"u8);
        w.WriteEndObject();
        w.WriteStartArray("items"u8);
        foreach (var group in published.GroupBy(static v => v.Group).OrderByDescending(static g => g.Max(static v => v.Priority.Group)).ThenBy(static g => g.Key, StringComparer.Ordinal))
        {
            w.WriteStartObject();
            w.WriteStartObject("metadata"u8);
            if (group.Key.Length > 0) w.WriteString("name"u8, group.Key);
            w.WriteNull("creationTimestamp"u8);
            w.WriteEndObject();
            w.WriteStartArray("versions"u8);
            foreach (var version in Preferred(group)) AggregatedVersion(w, version);
            w.WriteEndArray();
            w.WriteEndObject();
        }
        w.WriteEndArray();
    }

    private static void AggregatedVersion(Utf8JsonWriter w, Published version)
    {
        w.WriteStartObject();
        w.WriteString("version"u8, version.Version);
        if (version.Remote is { } remote)
        {
            if (remote.Documents.Resources is { } known) { w.WritePropertyName("resources"u8); w.WriteRawValue(known, skipInputValidation: true); }
            w.WriteString("freshness"u8, remote.Documents.Fresh ? "Current"u8 : "Stale"u8);
        }
        else
        {
            w.WriteStartArray("resources"u8);
            foreach (var resource in version.Resources.OrderBy(r => r.Type.Plural, StringComparer.Ordinal)) AggregatedResource(w, resource);
            // This form has subresources only below what they are of, which stands in another group.
            foreach (var resource in AnsweredGroups.Find($"{version.Group}/{version.Version}")?.Resources.Where(static r => !r.Name.Contains('/')) ?? [])
            {
                w.WriteStartObject();
                w.WriteString("resource"u8, resource.Name);
                ResponseKind(w, $"{version.Group}/{version.Version}", resource.Kind, "");
                w.WriteString("scope"u8, resource.Namespaced ? "Namespaced"u8 : "Cluster"u8);
                w.WriteString("singularResource"u8, resource.Singular);
                Strings(w, "verbs"u8, resource.Verbs);
                w.WriteEndObject();
            }
            w.WriteEndArray();
            w.WriteString("freshness"u8, "Current"u8);
        }
        w.WriteEndObject();
    }

    private static void AggregatedResource(Utf8JsonWriter w, Resource resource)
    {
        w.WriteStartObject();
        w.WriteString("resource"u8, resource.Type.Plural);
        ResponseKind(w, resource.Type.ApiVersion, resource.Type.Kind, resource.Type.ApiVersion);
        w.WriteString("scope"u8, resource.Type.Namespaced ? "Namespaced"u8 : "Cluster"u8);
        w.WriteString("singularResource"u8, resource.Facts.Singular);
        Strings(w, "verbs"u8, resource.Facts.Verbs);
        if (resource.Facts.ShortNames.Count > 0) Strings(w, "shortNames"u8, resource.Facts.ShortNames);
        if (resource.Facts.Categories.Count > 0) Strings(w, "categories"u8, resource.Facts.Categories);
        if (resource.Facts.Subresources.Count > 0)
        {
            w.WriteStartArray("subresources"u8);
            foreach (var sub in resource.Facts.Subresources)
            {
                w.WriteStartObject();
                w.WriteString("subresource"u8, sub.Name);
                ResponseKind(w, sub.BodyApiVersion, sub.BodyKind, resource.Type.ApiVersion);
                Strings(w, "verbs"u8, sub.Verbs);
                w.WriteEndObject();
            }
            w.WriteEndArray();
        }
        w.WriteEndObject();
    }

    // Group and version are given only where they are others than those around them.
    private static void ResponseKind(Utf8JsonWriter w, string apiVersion, string kind, string around)
    {
        var other = apiVersion != around;
        var slash = apiVersion.IndexOf('/');
        w.WriteStartObject("responseKind"u8);
        w.WriteString("group"u8, other && slash > 0 ? apiVersion.AsSpan(0, slash) : "");
        w.WriteString("version"u8, other ? apiVersion.AsSpan(slash + 1) : "");
        w.WriteString("kind"u8, kind);
        w.WriteEndObject();
    }

    private static void Strings(Utf8JsonWriter w, ReadOnlySpan<byte> name, IReadOnlyList<string> values)
    {
        w.WriteStartArray(name);
        foreach (var value in values) w.WriteStringValue(value);
        w.WriteEndArray();
    }

    private static byte[] Write(Action<Utf8JsonWriter> content)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var w = new Utf8JsonWriter(buffer))
        {
            w.WriteStartObject();
            content(w);
            w.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }
}
