using Gureum.Cel.Checking;
using Gureum.Cel.Costs;
using Gureum.Cel.Libraries;
using Gureum.Cel.Values;

namespace Gureum.Cel.Kubernetes;

/// <summary>An object that an expression made: <c>JSONPatch{…}</c>, <c>Object.spec{…}</c>.</summary>
public sealed class CelRecord(CelType type, IReadOnlyDictionary<string, CelValue> fields) : CelObject
{
    /// <summary>The fields that were given.</summary>
    public IReadOnlyDictionary<string, CelValue> Fields { get; } = fields;

    /// <inheritdoc/>
    public override CelType Type => type;

    /// <inheritdoc/>
    public override bool TryGetField(string name, out CelValue value) => Fields.TryGetValue(name, out value!);

    /// <inheritdoc/>
    public override bool TryHasField(string name, out bool isSet)
    {
        isSet = Fields.ContainsKey(name);
        return true;
    }

    /// <inheritdoc/>
    public override bool EqualTo(CelValue other) =>
        other is CelRecord r && r.Type.Name == Type.Name && r.Fields.Count == Fields.Count && Fields.All(f => r.Fields.TryGetValue(f.Key, out CelValue? v) && v.EqualTo(f.Value));

    /// <inheritdoc/>
    public override int Hash() => HashCode.Combine(Type.Name, Fields.Count);
}

/// <summary>The types by which a mutating policy says what to change: JSONPatch, and Object with the fields of the object (kubernetes.io, "Mutating Admission Policy").</summary>
internal sealed class PatchTypes : ICelTypeProvider
{
    private static readonly Dictionary<string, CelType> Operation = new() { ["op"] = CelType.String, ["path"] = CelType.String, ["from"] = CelType.String, ["value"] = CelType.Dyn };

    internal static readonly CelLibrary Instance = new LibraryBuilder("kubernetes.jsonpatch")
        // RFC 6901: ~ first, so that what stands for / is not escaped again.
        .Global("jsonpatch.escapeKey", "string_jsonpatch_escapeKey_string", [CelType.String], CelType.String,
            static a => new CelString(((CelString)a[0]).Value.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)), CallCost.PassFirst)
        .Build(new PatchTypes());

    public CelType? FindType(string name) => name == "JSONPatch" ? KubernetesTypes.JsonPatch : name == "Object" || name.StartsWith("Object.", StringComparison.Ordinal) ? CelType.Struct(name) : null;

    public CelType? FindField(string typeName, string field) => typeName == "JSONPatch" ? Operation.GetValueOrDefault(field) : FindType(typeName) is null ? null : CelType.Dyn;

    public CelValue Construct(string typeName, IReadOnlyList<KeyValuePair<string, CelValue>> fields)
    {
        var given = new Dictionary<string, CelValue>();
        foreach ((string name, CelValue value) in fields)
        {
            if (FindField(typeName, name) is not { } type) return CelError.Of($"unexpected {typeName} field: {name}");
            if (type.Kind == CelKind.String && value is not CelString) return CelError.Of($"unexpected type {value.Type.Name} for {typeName} '{name}' field");
            if (typeName != "JSONPatch" && value is CelRecord record && record.Type.Name != $"{typeName}.{name}") return CelError.Of($"unexpected type name \"{record.Type.Name}\", expected \"{typeName}.{name}\"");
            given[name] = value;
        }

        return new CelRecord(CelType.Struct(typeName), given);
    }
}
