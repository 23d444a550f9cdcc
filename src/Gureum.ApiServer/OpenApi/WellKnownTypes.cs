using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Objects.Json;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.OpenApi;

/// <summary>Definitions of values that have a form of their own on the wire: times, quantities, numbers or names, free JSON.</summary>
internal static class WellKnownTypes
{
    private const string Meta = "io.k8s.apimachinery.pkg.apis.meta.v1.", Extensions = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.";

    internal static string NameOf(SchemaNode node) => (node.Kind, node.TypeName) switch
    {
        (SchemaKind.Time, _) => Meta + "Time",
        (SchemaKind.MicroTime, _) => Meta + "MicroTime",
        (SchemaKind.Quantity, _) => "io.k8s.apimachinery.pkg.api.resource.Quantity",
        (SchemaKind.IntOrString, _) => "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
        (_, "json") => Extensions + "JSON",
        (_, "schemaorarray") => Extensions + "JSONSchemaPropsOrArray",
        (_, "schemaorbool") => Extensions + "JSONSchemaPropsOrBool",
        (_, "schemaorstrings") => Extensions + "JSONSchemaPropsOrStringArray",
        (_, "fields") => Meta + "FieldsV1",
        _ => "io.k8s.apimachinery.pkg.runtime.RawExtension",
    };

    internal static bool NeedsSchemaProps(string name) => name.StartsWith(Extensions + "JSONSchemaPropsOr", StringComparison.Ordinal);

    internal static void Write(Utf8JsonWriter w, string name, bool v3)
    {
        w.WriteStartObject(name);
        switch (name[(name.LastIndexOf('.') + 1)..])
        {
            case "Time" or "MicroTime":
                w.WriteString("type"u8, "string"u8);
                w.WriteString("format"u8, "date-time"u8);
                break;
            case "Quantity" when v3: Either(w, "string", "number"); break;
            case "Quantity": w.WriteString("type"u8, "string"u8); break;
            case "IntOrString":
                w.WriteString("format"u8, "int-or-string"u8);
                if (v3) Either(w, "integer", "string");
                else w.WriteString("type"u8, "string"u8);
                break;
            case "RawExtension" or "FieldsV1" or "Patch": w.WriteString("type"u8, "object"u8); break;
            default: break;
        }
        w.WriteEndObject();
    }

    private static void Either(Utf8JsonWriter w, string one, string other)
    {
        w.WriteStartArray("oneOf"u8);
        foreach (var type in (ReadOnlySpan<string>)[one, other])
        {
            w.WriteStartObject();
            w.WriteString("type"u8, type);
            w.WriteEndObject();
        }
        w.WriteEndArray();
    }
}
