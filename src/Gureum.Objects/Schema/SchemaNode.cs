using System.Text.Json.Nodes;

namespace Gureum.Objects.Schemas;

public enum SchemaKind { Object, List, Map, String, Int32, Int64, Double, Bool, Bytes, Time, MicroTime, Quantity, IntOrString, Any }

public enum ListType { Atomic, Set, Map }

/// <summary>
/// What one place in an object may hold (immutable once loaded). Built-in types and the schemas of custom resources both
/// become such nodes, so that decoding, defaulting, pruning, patching and publishing are written once.
/// </summary>
public sealed class SchemaNode
{
    public required SchemaKind Kind { get; init; }

    /// <summary>The name of a built-in type ("core.v1.PodSpec"); null for scalars and custom resources.</summary>
    public string? TypeName { get; init; }

    /// <summary>The fields of an object by name, in canonical order.</summary>
    public IReadOnlyDictionary<string, SchemaField> Fields { get; set; } = EmptyFields;

    /// <summary>What a list or a map holds.</summary>
    public SchemaNode? Element { get; init; }

    /// <summary>Fields that the schema does not name are kept.</summary>
    public bool PreservesUnknown { get; init; }

    /// <summary>A null is a value of its own here, kept rather than dropped.</summary>
    public bool Nullable { get; init; }

    /// <summary>A value of another type is decoded as it is: validation says what is wrong with it, as it does for custom resources.</summary>
    public bool Lenient { get; init; }

    /// <summary>The object holds a whole API object (apiVersion, kind, metadata).</summary>
    public bool Embedded { get; init; }

    /// <summary>An object or map that is owned and replaced as a whole.</summary>
    public bool Atomic { get; init; }

    public ListType ListType { get; init; } = ListType.Atomic;
    public IReadOnlyList<string> ListKeys { get; init; } = [];

    /// <summary>The kinds that this built-in type is the body of, as GROUP/VERSION/KIND; empty for parts of other types.</summary>
    public IReadOnlyList<string> Kinds { get; init; } = [];

    /// <summary>Which field of a union stands for which value of its discriminator, as published; JSON, or null.</summary>
    public string? Unions { get; init; }

    internal static readonly IReadOnlyDictionary<string, SchemaField> EmptyFields = new Dictionary<string, SchemaField>();

    public static SchemaNode Any { get; } = new() { Kind = SchemaKind.Any, PreservesUnknown = true };

    public bool IsScalar => Kind is not (SchemaKind.Object or SchemaKind.List or SchemaKind.Map or SchemaKind.Any);
}

/// <summary>A named place in an object.</summary>
public sealed class SchemaField
{
    public required string Name { get; init; }
    public required SchemaNode Node { get; init; }

    /// <summary>Protobuf number, after those of the messages around the field that JSON leaves out; empty when there is none.</summary>
    public IReadOnlyList<int> Wire { get; init; } = [];

    /// <summary>How many of those messages, and at last the field itself, protobuf has even when they are zero.</summary>
    public int WireAlways { get; internal set; }

    /// <summary>The field is never missing in protobuf: a zero there says as much as nothing.</summary>
    public bool AlwaysOnWire => Wire.Count > 0 && WireAlways == Wire.Count;
    public bool Required { get; init; }

    /// <summary>The merge key of a strategic merge ("*" for a list of scalars), null when the patch replaces.</summary>
    public string? MergeKey { get; init; }
    public bool RetainKeys { get; init; }

    /// <summary>A strategic merge replaces the object, and says so.</summary>
    public bool Replaces { get; init; }

    /// <summary>The published schema names the list type, if only to say atomic.</summary>
    public bool NamesListType { get; init; }

    /// <summary>The map type that the published schema names for this field: granular, atomic or null.</summary>
    public string? MapType { get; init; }

    /// <summary>What a missing field becomes; null leaves it missing.</summary>
    public JsonNode? Default { get; set; }

    /// <summary>The only values allowed, empty for any.</summary>
    public IReadOnlyList<string> Enum { get; set; } = [];

    /// <summary>Position in canonical order.</summary>
    public int Order { get; init; }
}
