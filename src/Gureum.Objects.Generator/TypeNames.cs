using System;
using System.Collections.Generic;
using System.Linq;

namespace Gureum.Objects.Generator
{
    /// <summary>How a type expression of the facts is named, read and written in C#.</summary>
    internal static class TypeNames
    {
        private static readonly Dictionary<string, (string CSharp, string Helper, bool Value)> Scalars = new Dictionary<string, (string, string, bool)>
        {
            ["string"] = ("string", "String", false),
            ["int32"] = ("int", "Int32", true),
            ["int64"] = ("long", "Int64", true),
            ["double"] = ("double", "Double", true),
            ["bool"] = ("bool", "Boolean", true),
            ["bytes"] = ("byte[]", "Bytes", false),
            ["time"] = ("DateTimeOffset", "Time", true),
            ["microtime"] = ("DateTimeOffset", "MicroTime", true),
            ["quantity"] = ("Quantity", "Quantity", true),
            ["intstr"] = ("IntOrString", "IntOrString", true),
        };

        // Free-form JSON, kept as it came.
        private static readonly HashSet<string> Free = new HashSet<string>
        {
            "any", "raw", "json", "fields", "schemaorarray", "schemaorbool", "schemaorstrings", "apiextensions.v1.JSONSchemaProps",
        };

        public static bool IsOpaque(string type) => Scalars.ContainsKey(type) || Free.Contains(type);
        public static bool IsList(string type) => type.StartsWith("[]", StringComparison.Ordinal);
        public static bool IsMap(string type) => type.StartsWith("{}", StringComparison.Ordinal);
        public static bool IsModel(string type) => !IsList(type) && !IsMap(type) && !IsOpaque(type);

        public static string CSharp(string type)
        {
            if (IsList(type)) return "IReadOnlyList<" + CSharp(type.Substring(2)) + ">";
            if (IsMap(type)) return "IReadOnlyDictionary<string, " + CSharp(type.Substring(2)) + ">";
            if (Free.Contains(type)) return "JsonElement";
            return Scalars.TryGetValue(type, out var scalar) ? scalar.CSharp : "global::" + Namespace(type) + "." + Name(type);
        }

        /// <summary>An expression convertible to ModelJson.Reader of the type.</summary>
        public static string Reader(string type)
        {
            if (IsList(type)) return "static (ref Utf8JsonReader r) => ModelJson.ReadList(ref r, " + Reader(type.Substring(2)) + ")";
            if (IsMap(type)) return "static (ref Utf8JsonReader r) => ModelJson.ReadMap(ref r, " + Reader(type.Substring(2)) + ")";
            if (Free.Contains(type)) return "ModelJson.ReadAny";
            return Scalars.TryGetValue(type, out var scalar) ? "ModelJson.Read" + scalar.Helper : CSharp(type) + ".Read";
        }

        /// <summary>An expression convertible to an Action of writer and value of the type.</summary>
        public static string Writer(string type)
        {
            if (IsList(type)) return "static (w, v) => ModelJson.WriteList(w, v, " + Writer(type.Substring(2)) + ")";
            if (IsMap(type)) return "static (w, v) => ModelJson.WriteMap(w, v, " + Writer(type.Substring(2)) + ")";
            if (Free.Contains(type)) return "ModelJson.WriteAny";
            return Scalars.TryGetValue(type, out var scalar) ? "ModelJson.Write" + scalar.Helper : "static (w, v) => v.Write(w)";
        }

        /// <summary>core.v1.PodSpec lives in Gureum.Objects.Core.V1.</summary>
        public static string Namespace(string type)
        {
            var parts = type.Split('.');
            return "Gureum.Objects." + string.Join(".", parts.Take(parts.Length - 1).Select(Pascal));
        }

        public static string Name(string type) => type.Substring(type.LastIndexOf('.') + 1);

        public static string Pascal(string name)
        {
            var clean = name.TrimStart('$').Replace("-", "_");
            return char.ToUpperInvariant(clean[0]) + clean.Substring(1);
        }
    }
}
