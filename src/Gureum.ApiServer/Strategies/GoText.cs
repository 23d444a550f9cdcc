using System.Text.Json.Nodes;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.Strategies;

/// <summary>
/// A refused object as upstream's messages show it: its internal types have no names for JSON, so that each field stands there under
/// the name that Go gives it, and none is left out.
/// </summary>
internal static class GoText
{
    /// <param name="type">The name of a built-in type.</param>
    internal static JsonNode Of(JsonObject value, string type) => Of(value, KubernetesSchema.Instance.Type(type));

    private static JsonObject Of(JsonObject value, SchemaNode schema)
    {
        var shown = new JsonObject();
        foreach (var field in schema.Fields.Values.OrderBy(f => f.Wire.Count > 0 ? f.Wire[0] : int.MaxValue))
            shown[Name(field.Name)] = Of(value.TryGetPropertyValue(field.Name, out var child) ? child : null, field);
        return shown;
    }

    private static JsonNode? Of(JsonNode? value, SchemaField field) => value switch
    {
        JsonObject inner when field.Node.Kind == SchemaKind.Object && IsInternal(field.Node) => Of(inner, field.Node),
        JsonArray list when field.Node.Element is { Kind: SchemaKind.Object } element => new JsonArray([.. list.Select(i => i is JsonObject o && IsInternal(element) ? Of(o, element) : i?.DeepClone())]),
        not null => value.DeepClone(),
        null when !field.AlwaysOnWire => null,
        _ => field.Node.Kind switch
        {
            SchemaKind.String => JsonValue.Create(""),
            SchemaKind.Int32 or SchemaKind.Int64 or SchemaKind.IntOrString => JsonValue.Create(0L),
            SchemaKind.Bool => JsonValue.Create(false),
            SchemaKind.Quantity => JsonValue.Create("0"),
            SchemaKind.Object => IsInternal(field.Node) ? Of([], field.Node) : new JsonObject(),
            _ => null,
        },
    };

    // The types of meta/v1 have no internal form.
    private static bool IsInternal(SchemaNode node) => node.TypeName?.StartsWith("meta.v1.", StringComparison.Ordinal) == false;

    private static string Name(string name) => name switch
    {
        "uid" => "UID", "ip" => "IP", "apiVersion" => "APIVersion", "apiGroup" => "APIGroup", "apiGroups" => "APIGroups", "seLinuxOptions" => "SELinuxOptions", "hostIP" => "HostIP",
        _ => char.ToUpperInvariant(name[0]) + name[1..],
    };
}
