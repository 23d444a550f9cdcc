using System.Text.Json.Nodes;

namespace Gureum.Objects.Patches;

/// <summary>JSON Merge Patch (RFC 7386): objects merge, null removes, anything else replaces.</summary>
public static class MergePatch
{
    public static JsonNode? Apply(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes) return patch?.DeepClone();
        var result = target as JsonObject ?? [];
        foreach (var (name, change) in changes)
        {
            if (change is null) { result.Remove(name); continue; }
            var before = result[name];
            if (before is JsonObject inner && change is JsonObject) Apply(inner, change);
            else result[name] = Apply(null, change);
        }
        return result;
    }
}
