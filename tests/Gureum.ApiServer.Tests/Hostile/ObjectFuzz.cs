using System.Text.Json.Nodes;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.Tests.Hostile;

/// <summary>Makes values for places of a schema: mostly of the right type, sometimes odd, sometimes wrong altogether.</summary>
/// <param name="odd">Of a hundred values, how many are not what the schema wants.</param>
internal sealed class ObjectFuzz(Draw draw, int odd)
{
    /// <summary>Stands for half of a surrogate pair in the text of the body: a JsonNode cannot hold one.</summary>
    internal const string HalfACharacter = "HALF-A-CHARACTER";

    private const int Deepest = 7;

    private static readonly string[] Words = ["a", "b", "x", "default", "web", "80", "http", "Always", "v1", "app"];

    private static readonly string[] OddWords =
    [
        "", " ", "\n", "../..", "a/b", "a//b", "/", "A_B", "\u0000", "\u202e", "한글", "🙂", HalfACharacter, "$(X)", "{{.}}", "%00", "null", "~", "-1", "1e400", "99999999999999999999",
        "9999999999999999999Ei", "1e2147483647", "1Ki1", "0.00000000000000000001n", "2026-02-30T25:61:61Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:60Z", "=", "((((", "[a-", "!a notin (", "* * * * *", "@every -1s",
        "10.0.0.0/33", "::1", "256.1.1.1", "300.300.300.300/8", "bm90IGEgY2VydGlmaWNhdGU=", "====", "object.x == ", new('a', 300),
    ];

    private static readonly string[] OddJson =
    [
        "null", "true", "0", "-1", "1.5", "1e99", "1e400", "-0", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "4294967296", "123456789012345678901234567890", "\"\"", "\"x\"", "[]", "{}", "[null]", "[[]]", "[{}]", "{\"\":null}",
        "{\"a\":{\"a\":{\"a\":[]}}}", "[1,\"a\",null,{}]", "{\"name\":null}", "{\"$patch\":\"delete\"}",
    ];

    internal JsonNode? Value(SchemaNode schema, string name, int depth = 0)
    {
        if (draw.Chance(odd)) return draw.Chance(4) ? Nested() : JsonNode.Parse(draw.Of(OddJson));
        return schema.Kind switch
        {
            SchemaKind.Object when depth > Deepest => new JsonObject(),
            SchemaKind.Object => Fields(schema, depth),
            SchemaKind.List => new JsonArray([.. Enumerable.Range(0, depth > Deepest ? 0 : draw.Below(3)).Select(_ => Value(schema.Element!, name, depth + 1))]),
            SchemaKind.Map => Map(schema, depth),
            SchemaKind.Int32 or SchemaKind.Int64 => draw.Of([0, 1, 2, 80, 1000, int.MaxValue, -1]),
            SchemaKind.Double => 0.5,
            SchemaKind.Bool => draw.Chance(50),
            SchemaKind.Bytes => draw.Of(["", "YQ==", "AAEC/w=="]),
            SchemaKind.Time or SchemaKind.MicroTime => draw.Of(["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.123456Z"]),
            SchemaKind.Quantity => draw.Of(["1", "100m", "1Gi", "0", "1e3"]),
            SchemaKind.IntOrString => draw.Chance(50) ? draw.Below(100) : draw.Of(["25%", "http", "80"]),
            SchemaKind.Any => JsonNode.Parse(draw.Of(OddJson)),
            _ => Text(name),
        };
    }

    /// <summary>Changes an object at a few places: values of another kind, fields gone, and fields more.</summary>
    internal void Spoil(JsonObject value, SchemaNode schema, int times)
    {
        for (var i = 0; i < times; i++) SpoilOnce(value, schema);
    }

    private void SpoilOnce(JsonObject value, SchemaNode schema)
    {
        // Down some way that is there, as long as the draw says so.
        while (draw.Chance(60))
        {
            var below = value.Where(p => schema.Fields.TryGetValue(p.Key, out var f) && (p.Value is JsonObject || (p.Value is JsonArray { Count: > 0 } list && list[0] is JsonObject)) && Inner(f.Node) is not null).ToList();
            if (below.Count == 0) break;
            var (key, node) = draw.Of(below);
            schema = Inner(schema.Fields[key].Node)!;
            value = node as JsonObject ?? node!.AsArray()[0]!.AsObject();
        }
        if (schema.Fields.Count == 0 || draw.Chance(10)) value[draw.Chance(50) ? draw.Of(Words) : draw.Of(OddWords)] = JsonNode.Parse(draw.Of(OddJson));
        else if (draw.Chance(15) && value.Count > 0) value.Remove(draw.Of([.. value.Select(p => p.Key)]));
        else
        {
            var field = draw.Of([.. schema.Fields.Values]);
            if (field.Name is not ("kind" or "apiVersion" or "resourceVersion" or "uid") || draw.Chance(20)) value[field.Name] = Choose(field, 3);
        }
    }

    private static SchemaNode? Inner(SchemaNode node) => node.Kind == SchemaKind.Object ? node : node is { Kind: SchemaKind.List, Element.Kind: SchemaKind.Object } ? node.Element : null;

    private JsonObject Fields(SchemaNode schema, int depth)
    {
        var value = new JsonObject();
        foreach (var field in schema.Fields.Values)
            if ((field.Required && !draw.Chance(odd)) || draw.Chance(depth < 2 ? 20 : 8)) value[field.Name] = Choose(field, depth + 1);
        if (draw.Chance(odd)) value[draw.Of(OddWords)] = JsonNode.Parse(draw.Of(OddJson));
        return value;
    }

    private JsonNode? Choose(SchemaField field, int depth) => field.Enum.Count > 0 && !draw.Chance(odd) ? draw.Of(field.Enum) : Value(field.Node, field.Name, depth);

    private JsonObject Map(SchemaNode schema, int depth)
    {
        var map = new JsonObject();
        for (var i = depth > Deepest ? 0 : draw.Below(3); i > 0; i--) map[draw.Chance(odd) ? draw.Of(OddWords) : draw.Of(Words)] = Value(schema.Element!, "", depth + 1);
        return map;
    }

    private string Text(string name) => draw.Chance(odd) ? draw.Of(OddWords) : name switch
    {
        "image" => "busybox", "mountPath" => "/mnt", "path" => "/p", "topologyKey" => "kubernetes.io/hostname", "operator" => "In", "schedule" => "* * * * *", "ip" => "10.0.0.1", "cidr" => "10.0.0.0/8", "protocol" => "TCP",
        "restartPolicy" => "Always", "expression" => "true", _ => draw.Of(Words),
    };

    private JsonNode Nested()
    {
        JsonNode at = new JsonObject();
        for (var i = draw.Of([20, 60, 110]); i > 0; i--) at = draw.Chance(50) ? new JsonArray(at) : new JsonObject { ["a"] = at };
        return at;
    }
}
