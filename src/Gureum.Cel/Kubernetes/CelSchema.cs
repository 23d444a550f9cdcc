using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gureum.Cel.Kubernetes;

/// <summary>What expressions must know of a structural schema (kubernetes.io, "Specifying a structural schema").</summary>
public sealed record CelSchema
{
    /// <summary>object, array, string, integer, number, boolean, or empty.</summary>
    public string Type { get; init; } = "";

    /// <summary>duration, date, date-time or byte make values of other types than string.</summary>
    public string Format { get; init; } = "";

    /// <summary>Of an array's elements.</summary>
    public CelSchema? Items { get; init; }

    /// <summary>Of an object's fields.</summary>
    public IReadOnlyDictionary<string, CelSchema>? Properties { get; init; }

    /// <summary>Of a map's values.</summary>
    public CelSchema? AdditionalProperties { get; init; }

    /// <summary>Fields that must be there.</summary>
    public ImmutableHashSet<string> Required { get; init; } = [];

    /// <summary>Code points of a string at most.</summary>
    public long? MaxLength { get; init; }

    /// <summary>Elements of an array at most.</summary>
    public long? MaxItems { get; init; }

    /// <summary>Entries of a map at most.</summary>
    public long? MaxProperties { get; init; }

    /// <summary>Length of the longest string of an enumeration; null if there is none.</summary>
    public long? LongestChoice { get; init; }

    /// <summary>Whether null is allowed.</summary>
    public bool Nullable { get; init; }

    /// <summary>Whether a default is given.</summary>
    public bool HasDefault { get; init; }

    /// <summary>x-kubernetes-int-or-string.</summary>
    public bool IntOrString { get; init; }

    /// <summary>x-kubernetes-preserve-unknown-fields.</summary>
    public bool PreservesUnknown { get; init; }

    /// <summary>x-kubernetes-embedded-resource.</summary>
    public bool Embedded { get; init; }

    /// <summary>atomic, set or map.</summary>
    public string ListType { get; init; } = "atomic";

    /// <summary>The key fields of a list that is a map.</summary>
    public ImmutableArray<string> ListKeys { get; init; } = [];

    private static readonly CelSchema Text = new() { Type = "string" };

    /// <summary>With apiVersion, kind and metadata.name as every API object has them.</summary>
    public CelSchema AsResource()
    {
        var properties = new Dictionary<string, CelSchema>(Properties ?? new Dictionary<string, CelSchema>());
        properties.TryAdd("kind", Text);
        properties.TryAdd("apiVersion", Text);
        properties["metadata"] = new CelSchema { Type = "object", Properties = new Dictionary<string, CelSchema> { ["name"] = Text, ["generateName"] = Text } };
        return this with { Properties = properties };
    }

    /// <summary>Reads an OpenAPI v3 schema as a CustomResourceDefinition has it.</summary>
    public static CelSchema Parse(JsonObject schema) => new()
    {
        Type = StringOf(schema, "type"),
        Format = StringOf(schema, "format"),
        Items = schema["items"] is JsonObject items ? Parse(items) : null,
        Properties = (schema["properties"] as JsonObject)?.Where(p => p.Value is JsonObject).ToDictionary(p => p.Key, p => Parse((JsonObject)p.Value!)),
        AdditionalProperties = schema["additionalProperties"] is JsonObject more ? Parse(more) : null,
        Required = schema["required"] is JsonArray required ? [.. required.Select(r => (string)r!)] : [],
        MaxLength = Number(schema, "maxLength"),
        MaxItems = Number(schema, "maxItems"),
        MaxProperties = Number(schema, "maxProperties"),
        LongestChoice = schema["enum"] is JsonArray { Count: > 0 } choices ? choices.Max(c => c?.GetValueKind() == JsonValueKind.String ? System.Text.Encoding.UTF8.GetByteCount((string)c!) : 0) : null,
        Nullable = Flag(schema, "nullable"),
        HasDefault = schema["default"] is not null,
        IntOrString = Flag(schema, "x-kubernetes-int-or-string"),
        PreservesUnknown = Flag(schema, "x-kubernetes-preserve-unknown-fields"),
        Embedded = Flag(schema, "x-kubernetes-embedded-resource"),
        ListType = schema["x-kubernetes-list-type"] is { } listType ? (string)listType! : "atomic",
        ListKeys = schema["x-kubernetes-list-map-keys"] is JsonArray keys ? [.. keys.Select(k => (string)k!)] : [],
    };

    private static string StringOf(JsonObject schema, string name) => schema[name] is JsonValue v && v.GetValueKind() == JsonValueKind.String ? (string)v! : "";

    private static long? Number(JsonObject schema, string name) => schema[name] is JsonValue v && JsonNumbers.Whole(v) is { } n ? n : null;

    private static bool Flag(JsonObject schema, string name) => schema[name]?.GetValueKind() == JsonValueKind.True;
}
