using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Gureum.Objects.Generator
{
    /// <summary>Writes one model: an immutable record that reads and writes its JSON and keeps fields it does not know.</summary>
    internal static class ModelWriter
    {
        public static string Write(TypeFact type, ResourceFact? resource)
        {
            var name = TypeNames.Name(type.Name);
            var text = new StringBuilder();
            text.Append("// Generated from Schema/kubernetes.facts.\n#nullable enable\n");
            text.Append("using System;\nusing System.Collections.Generic;\nusing System.Text.Json;\nusing Gureum.Objects.Models;\n\n");
            text.Append("namespace ").Append(TypeNames.Namespace(type.Name)).Append(";\n\n");
            text.Append("/// <summary>").Append(type.Name).Append(" of the Kubernetes API.</summary>\n");
            text.Append("public sealed partial record ").Append(name).Append(" : ")
                .Append(resource is null ? "IModel<" : "IKubeObject<").Append(name).Append(">\n{\n");
            text.Append("    /// <summary>Nothing set. A field that holds this very instance is not written.</summary>\n");
            text.Append("    public static ").Append(name).Append(" Empty { get; } = new();\n\n");
            if (resource != null) Resource(text, name, resource);
            foreach (var field in type.Fields) Property(text, name, field);
            text.Append("    internal List<KeyValuePair<string, JsonElement>>? UnknownFields { get; init; }\n\n");
            Reader(text, name, type);
            Writer(text, type, resource);
            text.Append("    /// <summary>Equal when the JSON is equal.</summary>\n");
            text.Append("    public bool Equals(").Append(name).Append("? other) => ReferenceEquals(this, other) || (other is not null && ModelJson.Same(this, other));\n");
            text.Append("    public override int GetHashCode() => ModelJson.Hash(this);\n");
            text.Append("    public override string ToString() => ModelJson.Text(this);\n");
            text.Append("}\n");
            return text.ToString();
        }

        private static void Resource(StringBuilder text, string name, ResourceFact resource)
        {
            text.Append("    /// <inheritdoc/>\n    public static ResourceType Resource { get; } = new(\"").Append(resource.GroupVersion).Append("\", \"")
                .Append(resource.Kind).Append("\", \"").Append(resource.Plural).Append("\", ").Append(resource.Namespaced ? "true" : "false").Append(");\n");
            text.Append("    ResourceType IKubeObject.Type => Resource;\n");
            text.Append("    /// <inheritdoc/>\n    public ").Append(name).Append(" WithMetadata(global::Gureum.Objects.Meta.V1.ObjectMeta metadata) => this with { Metadata = metadata };\n\n");
        }

        private static string PropertyName(string owner, FieldFact field)
        {
            var property = TypeNames.Pascal(field.Name);
            return property == owner ? property + "Value" : property;
        }

        // metadata, spec, status and template are never null, so that callers read through them without ceremony.
        private static bool NeverNull(FieldFact field) =>
            TypeNames.IsModel(field.Type) && (field.Name == "metadata" || field.Name == "spec" || field.Name == "status" || field.Name == "template");

        private static void Property(StringBuilder text, string owner, FieldFact field)
        {
            var type = TypeNames.CSharp(field.Type);
            text.Append("    public ").Append(type);
            if (TypeNames.IsList(field.Type)) text.Append(' ').Append(PropertyName(owner, field)).Append(" { get; init; } = [];\n");
            else if (TypeNames.IsMap(field.Type)) text.Append(' ').Append(PropertyName(owner, field)).Append(" { get; init; } = ModelJson.NoMap<").Append(TypeNames.CSharp(field.Type.Substring(2))).Append(">();\n");
            else if (NeverNull(field)) text.Append(' ').Append(PropertyName(owner, field)).Append(" { get; init; } = ").Append(type).Append(".Empty;\n");
            else text.Append("? ").Append(PropertyName(owner, field)).Append(" { get; init; }\n");
        }

        private static void Reader(StringBuilder text, string name, TypeFact type)
        {
            text.Append("    /// <summary>Reads the object at the reader; null and missing fields take their defaults.</summary>\n");
            text.Append("    /// <exception cref=\"JsonException\">The JSON is not such an object.</exception>\n");
            text.Append("    public static ").Append(name).Append(" Read(ref Utf8JsonReader r)\n    {\n");
            text.Append("        ModelJson.ExpectObject(ref r, \"").Append(type.Name).Append("\");\n");
            foreach (var (field, i) in type.Fields.Select((f, i) => (f, i)))
                text.Append("        ").Append(TypeNames.CSharp(field.Type)).Append("? f").Append(i).Append(" = null;\n");
            text.Append("        List<KeyValuePair<string, JsonElement>>? extra = null;\n");
            text.Append("        while (r.Read() && r.TokenType == JsonTokenType.PropertyName)\n        {\n");
            if (type.Fields.Count > 0) text.Append("            switch (ModelJson.NameLength(ref r))\n            {\n");
            foreach (var group in type.Fields.Select((f, i) => (Field: f, Index: i)).GroupBy(x => x.Field.Name.Length))
            {
                text.Append("                case ").Append(group.Key).Append(":\n");
                foreach (var (field, index) in group)
                {
                    text.Append("                    if (r.ValueTextEquals(\"").Append(field.Name).Append("\"u8)) { r.Read(); if (r.TokenType != JsonTokenType.Null) f").Append(index).Append(" = ");
                    if (TypeNames.IsList(field.Type)) text.Append("ModelJson.ReadList<").Append(TypeNames.CSharp(field.Type.Substring(2))).Append(">(ref r, ").Append(TypeNames.Reader(field.Type.Substring(2))).Append(')');
                    else if (TypeNames.IsMap(field.Type)) text.Append("ModelJson.ReadMap<").Append(TypeNames.CSharp(field.Type.Substring(2))).Append(">(ref r, ").Append(TypeNames.Reader(field.Type.Substring(2))).Append(')');
                    else text.Append(TypeNames.Reader(field.Type)).Append("(ref r)");
                    text.Append("; continue; }\n");
                }
                text.Append("                    break;\n");
            }
            if (type.Fields.Count > 0) text.Append("            }\n");
            text.Append("            ModelJson.ReadExtra(ref r, ref extra);\n        }\n");
            text.Append("        return new ").Append(name).Append("\n        {\n");
            foreach (var (field, i) in type.Fields.Select((f, i) => (f, i)))
            {
                text.Append("            ").Append(PropertyName(name, field)).Append(" = f").Append(i);
                if (TypeNames.IsList(field.Type)) text.Append(" ?? []");
                else if (TypeNames.IsMap(field.Type)) text.Append(" ?? ModelJson.NoMap<").Append(TypeNames.CSharp(field.Type.Substring(2))).Append(">()");
                else if (NeverNull(field)) text.Append(" ?? ").Append(TypeNames.CSharp(field.Type)).Append(".Empty");
                text.Append(",\n");
            }
            text.Append("            UnknownFields = extra,\n        };\n    }\n\n");
        }

        private static void Writer(StringBuilder text, TypeFact type, ResourceFact? resource)
        {
            var name = TypeNames.Name(type.Name);
            text.Append("    /// <summary>Writes this as a JSON object; unset fields are left out.</summary>\n");
            text.Append("    public void Write(Utf8JsonWriter w)\n    {\n        w.WriteStartObject();\n");
            if (resource != null)
                text.Append("        w.WriteString(\"kind\"u8, \"").Append(resource.Kind).Append("\"u8);\n        w.WriteString(\"apiVersion\"u8, \"").Append(resource.GroupVersion).Append("\"u8);\n");
            foreach (var field in type.Fields)
            {
                var property = PropertyName(name, field);
                var key = "\"" + field.Name + "\"u8";
                if (TypeNames.IsList(field.Type))
                    text.Append("        if (").Append(property).Append(".Count > 0) { w.WritePropertyName(").Append(key).Append("); ModelJson.WriteList(w, ").Append(property).Append(", ").Append(TypeNames.Writer(field.Type.Substring(2))).Append("); }\n");
                else if (TypeNames.IsMap(field.Type))
                    text.Append("        if (").Append(property).Append(".Count > 0) { w.WritePropertyName(").Append(key).Append("); ModelJson.WriteMap(w, ").Append(property).Append(", ").Append(TypeNames.Writer(field.Type.Substring(2))).Append("); }\n");
                else if (NeverNull(field))
                    text.Append("        if (!ReferenceEquals(").Append(property).Append(", ").Append(TypeNames.CSharp(field.Type)).Append(".Empty)) { w.WritePropertyName(").Append(key).Append("); ").Append(property).Append(".Write(w); }\n");
                else if (TypeNames.IsModel(field.Type))
                    text.Append("        if (").Append(property).Append(" is { } ").Append("v_").Append(property).Append(") { w.WritePropertyName(").Append(key).Append("); v_").Append(property).Append(".Write(w); }\n");
                else
                    text.Append("        if (").Append(property).Append(" is { } v_").Append(property).Append(") { w.WritePropertyName(").Append(key).Append("); ").Append(TypeNames.Writer(field.Type)).Append("(w, v_").Append(property).Append("); }\n");
            }
            text.Append("        ModelJson.WriteExtra(w, UnknownFields);\n        w.WriteEndObject();\n    }\n\n");
        }
    }
}
