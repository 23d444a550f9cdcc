using System.Globalization;
using System.Text.Json.Nodes;
using Gureum.Cel.Checking;
using Gureum.Cel.Values;

namespace Gureum.Cel.Tests.Conformance;

/// <summary>Values and types as the conformance cases write them: cel.expr.Value and cel.expr.Type in protobuf's JSON.</summary>
internal static class ProtoJson
{
    internal static CelValue Value(JsonNode node)
    {
        (string kind, JsonNode? v) = node.AsObject().Single();
        switch (kind)
        {
            case "nullValue": return CelNull.Value;
            case "boolValue": return CelBool.Of((bool)v!);
            case "int64Value": return CelInt.Of(long.Parse(Text(v), CultureInfo.InvariantCulture));
            case "uint64Value": return new CelUint(ulong.Parse(Text(v), CultureInfo.InvariantCulture));
            case "doubleValue":
                return new CelDouble(Text(v) switch { "Infinity" => double.PositiveInfinity, "-Infinity" => double.NegativeInfinity, "NaN" => double.NaN, string t => double.Parse(t, CultureInfo.InvariantCulture) });
            case "stringValue": return new CelString((string)v!);
            case "bytesValue": return new CelBytes(Convert.FromBase64String((string)v!));
            case "typeValue": return new CelTypeValue(CelType.Struct((string)v!));
            case "listValue": return CelList.Of([.. Items(v, "values").Select(x => Value(x!))]);
            case "mapValue": return CelMap.Of(Items(v, "entries").ToDictionary(e => Value(e!["key"]!), e => Value(e!["value"]!)));
            case "objectValue": return Any(v!);
            default: throw new NotSupportedException(kind);
        }
    }

    internal static CelType Type(JsonNode? node)
    {
        if (node is not JsonObject { Count: 1 } o) throw new NotSupportedException($"type {node}");
        (string kind, JsonNode? v) = o.Single();
        return kind switch
        {
            "dyn" => CelType.Dyn,
            "null" => CelType.Null,
            "primitive" => Primitive((string)v!),
            "wrapper" => CelType.Wrapper(Primitive((string)v!)),
            "wellKnown" => (string)v! switch { "TIMESTAMP" => CelType.Timestamp, "DURATION" => CelType.Duration, _ => CelType.Any },
            "listType" => CelType.List(v?["elemType"] is { } e ? Type(e) : CelType.Dyn),
            "mapType" => CelType.Map(v?["keyType"] is { } k ? Type(k) : CelType.Dyn, v?["valueType"] is { } x ? Type(x) : CelType.Dyn),
            "messageType" => (string)v! switch { "google.protobuf.Timestamp" => CelType.Timestamp, "google.protobuf.Duration" => CelType.Duration, string name => CelType.Struct(name) },
            "typeParam" => CelType.Param((string)v!),
            "type" => v is JsonObject { Count: > 0 } ? CelType.TypeOf(Type(v)) : CelType.Type,
            "abstractType" => CelType.Opaque((string)v!["name"]!, [.. Items(v, "parameterTypes").Select(Type)]),
            _ => throw new NotSupportedException(kind),
        };
    }

    private static CelValue Any(JsonNode v)
    {
        string type = ((string)v["@type"]!).Split('/')[^1];
        JsonNode? value = v["value"];
        return type switch
        {
            "google.protobuf.Timestamp" => TimeText.ParseTimestamp((string)value!)!,
            "google.protobuf.Duration" => TimeText.ParseDuration((string)value!)!,
            "google.protobuf.BoolValue" => CelBool.Of((bool)value!),
            "google.protobuf.StringValue" => new CelString((string)value!),
            "google.protobuf.BytesValue" => new CelBytes(Convert.FromBase64String((string)value!)),
            "google.protobuf.Int32Value" or "google.protobuf.Int64Value" => CelInt.Of(long.Parse(Text(value), CultureInfo.InvariantCulture)),
            "google.protobuf.UInt32Value" or "google.protobuf.UInt64Value" => new CelUint(ulong.Parse(Text(value), CultureInfo.InvariantCulture)),
            "google.protobuf.DoubleValue" or "google.protobuf.FloatValue" => new CelDouble(double.Parse(Text(value), CultureInfo.InvariantCulture)),
            "google.protobuf.Struct" or "google.protobuf.ListValue" or "google.protobuf.Value" => Json(value),
            _ => throw new NotSupportedException(type),
        };
    }

    private static CelValue Json(JsonNode? value) => value switch
    {
        null => CelNull.Value,
        JsonArray a => CelList.Of([.. a.Select(Json)]),
        JsonObject o => CelMap.Of(o.ToDictionary(p => (CelValue)new CelString(p.Key), p => Json(p.Value))),
        _ => value.GetValueKind() switch
        {
            System.Text.Json.JsonValueKind.String => new CelString((string)value!),
            System.Text.Json.JsonValueKind.Number => new CelDouble((double)value),
            _ => CelBool.Of((bool)value),
        },
    };

    private static CelType Primitive(string name) => name switch
    {
        "BOOL" => CelType.Bool, "INT64" => CelType.Int, "UINT64" => CelType.Uint, "DOUBLE" => CelType.Double, "STRING" => CelType.String, "BYTES" => CelType.Bytes,
        _ => throw new NotSupportedException(name),
    };

    private static string Text(JsonNode? v) => v!.GetValueKind() == System.Text.Json.JsonValueKind.String ? (string)v! : v.ToJsonString();

    private static IEnumerable<JsonNode?> Items(JsonNode? v, string name) => v?[name]?.AsArray() ?? [];
}
