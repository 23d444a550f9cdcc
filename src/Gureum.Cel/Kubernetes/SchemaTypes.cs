using System.Collections.Immutable;
using Gureum.Cel.Checking;
using Gureum.Cel.Costs;

namespace Gureum.Cel.Kubernetes;

/// <summary>The types and greatest sizes that a structural schema declares: for the checker, and as hints for estimating costs.</summary>
public sealed class SchemaTypes : ICelTypeProvider, ISizeHints
{
    private const long MaxRequest = 3 * 1024 * 1024, MinText = 2, MaxTime = 32, DateLength = 12;

    private readonly Dictionary<string, Declared> _named = [];
    private readonly Declared? _root;

    private SchemaTypes(CelSchema schema, string name, bool isResource) => _root = Declare(schema, name, isResource);

    private sealed record Declared(CelType Type, long MaxSize, long MinSerialized)
    {
        internal Dictionary<string, Declared>? Fields { get; init; }

        internal Declared? Key { get; init; }

        internal Declared? Element { get; init; }
    }

    /// <summary>The types of a schema.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="name">Name of the object type at its root; those below are named after it.</param>
    /// <param name="isResource">Whether it is an API object, which has apiVersion, kind and metadata.name.</param>
    public static SchemaTypes Of(CelSchema schema, string name, bool isResource = false) => new(schema, name, isResource);

    /// <summary>The type of the root; dyn if the schema leaves it open.</summary>
    public CelType Root => _root?.Type ?? CelType.Dyn;

    /// <inheritdoc/>
    public CelType? FindType(string name) => _named.TryGetValue(name, out Declared? found) ? found.Type : null;

    /// <inheritdoc/>
    public CelType? FindField(string typeName, string field) =>
        _named.TryGetValue(typeName, out Declared? found) && found.Fields!.TryGetValue(field, out Declared? declared) ? declared.Type : null;

    /// <summary>Objects of a schema are given, never made.</summary>
    public bool IsMessage(string typeName) => false;

    /// <summary>The path starts at a variable of the root's type: self, oldSelf.</summary>
    public SizeEstimate? Find(ImmutableArray<string> path, CelType type)
    {
        Declared? at = _root;
        foreach (string part in path.AsSpan()[1..])
        {
            at = part switch
            {
                "@items" or "@values" => at?.Element,
                "@keys" => at?.Key,
                _ => at?.Fields?.GetValueOrDefault(part),
            };
            if (at is null) return null;
        }

        return at is null ? null : new SizeEstimate(0, (ulong)at.MaxSize);
    }

    private Declared? Declare(CelSchema schema, string name, bool isResource)
    {
        if (schema.IntOrString) return new Declared(CelType.Dyn, LengthOf(schema), 1);
        if (isResource || schema.Embedded) schema = schema.AsResource();
        switch (schema.Type)
        {
            case "array" when schema.Items is not null:
                if (Declare(schema.Items, name + ".@idx", false) is not { } item) return null;
                return new Declared(CelType.List(item.Type), schema.MaxItems is { } items ? Math.Max(0, items) : (MaxRequest - 2) / (item.MinSerialized + 1), 2) { Element = item };
            case "object" when schema.AdditionalProperties is not null:
                if (Declare(schema.AdditionalProperties, name + ".@elem", false) is not { } value) return null;
                return new Declared(CelType.Map(CelType.String, value.Type), schema.MaxProperties is { } most ? Math.Max(0, most) : (MaxRequest - 2) / (value.MinSerialized + 6), 2)
                {
                    Key = new Declared(CelType.String, 0, MinText),
                    Element = value,
                };
            case "object":
                return Struct(schema, name);
            case "string":
                return schema.Format switch
                {
                    "byte" => new Declared(CelType.Bytes, schema.MaxLength is { } bytes ? Math.Max(0, bytes) : MaxRequest - 2, MinText),
                    "duration" => new Declared(CelType.Duration, MaxTime, 3),
                    "date" => new Declared(CelType.Timestamp, DateLength, DateLength),
                    "date-time" => new Declared(CelType.Timestamp, MaxTime, 21),
                    _ => new Declared(CelType.String, LengthOf(schema), MinText),
                };
            case "boolean":
                return new Declared(CelType.Bool, 0, 4);
            case "number":
                return new Declared(CelType.Double, 0, 1);
            case "integer":
                return new Declared(CelType.Int, 0, 1);
            default:
                return null;
        }
    }

    private Declared Struct(CelSchema schema, string name)
    {
        var fields = new Dictionary<string, Declared>();
        long least = 2;
        foreach ((string property, CelSchema of) in schema.Properties ?? new Dictionary<string, CelSchema>())
        {
            string? escaped = PropertyNames.Escape(property);
            if (Declare(of, $"{name}.{escaped ?? property}", false) is not { } field) continue;
            if (escaped is not null) fields[escaped] = field;
            if (schema.Required.Contains(property) && !of.HasDefault) least += property.Length + field.MinSerialized + 4;
        }

        var declared = new Declared(CelType.Struct(name), 0, least) { Fields = fields };
        return _named[name] = declared;
    }

    // A code point takes four bytes at most.
    private static long LengthOf(CelSchema schema) =>
        schema.MaxLength is { } most ? Math.Max(0, most) * 4 : schema is { LongestChoice: { } choice, IntOrString: false } ? choice : MaxRequest - 2;
}
