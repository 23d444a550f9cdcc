using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <summary>
/// A refused object as upstream's messages show it: its internal types have no names for JSON, so that each field stands there under
/// the name that Go gives it, and none is left out.
/// </summary>
internal static class GoText
{
    // What a pod has of its own, its internal form has in the security context.
    private static readonly string[] OfThePod = ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"];

    /// <param name="type">The name of a built-in type: core.v1.PodSpec.</param>
    internal static JsonObject Of(JsonObject value, string type)
    {
        var parts = type.Split('.');
        return Of(value, InternalTypes.Find(parts[0] + "." + parts[^1]) ?? throw new ArgumentException($"there is no internal type {type}", nameof(type)));
    }

    /// <summary>What differs between two objects of a type, as upstream tells it: a unified diff of their lines.</summary>
    internal static string Diff(JsonObject before, JsonObject after, string type) => UnifiedDiff.Of(GoJson.Lines(Of(before, type)), GoJson.Lines(Of(after, type)));

    private static JsonObject Of(JsonObject value, InternalTypes.Field[] fields)
    {
        var shown = new JsonObject();
        Add(shown, value, fields);
        return shown;
    }

    private static void Add(JsonObject shown, JsonObject value, InternalTypes.Field[] fields)
    {
        foreach (var (name, kind) in fields)
            if (name.Length > 0) shown[name] = Show(name == "SecurityContext" && kind == "*core.PodSecurityContext" ? OfPod(value) : Find(value, name), kind);
            else if (InternalTypes.Find(kind) is { } embedded) Add(shown, value, embedded);
            else foreach (var (key, child) in value.Child("metadata") ?? []) shown[key] = child?.DeepClone();
    }

    // Go's names differ from those of JSON in nothing but capitals, except for these.
    private static readonly Dictionary<string, string> Renamed = new(StringComparer.Ordinal)
    {
        ["EndpointsName"] = "endpoints", ["CephMonitors"] = "monitors", ["RBDImage"] = "image", ["RBDPool"] = "pool", ["RadosUser"] = "user", ["DataDiskURI"] = "diskURI",
        ["DiscoveryCHAPAuth"] = "chapAuthDiscovery", ["SessionCHAPAuth"] = "chapAuthSession",
    };

    private static JsonNode? Find(JsonObject value, string name)
    {
        name = Renamed.GetValueOrDefault(name, name);
        foreach (var (key, child) in value)
            if (key.Equals(name, StringComparison.OrdinalIgnoreCase)) return child;
        return null;
    }

    private static JsonObject OfPod(JsonObject spec)
    {
        var context = (spec.Child("securityContext") ?? []).DeepClone().AsObject();
        foreach (var field in OfThePod)
            if (spec[field] is { } own) context[field] = own.DeepClone();
        return context;
    }

    private static JsonNode? Show(JsonNode? value, string kind)
    {
        if (kind[0] == '*') return value is null ? null : Show(value, kind[1..]);
        if (kind.StartsWith("[]", StringComparison.Ordinal)) return value is JsonArray list ? new JsonArray([.. list.Select(i => Show(i, kind[2..]))]) : value?.DeepClone();
        if (InternalTypes.Find(kind) is { } fields) return Of(value as JsonObject ?? [], fields);
        return kind switch
        {
            "map" when value is JsonObject map => new JsonObject(map.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => new KeyValuePair<string, JsonNode?>(p.Key, p.Value?.DeepClone()))),
            _ when value is not null => value.DeepClone(),
            "string" => JsonValue.Create(""),
            "bool" => JsonValue.Create(false),
            "int" => JsonValue.Create(0L),
            "quantity" => JsonValue.Create("0"),
            _ => null,
        };
    }
}
