using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Definitions;

/// <summary>Validates a value by an openAPIV3Schema (the structural subset of JSON Schema that definitions may use).</summary>
internal static class SchemaValidation
{
    private static readonly TimeSpan PatternTime = TimeSpan.FromMilliseconds(100);

    internal static void Validate(JsonNode? value, JsonObject schema, string path, FieldErrors errors, bool topLevel = false, JsonNode? old = null)
    {
        if (old is not null && JsonNode.DeepEquals(value, old)) return;
        if (value is null)
        {
            if (schema.Flag("nullable") != true) errors.TypeInvalid(path, "null", $"{path} in body must be of type {schema.Text("type")}: \"null\"");
            return;
        }
        if (!topLevel && !HasType(value, schema)) { errors.TypeInvalid(path, TypeOf(value), $"{path} in body must be of type {schema.Text("type")}: \"{TypeOf(value)}\""); return; }
        if (schema.Items("enum") is { } choices && !choices.Any(c => JsonNode.DeepEquals(c, value)))
            errors.Unsupported(path, value, choices.Select(c => c is JsonValue v && v.TryGetValue<string>(out var t) ? t : c?.ToJsonString() ?? "null"));
        switch (value)
        {
            case JsonObject map: Object(map, schema, path, errors, topLevel, old as JsonObject); break;
            case JsonArray list: List(list, schema, path, errors, old as JsonArray); break;
            case JsonValue scalar when scalar.TryGetValue<string>(out var text): Text(text, schema, path, errors); break;
            case JsonValue scalar when Number(scalar) is { } number: Number(number, scalar, schema, path, errors); break;
            default: break;
        }
        Combinations(value, schema, path, errors);
    }

    private static void Object(JsonObject map, JsonObject schema, string path, FieldErrors errors, bool topLevel, JsonObject? old)
    {
        foreach (var name in schema.Texts("required"))
            if (!map.ContainsKey(name)) errors.Required(Join(path, name));
        if (schema.Flag("x-kubernetes-embedded-resource") == true)
            foreach (var name in (ReadOnlySpan<string>)["apiVersion", "kind"])
                if (map.Text(name) is not { Length: > 0 }) errors.Required(Join(path, name), "must not be empty");
        var properties = schema.Child("properties");
        foreach (var (name, child) in map)
        {
            if (topLevel && name is "kind" or "apiVersion" or "metadata" && topLevel) continue;
            if (properties?.Child(name) is { } inner) Validate(child, inner, Join(path, name), errors, old: old?[name]);
            else if (schema["additionalProperties"] is JsonObject any) Validate(child, any, Join(path, name), errors, old: old?[name]);
        }
        if (schema.Number("maxProperties") is { } most && map.Count > most) errors.TooMany(path, map.Count, most);
        if (schema.Number("minProperties") is { } least && map.Count < least) errors.Invalid(path, map, $"{path} in body should have at least {least} properties");
    }

    private static void List(JsonArray list, JsonObject schema, string path, FieldErrors errors, JsonArray? old)
    {
        if (schema.Number("maxItems") is { } most && list.Count > most) errors.TooMany(path, list.Count, most);
        if (schema.Number("minItems") is { } least && list.Count < least) errors.Invalid(path, list, $"{path} in body should have at least {least} items");
        var keys = schema.Texts("x-kubernetes-list-map-keys").ToList();
        if (schema.Child("items") is { } items)
            for (var i = 0; i < list.Count; i++) Validate(list[i], items, $"{path}[{i}]", errors, old: Rules.ListCorrelation.Find(old, list[i], schema.Text("x-kubernetes-list-type") ?? "atomic", keys));
        if (keys.Count == 0 && schema.Text("x-kubernetes-list-type") != "set" && schema.Flag("uniqueItems") != true) return;
        var seen = new HashSet<string>();
        for (var i = 0; i < list.Count; i++)
        {
            var id = keys.Count == 0 ? list[i]?.ToJsonString() ?? "null" : string.Join(',', keys.Select(k => (list[i] as JsonObject)?[k]?.ToJsonString()));
            if (!seen.Add(id)) errors.Duplicate($"{path}[{i}]", keys.Count == 0 ? list[i] : KeysOf(list[i] as JsonObject, keys));
        }
    }

    private static JsonObject KeysOf(JsonObject? item, IEnumerable<string> keys) => new(keys.Select(k => KeyValuePair.Create(k, item?[k]?.DeepClone())));

    private static void Text(string text, JsonObject schema, string path, FieldErrors errors)
    {
        if (schema.Number("maxLength") is { } most && text.Length > most) errors.TooLong(path, (int)most);
        if (schema.Number("minLength") is { } least && text.Length < least) errors.Invalid(path, text, $"{path} in body should be at least {least} chars long");
        if (schema.Text("pattern") is { } pattern)
        {
            try
            {
                if (!Regex.IsMatch(text, pattern, RegexOptions.CultureInvariant, PatternTime)) errors.Invalid(path, text, $"{path} in body should match '{pattern}'");
            }
            catch (RegexMatchTimeoutException) { errors.Invalid(path, text, $"matching '{pattern}' took longer than {PatternTime.TotalMilliseconds:0} ms"); }
        }
        var wrong = schema.Text("format") switch
        {
            "date-time" => !Times.TryParse(text, out _),
            "uuid" => !Guid.TryParse(text, out _),
            "ipv4" => !System.Net.IPAddress.TryParse(text, out var v4) || v4.AddressFamily != System.Net.Sockets.AddressFamily.InterNetwork,
            "ipv6" => !System.Net.IPAddress.TryParse(text, out var v6) || v6.AddressFamily != System.Net.Sockets.AddressFamily.InterNetworkV6,
            "cidr" => !System.Net.IPNetwork.TryParse(text, out _),
            "uri" => !Uri.TryCreate(text, UriKind.RelativeOrAbsolute, out _),
            "byte" => !System.Buffers.Text.Base64.IsValid(text),
            _ => false,
        };
        if (wrong) errors.Invalid(path, text, $"{path} in body must be of type {schema.Text("format")}: \"{text}\"");
    }

    private static void Number(double number, JsonValue value, JsonObject schema, string path, FieldErrors errors)
    {
        var (above, below) = (schema.Flag("exclusiveMinimum") == true, schema.Flag("exclusiveMaximum") == true);
        if (Limit(schema, "maximum") is { } most && (number > most || (below && number == most)))
            errors.Invalid(path, value, $"{path} in body should be less than {(below ? "" : "or equal to ")}{most.ToString(CultureInfo.InvariantCulture)}");
        if (Limit(schema, "minimum") is { } least && (number < least || (above && number == least)))
            errors.Invalid(path, value, $"{path} in body should be greater than {(above ? "" : "or equal to ")}{least.ToString(CultureInfo.InvariantCulture)}");
        if (Limit(schema, "multipleOf") is { } factor && factor > 0 && Math.Abs(number / factor - Math.Round(number / factor)) > 1e-9) errors.Invalid(path, value, $"{path} in body should be a multiple of {factor.ToString(CultureInfo.InvariantCulture)}");
    }

    private static void Combinations(JsonNode value, JsonObject schema, string path, FieldErrors errors)
    {
        foreach (var part in schema.Objects("allOf")) Validate(value, part, path, errors);
        if (schema.Items("anyOf") is { } any && schema.Flag("x-kubernetes-int-or-string") != true && !any.OfType<JsonObject>().Any(p => Fits(value, p, path))) errors.Invalid(path, value, $"{path} in body must validate at least one schema (anyOf)");
        if (schema.Items("oneOf") is { } one && one.OfType<JsonObject>().Count(p => Fits(value, p, path)) != 1) errors.Invalid(path, value, $"{path} in body must validate one and only one schema (oneOf)");
        if (schema.Child("not") is { } not && Fits(value, not, path)) errors.Invalid(path, value, $"{path} in body must not validate the schema (not)");
    }

    private static bool Fits(JsonNode value, JsonObject schema, string path)
    {
        var errors = new FieldErrors();
        Validate(value, schema, path, errors);
        return !errors.Any;
    }

    private static double? Limit(JsonObject schema, string name) => schema[name] is JsonValue value ? Number(value) : null;

    private static double? Number(JsonValue value) => value.TryGetValue<long>(out var whole) ? whole : value.TryGetValue<double>(out var real) ? real : null;

    private static bool HasType(JsonNode value, JsonObject schema)
    {
        if (schema.Flag("x-kubernetes-int-or-string") == true) return TypeOf(value) is "integer" or "string";
        return schema.Text("type") switch
        {
            null or "" => true,
            "number" => TypeOf(value) is "number" or "integer",
            var type => TypeOf(value) == type,
        };
    }

    private static string TypeOf(JsonNode value) => value switch
    {
        JsonObject => "object",
        JsonArray => "array",
        JsonValue v when v.TryGetValue<string>(out _) => "string",
        JsonValue v when v.TryGetValue<bool>(out _) => "boolean",
        JsonValue v when v.TryGetValue<long>(out _) => "integer",
        _ => "number",
    };

    private static string Join(string path, string name) => path.Length == 0 ? name : path + "." + name;
}
