using System.Text.Json.Nodes;
using Gureum.Objects.Schemas;

namespace Gureum.Objects.Fields;

/// <summary>
/// What stands against reading a configuration by its schema: fields that the schema does not have, and items of keyed
/// lists that cannot be told apart. Nothing of that kind can be owned, so it can not be applied.
/// </summary>
public static class DeclaredFields
{
    /// <summary>One line for each problem, worded as upstream does; the first of each object stands for all of them.</summary>
    public static IReadOnlyList<string> Problems(JsonObject value, SchemaNode schema)
    {
        var problems = new List<string>();
        Object(value, schema, "", problems, topLevel: true);
        return problems;
    }

    private static void Object(JsonObject value, SchemaNode schema, string path, List<string> problems, bool topLevel = false)
    {
        foreach (var (name, child) in value.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            if ((topLevel || schema.Embedded) && name is "kind" or "apiVersion") continue;
            var at = path + PathElement.Text(PathElement.Field(name));
            if (schema.Fields.TryGetValue(name, out var field)) Node(child, field.Node, at, problems);
            else if (schema.Embedded && name == "metadata") Node(child, KubernetesSchema.Instance.Type("meta.v1.ObjectMeta"), at, problems);
            else if (schema.PreservesUnknown) { if (schema.Element is { } element) Node(child, element, at, problems); }
            else
            {
                problems.Add(at + ": field not declared in schema");
                return;
            }
        }
    }

    private static void Node(JsonNode? value, SchemaNode schema, string path, List<string> problems)
    {
        switch (value)
        {
            case JsonObject map when schema.Kind == SchemaKind.Object: Object(map, schema, path, problems); break;
            case JsonObject map when schema.Kind == SchemaKind.Map:
                foreach (var (name, child) in map) Node(child, schema.Element!, path + PathElement.Text(PathElement.Field(name)), problems);
                break;
            case JsonArray list when schema.Kind == SchemaKind.List: List(list, schema, path, problems); break;
            default: break;
        }
    }

    private static void List(JsonArray list, SchemaNode schema, string path, List<string> problems)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < list.Count; i++)
        {
            var step = schema.ListType switch { ListType.Map => PathElement.Keys(list[i], schema), ListType.Set => PathElement.Value(list[i]), _ => null };
            var text = step is null ? $"[{i}]" : PathElement.Text(step);
            if (step is not null && !seen.Add(step)) problems.Add($"{path}: duplicate entries for key {text}");
            Node(list[i], schema.Element!, path + text, problems);
        }
    }
}
