using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Registry;
using Gureum.Objects.Json;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.OpenApi;

/// <summary>
/// Writes schemas as OpenAPI definitions, with the x-kubernetes extensions that clients merge and apply by. Types that a
/// definition refers to are remembered and written after it. Serves one document; not thread-safe.
/// </summary>
/// <param name="covered">The group and version that the document is about; null when it is about all of them.</param>
internal sealed class SchemaPublisher(Utf8JsonWriter w, Descriptions descriptions, bool v3, string? covered = null)
{
    private readonly Queue<SchemaNode> pending = new();
    private readonly HashSet<string> seen = new(StringComparer.Ordinal);
    private readonly SortedSet<string> wellKnown = new(StringComparer.Ordinal);

    private string Place => v3 ? "#/components/schemas/" : "#/definitions/";

    /// <summary>Writes the definitions of kinds, their lists and everything that they hold.</summary>
    internal void Write(IReadOnlyList<Resource> resources)
    {
        foreach (var resource in resources)
        {
            var name = TypeNames.Definition(resource);
            if (resource.Schema.TypeName is { } builtIn)
            {
                Remember(resource.Schema);
                if (KubernetesSchema.Instance.FindType(builtIn + "List") is { } list && resource.Facts.Verbs.Contains("list")) Remember(list);
            }
            else if (seen.Add(name))
            {
                WriteDefined(resource, name);
                if (resource.Facts.Verbs.Contains("list")) WriteList(resource, name);
            }
            foreach (var sub in resource.Facts.Subresources)
                if (TypeNames.Body(sub) is { } body) Remember(KubernetesSchema.Instance.Type(body));
        }
        foreach (var type in (ReadOnlySpan<string>)["APIResourceList", "DeleteOptions", "Status", "WatchEvent", "ObjectMeta", "ListMeta"]) Remember(KubernetesSchema.Instance.Type("meta.v1." + type));
        wellKnown.Add(TypeNames.Patch);
        Rest();
    }

    /// <summary>Writes the definition of a type of documents that are no objects, and everything that it holds.</summary>
    internal void Write(string type)
    {
        Remember(KubernetesSchema.Instance.Type(type));
        Rest();
    }

    private void Rest()
    {
        while (pending.TryDequeue(out var node)) WriteType(node);
        foreach (var name in wellKnown) WellKnownTypes.Write(w, name, v3);
        wellKnown.Clear();
    }

    private void Remember(SchemaNode node)
    {
        if (seen.Add(node.TypeName!)) pending.Enqueue(KubernetesSchema.Instance.FindType(node.TypeName!) ?? node);
    }

    private void WriteType(SchemaNode type)
    {
        var name = type.TypeName!;
        w.WriteStartObject(TypeNames.Definition(name));
        if (descriptions.Find(name) is { } text) w.WriteString("description"u8, text);
        w.WriteString("type"u8, "object"u8);
        if (type.Fields.Count > 0 || type.Kinds.Count > 0)
        {
            w.WriteStartObject("properties"u8);
            // An event of a watch says what it is without naming its own kind.
            if (type.Kinds.Count > 0 && name != "meta.v1.WatchEvent") WriteTypeMeta();
            foreach (var (key, field) in type.Fields.OrderBy(f => f.Key, StringComparer.Ordinal))
            {
                w.WriteStartObject(key);
                WriteField(name, field);
                w.WriteEndObject();
            }
            w.WriteEndObject();
        }
        Required(type);
        if (type.Atomic) w.WriteString("x-kubernetes-map-type"u8, "atomic"u8);
        if (type.Unions is { } unions) { w.WritePropertyName("x-kubernetes-unions"u8); w.WriteRawValue(unions); }
        if (type.Kinds.Count > 0) Kinds(w, type.Kinds.Select(TypeNames.Split).Where(k => type.Kinds.Count == 1 || covered is null || k.Group.Length == 0 || covered == (k.Group + "/" + k.Version)));
        w.WriteEndObject();
    }

    private void Required(SchemaNode type)
    {
        var names = type.Fields.Values.Where(f => f.Required).Select(f => f.Name).ToList();
        if (names.Count == 0) return;
        w.WriteStartArray("required"u8);
        foreach (var name in names) w.WriteStringValue(name);
        w.WriteEndArray();
    }

    private void WriteTypeMeta()
    {
        foreach (var (name, text) in DefinedSchemas.TypeFields)
        {
            w.WriteStartObject(name);
            w.WriteString("description"u8, text);
            w.WriteString("type"u8, "string"u8);
            w.WriteEndObject();
        }
    }

    private void WriteField(string type, SchemaField field)
    {
        var name = type + "." + field.Name;
        var (description, fallback, values) = (descriptions.Find(name), v3 ? PublishedFacts.Default(name) : null, PublishedFacts.Enum(name));
        if (description is not null) w.WriteString("description"u8, description);
        WriteNode(field.Node, described: description is not null || fallback is not null, values);
        if (field.NamesListType) ListType(field.Node);
        if (fallback is not null) { w.WritePropertyName("default"u8); w.WriteRawValue(fallback); }
        if (field.MapType is { } map) w.WriteString("x-kubernetes-map-type"u8, map);
        if (field.MergeKey is null && !field.RetainKeys && !field.Replaces) return;
        if (field.MergeKey is { } key && key != "*") w.WriteString("x-kubernetes-patch-merge-key"u8, key);
        w.WriteString("x-kubernetes-patch-strategy"u8, field.Replaces ? "replace" : field.MergeKey is null ? "retainKeys" : field.RetainKeys ? "merge,retainKeys" : "merge");
    }

    private void ListType(SchemaNode node)
    {
        w.WriteString("x-kubernetes-list-type"u8, node.ListType switch { Objects.Schemas.ListType.Map => "map", Objects.Schemas.ListType.Set => "set", _ => "atomic" });
        if (node.ListType != Objects.Schemas.ListType.Map) return;
        w.WriteStartArray("x-kubernetes-list-map-keys"u8);
        foreach (var key in node.ListKeys) w.WriteStringValue(key);
        w.WriteEndArray();
    }

    // The values of a list or map are those of its elements.
    private void WriteNode(SchemaNode node, bool described = false, string? values = null)
    {
        switch (node.Kind)
        {
            case SchemaKind.Object: Remember(node); Reference(TypeNames.Definition(node.TypeName!), described); break;
            case SchemaKind.List or SchemaKind.Map:
                w.WriteString("type"u8, node.Kind == SchemaKind.List ? "array" : "object");
                w.WriteStartObject(node.Kind == SchemaKind.List ? "items" : "additionalProperties");
                WriteNode(node.Element!, values: values);
                w.WriteEndObject();
                break;
            case SchemaKind.Int32: Scalar("integer", "int32"); break;
            case SchemaKind.Int64: Scalar("integer", "int64"); break;
            case SchemaKind.Double: Scalar("number", "double"); break;
            case SchemaKind.Bool: Scalar("boolean", null); break;
            case SchemaKind.Bytes: Scalar("string", "byte"); break;
            case SchemaKind.String:
                Scalar("string", null);
                if (values is not null) { w.WritePropertyName("enum"u8); w.WriteRawValue(values); }
                break;
            default: Known(WellKnownTypes.NameOf(node), described); break;
        }
    }

    private void Known(string name, bool described)
    {
        wellKnown.Add(name);
        if (WellKnownTypes.NeedsSchemaProps(name)) Remember(KubernetesSchema.Instance.Type("apiextensions.v1.JSONSchemaProps"));
        Reference(name, described);
    }

    // Beside a $ref nothing else counts in OpenAPI 3.0: what is said about the field goes around it.
    private void Reference(string definition, bool described)
    {
        if (!v3 || !described) { w.WriteString("$ref"u8, Place + definition); return; }
        w.WriteStartArray("allOf"u8);
        w.WriteStartObject();
        w.WriteString("$ref"u8, Place + definition);
        w.WriteEndObject();
        w.WriteEndArray();
    }

    private void Scalar(string type, string? format)
    {
        w.WriteString("type"u8, type);
        if (format is not null) w.WriteString("format"u8, format);
    }

    private void WriteList(Resource resource, string item)
    {
        var name = item + "List";
        if (!seen.Add(name)) return;
        w.WriteStartObject(name);
        w.WriteString("description"u8, $"{resource.Type.Kind}List is a list of {resource.Type.Kind}.");
        w.WriteString("type"u8, "object"u8);
        w.WriteStartObject("properties"u8);
        WriteTypeMeta();
        w.WriteStartObject("metadata"u8);
        Reference(TypeNames.ListMeta, described: false);
        w.WriteEndObject();
        w.WriteStartObject("items"u8);
        w.WriteString("type"u8, "array"u8);
        w.WriteStartObject("items"u8);
        Reference(item, described: false);
        w.WriteEndObject();
        w.WriteEndObject();
        w.WriteEndObject();
        w.WriteStartArray("required"u8);
        w.WriteStringValue("items"u8);
        w.WriteEndArray();
        Kinds(w, [(resource.Type.Group, resource.Type.Version, resource.Type.Kind + "List")]);
        w.WriteEndObject();
    }

    // A defined kind is published as its definition gives it, with what every object has.
    private void WriteDefined(Resource resource, string name)
    {
        var schema = new DefinedSchemas(descriptions, Place, v3).Publish(resource.OpenApiSchema);
        schema["x-kubernetes-group-version-kind"] = new JsonArray((JsonNode)new JsonObject { ["group"] = resource.Type.Group, ["version"] = resource.Type.Version, ["kind"] = resource.Type.Kind });
        w.WritePropertyName(name);
        schema.WriteTo(w);
    }

    internal static void Kinds(Utf8JsonWriter w, IEnumerable<(string Group, string Version, string Kind)> kinds)
    {
        w.WriteStartArray("x-kubernetes-group-version-kind"u8);
        foreach (var kind in kinds) Kind(w, kind.Group, kind.Version, kind.Kind);
        w.WriteEndArray();
    }

    internal static void Kind(Utf8JsonWriter w, string group, string version, string kind)
    {
        w.WriteStartObject();
        w.WriteString("group"u8, group);
        w.WriteString("kind"u8, kind);
        w.WriteString("version"u8, version);
        w.WriteEndObject();
    }
}
