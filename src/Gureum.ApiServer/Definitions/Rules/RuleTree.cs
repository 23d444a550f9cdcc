using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Gureum.Cel.Kubernetes;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Definitions.Rules;

/// <summary>The rules of a schema where they stand in it (immutable). Parts without rules at or below them are left out.</summary>
internal sealed record RuleTree(CelSchema Schema, SchemaTypes? Types, ImmutableArray<ValidationRule> Rules)
{
    internal ImmutableDictionary<string, RuleTree> Properties { get; private init; } = ImmutableDictionary<string, RuleTree>.Empty;

    /// <summary>Of a list's items or a map's values.</summary>
    internal RuleTree? Elements { get; private init; }

    /// <summary>How many of its elements a value can have at most.</summary>
    internal ulong MostElements => Types?.Find(["self"], Types.Root)?.Max ?? ulong.MaxValue;

    /// <returns>Null when the schema has no rule anywhere.</returns>
    internal static RuleTree? Compile(JsonObject? schema) => schema is null ? null : Compile(schema, true);

    private static RuleTree? Compile(JsonObject schema, bool root)
    {
        var properties = ImmutableDictionary.CreateBuilder<string, RuleTree>();
        foreach (var (name, child) in schema.Child("properties") ?? [])
            // Of metadata only the name is known to rules, and no rule may stand there.
            if (child is JsonObject inner && !(root && name == "metadata") && Compile(inner, false) is { } below) properties[name] = below;
        var element = schema.Child("items") ?? schema.Child("additionalProperties");
        var elements = element is null ? null : Compile(element, false);
        var own = schema.Objects("x-kubernetes-validations").ToList();
        if (own.Count == 0 && properties.Count == 0 && elements is null) return null;
        var parsed = CelSchema.Parse(schema);
        if (root) parsed = parsed.AsResource();
        // No name that an expression may begin with: a type of that name would hide the field.
        var types = SchemaTypes.Of(parsed, "selfType");
        return new RuleTree(parsed, types, [.. own.Select(r => ValidationRule.Compile(r, types))]) { Properties = properties.ToImmutable(), Elements = elements };
    }
}
