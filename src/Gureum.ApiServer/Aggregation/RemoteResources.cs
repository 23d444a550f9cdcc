using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Aggregation;

/// <summary>Turns an APIResourceList into the resources of aggregated discovery. Pure.</summary>
internal static class RemoteResources
{
    internal static byte[] Of(JsonObject list, string group, string version)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var w = new Utf8JsonWriter(buffer))
        {
            w.WriteStartArray();
            var all = list.Objects("resources").ToList();
            foreach (var resource in all.Where(static r => r.Text("name")?.Contains('/') == false)) Write(w, resource, all, group, version);
            w.WriteEndArray();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter w, JsonObject resource, List<JsonObject> all, string group, string version)
    {
        var name = resource.Text("name")!;
        w.WriteStartObject();
        w.WriteString("resource"u8, name);
        Kind(w, resource, group, version);
        w.WriteString("scope"u8, resource.Flag("namespaced") == true ? "Namespaced"u8 : "Cluster"u8);
        w.WriteString("singularResource"u8, resource.Text("singularName") ?? "");
        Texts(w, "verbs", resource);
        if (!resource.IsEmptyList("shortNames")) Texts(w, "shortNames", resource);
        if (!resource.IsEmptyList("categories")) Texts(w, "categories", resource);
        var subs = all.Where(r => r.Text("name")?.StartsWith(name + "/", StringComparison.Ordinal) == true).ToList();
        if (subs.Count > 0)
        {
            w.WriteStartArray("subresources"u8);
            foreach (var sub in subs)
            {
                w.WriteStartObject();
                w.WriteString("subresource"u8, sub.Text("name")![(name.Length + 1)..]);
                Kind(w, sub, group, version);
                Texts(w, "verbs", sub);
                w.WriteEndObject();
            }
            w.WriteEndArray();
        }
        w.WriteEndObject();
    }

    private static void Kind(Utf8JsonWriter w, JsonObject resource, string group, string version)
    {
        w.WriteStartObject("responseKind"u8);
        w.WriteString("group"u8, resource.Text("group") is { Length: > 0 } other ? other : resource.Text("version") is { Length: > 0 } ? "" : group);
        w.WriteString("version"u8, resource.Text("version") is { Length: > 0 } given ? given : version);
        w.WriteString("kind"u8, resource.Text("kind") ?? "");
        w.WriteEndObject();
    }

    private static void Texts(Utf8JsonWriter w, string name, JsonObject resource)
    {
        w.WriteStartArray(name);
        foreach (var text in resource.Texts(name)) w.WriteStringValue(text);
        w.WriteEndArray();
    }
}
