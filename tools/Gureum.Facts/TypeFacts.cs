using System.Text;
using System.Text.Json;

namespace Gureum.Facts;

/// <summary>Writes a `type` line for each definition and an indented line for each of its fields.</summary>
internal static class TypeFacts
{
    private static readonly Dictionary<string, string> Scalars = new()
    {
        ["io.k8s.apimachinery.pkg.api.resource.Quantity"] = "quantity",
        ["io.k8s.apimachinery.pkg.apis.meta.v1.Time"] = "time",
        ["io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime"] = "microtime",
        ["io.k8s.apimachinery.pkg.apis.meta.v1.Duration"] = "string",
        ["io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1"] = "fields",
        ["io.k8s.apimachinery.pkg.apis.meta.v1.Patch"] = "any",
        ["io.k8s.apimachinery.pkg.runtime.RawExtension"] = "raw",
        ["io.k8s.apimachinery.pkg.util.intstr.IntOrString"] = "intstr",
        ["io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON"] = "json",
        ["io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray"] = "schemaorarray",
        ["io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool"] = "schemaorbool",
        ["io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray"] = "schemaorstrings",
    };

    private static readonly (string Prefix, string Short)[] Prefixes =
    [
        ("io.k8s.apimachinery.pkg.apis.meta.", "meta."),
        ("io.k8s.apimachinery.pkg.", ""),
        ("io.k8s.apiextensions-apiserver.pkg.apis.", ""),
        ("io.k8s.kube-aggregator.pkg.apis.", ""),
        ("io.k8s.api.", ""),
    ];

    internal static string ShortName(string definition)
    {
        foreach (var (prefix, replacement) in Prefixes)
            if (definition.StartsWith(prefix, StringComparison.Ordinal)) return replacement + definition[prefix.Length..];
        return definition;
    }

    internal static void Write(JsonElement definitions, Dictionary<string, List<ProtoField>> protos, TextWriter writer)
    {
        foreach (var definition in definitions.EnumerateObject().OrderBy(d => ShortName(d.Name), StringComparer.Ordinal))
        {
            if (Scalars.ContainsKey(definition.Name)) continue;
            WriteType(definition, new WireFields(protos, ProtoName(definition.Name)), writer);
        }
    }

    // io.k8s.api.core.v1.Pod is k8s.io.api.core.v1.Pod on the wire.
    internal static string ProtoName(string definition) =>
        "k8s.io." + definition["io.k8s.".Length..].Replace("apiextensions-apiserver", "apiextensions_apiserver").Replace("kube-aggregator", "kube_aggregator");

    private static void WriteType(JsonProperty definition, WireFields wire, TextWriter writer)
    {
        writer.Write("type " + ShortName(definition.Name));
        if (definition.Value.TryGetProperty("x-kubernetes-map-type", out var mapType)) writer.Write(" map=" + mapType.GetString());
        if (definition.Value.TryGetProperty("x-kubernetes-group-version-kind", out var kinds)) writer.Write(" kind=" + string.Join(',', kinds.EnumerateArray().Select(ResourceFacts.KindName)));
        if (definition.Value.TryGetProperty("x-kubernetes-unions", out var unions)) writer.Write(" unions=" + JsonSerializer.Serialize(unions));
        writer.WriteLine();
        if (!definition.Value.TryGetProperty("properties", out var properties)) return;
        var required = definition.Value.TryGetProperty("required", out var list)
            ? list.EnumerateArray().Select(r => r.GetString()!).ToHashSet() : [];
        var names = properties.EnumerateObject().Select(p => p.Name).Where(n => !IsTypeMeta(definition.Value, n)).ToHashSet();
        var found = names.ToDictionary(n => n, n => wire.Find(n, names));
        foreach (var field in properties.EnumerateObject().Where(p => names.Contains(p.Name)).OrderBy(p => found[p.Name]?.Order ?? (p.Name == "metadata" ? "" : "~"), StringComparer.Ordinal))
            writer.WriteLine("  " + FieldLine(field, found[field.Name], required.Contains(field.Name), Named));
    }

    /// <summary>The fields of a type that has no protobuf form, in the order of their names.</summary>
    internal static void WriteFields(JsonElement definition, bool isKind, Func<string, string> named, TextWriter writer)
    {
        if (!definition.TryGetProperty("properties", out var properties)) return;
        var required = definition.TryGetProperty("required", out var list) ? list.EnumerateArray().Select(r => r.GetString()!).ToHashSet() : [];
        foreach (var field in properties.EnumerateObject().Where(p => !isKind || p.Name is not ("kind" or "apiVersion")).OrderBy(p => p.Name == "metadata" ? "" : p.Name, StringComparer.Ordinal))
            writer.WriteLine("  " + FieldLine(field, null, required.Contains(field.Name), named));
    }

    internal static bool IsTypeMeta(JsonElement definition, string name) =>
        name is "kind" or "apiVersion" && definition.TryGetProperty("x-kubernetes-group-version-kind", out _);

    private static string FieldLine(JsonProperty field, WireField? wire, bool required, Func<string, string> named)
    {
        var line = new StringBuilder(field.Name).Append(' ').Append(TypeOf(field.Value, named));
        if (wire is not null) line.Append(" #").AppendJoin('.', wire.Path);
        if (required) line.Append(" req");
        if (Text(field.Value, "x-kubernetes-list-type") is { } listType)
        {
            line.Append(" list=").Append(listType);
            if (field.Value.TryGetProperty("x-kubernetes-list-map-keys", out var keys))
                line.Append(':').AppendJoin(',', keys.EnumerateArray().Select(k => k.GetString()));
        }
        if (Text(field.Value, "x-kubernetes-map-type") is { } map) line.Append(" map=").Append(map);
        var strategy = Text(field.Value, "x-kubernetes-patch-strategy")?.Split(',') ?? [];
        if (strategy.Contains("merge")) line.Append(" merge=").Append(Text(field.Value, "x-kubernetes-patch-merge-key") ?? "*");
        if (strategy.Contains("retainKeys")) line.Append(" retainKeys");
        if (strategy.Contains("replace")) line.Append(" replace");
        return line.ToString();
    }

    private static string TypeOf(JsonElement schema, Func<string, string> named)
    {
        if (schema.TryGetProperty("$ref", out var reference)) return named(reference.GetString()!["#/definitions/".Length..]);
        switch (Text(schema, "type"))
        {
            case "array": return "[]" + TypeOf(schema.GetProperty("items"), named);
            case "object": return schema.TryGetProperty("additionalProperties", out var value) ? "{}" + TypeOf(value, named) : "any";
            case "integer": return Text(schema, "format") is "int32" ? "int32" : "int64";
            case "number": return "double";
            case "boolean": return "bool";
            case "string": return Text(schema, "format") == "byte" ? "bytes" : "string";
            // ["string", "null"]: a time that may be said not to be known; the only values that may be null.
            default: return schema.TryGetProperty("type", out var types) && types.ValueKind == JsonValueKind.Array ? "time" : "any";
        }
    }

    internal static string Named(string definition) => Scalars.GetValueOrDefault(definition) ?? ShortName(definition);

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
