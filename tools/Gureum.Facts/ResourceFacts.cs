using System.Text.Json;

namespace Gureum.Facts;

/// <summary>Writes a `resource` line for each collection of the API, and a `sub` line for each of its subresources.</summary>
internal static class ResourceFacts
{
    private sealed record Path(string GroupVersion, bool Namespaced, string Plural, string Subresource, bool Named, JsonElement Methods);

    internal static void Write(JsonElement swagger, TextWriter writer)
    {
        var paths = swagger.GetProperty("paths").EnumerateObject().Select(Parse).OfType<Path>().ToList();
        var watched = swagger.GetProperty("paths").EnumerateObject().Select(p => p.Name).Where(p => p.Contains("/watch/")).ToHashSet();
        var types = TypesByKind(swagger.GetProperty("definitions"));
        foreach (var resource in paths.Where(p => p.Subresource.Length == 0).GroupBy(p => (p.GroupVersion, p.Plural)).OrderBy(g => g.Key.GroupVersion, StringComparer.Ordinal).ThenBy(g => g.Key.Plural, StringComparer.Ordinal))
        {
            var verbs = resource.SelectMany(Verbs).Distinct().Order(StringComparer.Ordinal).ToList();
            // The list operation names the parameter watch whether or not there is anything to watch.
            if (!watched.Any(p => p.EndsWith($"/{resource.Key.GroupVersion}/watch/{resource.Key.Plural}", StringComparison.Ordinal))) verbs.Remove("watch");
            if (verbs.Count == 0) continue;
            var kind = resource.SelectMany(KindOf).First();
            writer.WriteLine($"resource {resource.Key.GroupVersion} {resource.Key.Plural} {kind} {types[kind]} "
                + (resource.Any(p => p.Namespaced) ? "namespaced" : "cluster") + " " + string.Join(',', verbs) + (resource.Any(p => p.Named && Returns(p, types[kind])) ? " returns" : ""));
            var subresources = paths.Where(p => p.Subresource.Length > 0 && (p.GroupVersion, p.Plural) == resource.Key).GroupBy(p => p.Subresource);
            foreach (var sub in subresources.OrderBy(s => s.Key, StringComparer.Ordinal))
                writer.WriteLine($"  sub {sub.Key} {sub.SelectMany(KindOf).First()} {types.GetValueOrDefault(sub.SelectMany(KindOf).First(), "-")} {string.Join(',', sub.SelectMany(Verbs).Distinct().Order(StringComparer.Ordinal))}");
        }
    }

    private static Dictionary<string, string> TypesByKind(JsonElement definitions)
    {
        var types = new Dictionary<string, string>();
        foreach (var definition in definitions.EnumerateObject())
            if (definition.Value.TryGetProperty("x-kubernetes-group-version-kind", out var kinds) && kinds.GetArrayLength() == 1)
                types[KindName(kinds[0])] = TypeFacts.ShortName(definition.Name);
        return types;
    }

    internal static string KindName(JsonElement gvk) =>
        (gvk.GetProperty("group").GetString() is { Length: > 0 } group ? group + "/" : "")
        + gvk.GetProperty("version").GetString() + "/" + gvk.GetProperty("kind").GetString();

    private static Path? Parse(JsonProperty path)
    {
        var parts = path.Name.Trim('/').Split('/');
        var at = parts switch { ["api", _, ..] => 2, ["apis", _, _, ..] => 3, _ => -1 };
        if (at < 0 || parts.Length == at || parts[at] == "watch") return null;
        var groupVersion = at == 2 ? parts[1] : parts[1] + "/" + parts[2];
        var rest = parts[at..];
        var namespaced = rest is ["namespaces", "{namespace}", _, ..];
        if (namespaced) rest = rest[2..];
        if (namespaced && rest is ["status"] or ["finalize"]) (rest, namespaced) = (["namespaces", "{name}", .. rest], false);
        return rest switch
        {
            [var plural] => new Path(groupVersion, namespaced, plural, "", false, path.Value),
            [var plural, "{name}" or "{namespace}"] => new Path(groupVersion, namespaced, plural, "", true, path.Value),
            [var plural, "{name}", var sub] => new Path(groupVersion, namespaced, plural, sub, true, path.Value),
            _ => null,
        };
    }

    private static IEnumerable<string> Verbs(Path path)
    {
        foreach (var method in path.Methods.EnumerateObject())
            switch (method.Name)
            {
                case "get" when path.Named && path.Subresource.Length > 0 && Action(method.Value) == "connect": yield return "get"; break;
                case "get" when path.Named: yield return "get"; break;
                case "get": yield return "list"; yield return "watch"; break;
                case "post": yield return "create"; break;
                case "put": yield return "update"; break;
                case "patch": yield return "patch"; break;
                case "delete" when path.Named: yield return "delete"; break;
                case "delete": yield return "deletecollection"; break;
                default: break;
            }
    }

    // Whether a deletion answers with what was deleted instead of a Status.
    private static bool Returns(Path path, string type) =>
        path.Methods.TryGetProperty("delete", out var method) && method.GetProperty("responses").GetProperty("200").GetProperty("schema").GetProperty("$ref").GetString() is { } to && TypeFacts.ShortName(to["#/definitions/".Length..]) == type;

    private static IEnumerable<string> KindOf(Path path)
    {
        foreach (var method in path.Methods.EnumerateObject())
            if (method.Value.ValueKind == JsonValueKind.Object && method.Value.TryGetProperty("x-kubernetes-group-version-kind", out var gvk))
                yield return KindName(gvk);
    }

    private static string? Action(JsonElement method) =>
        method.TryGetProperty("x-kubernetes-action", out var action) ? action.GetString() : null;
}
