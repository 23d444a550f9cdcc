using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gureum.OpenStack.Http;

/// <summary>An object of a request's body, read field by field; what is of the wrong type or too long is refused by name.</summary>
/// <param name="Value">The object.</param>
/// <param name="Path">Where it stands, "server.networks[0]": for refusals.</param>
public sealed record Body(JsonObject Value, string Path)
{
    private const int MostDepth = 32;

    /// <summary>How deep a body may be, and that it names no field twice.</summary>
    internal static readonly JsonDocumentOptions Options = new() { MaxDepth = MostDepth, AllowDuplicateProperties = false };

    /// <summary>Bytes of a JSON body that are read at most.</summary>
    public const int Longest = 1 << 20;

    public static Body Parse(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length == 0) throw Fault.BadRequest("Expecting to find a JSON object in the request body, which is empty.");
        try
        {
            CheckTexts(bytes.Span);
            if (JsonNode.Parse(bytes.Span, documentOptions: Options) is JsonObject value) return new Body(value, "");
        }
        catch (JsonException e) { throw Fault.BadRequest($"The request body is not JSON: {e.Message}"); }
        catch (InvalidOperationException) { throw Fault.BadRequest("The request body holds half a character (a lone surrogate)."); }
        throw Fault.BadRequest("The server could not comply with the request since it is either malformed or otherwise incorrect: the body is not a JSON object.");
    }

    // Halves of characters are found when a text is read, which is too late to refuse the body.
    private static void CheckTexts(ReadOnlySpan<byte> bytes)
    {
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = MostDepth });
        while (reader.Read())
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped) reader.GetString();
    }

    private string At(string name) => Path.Length == 0 ? name : $"{Path}.{name}";

    public bool Has(string name) => Value.ContainsKey(name);
    public JsonNode? Node(string name) => Value.TryGetPropertyValue(name, out var node) ? node : null;

    /// <summary>An object that must be there.</summary>
    public Body Object(string name) => Find(name) ?? throw Fault.BadRequest($"Invalid input for field '{At(name)}': '{name}' is a required property and must be an object.");

    /// <summary>An object, or null when it is missing or null.</summary>
    public Body? Find(string name) => Node(name) switch
    {
        null => null,
        JsonObject value => new Body(value, At(name)),
        var other => throw Wrong(name, other, "object"),
    };

    /// <summary>A list of objects; empty when it is missing or null.</summary>
    public IReadOnlyList<Body> Objects(string name) => Node(name) switch
    {
        null => [],
        JsonArray list => [.. list.Select((item, i) => item is JsonObject value ? new Body(value, $"{At(name)}[{i}]") : throw Wrong($"{name}[{i}]", item, "object"))],
        var other => throw Wrong(name, other, "array"),
    };

    public IReadOnlyList<string>? Texts(string name) => Node(name) switch
    {
        null => null,
        JsonArray list => [.. list.Select((item, i) => item?.GetValueKind() == JsonValueKind.String ? item.GetValue<string>() : throw Wrong($"{name}[{i}]", item, "string"))],
        var other => throw Wrong(name, other, "array"),
    };

    /// <summary>A string, or null when it is missing or null.</summary>
    /// <param name="longest">Characters.</param>
    public string? Text(string name, int longest = 255)
    {
        if (Node(name) is not { } node) return null;
        if (node.GetValueKind() != JsonValueKind.String) throw Wrong(name, node, "string");
        var text = node.GetValue<string>();
        if (text.Length > longest) throw Fault.BadRequest($"Invalid input for field '{At(name)}': the value has {text.Length} characters, at most {longest} are accepted.");
        if (text.Contains('\0')) throw Fault.BadRequest($"Invalid input for field '{At(name)}': the value holds a NUL character.");
        return text;
    }

    /// <summary>A string that must be there and not be blank.</summary>
    public string Name(string name, int longest = 255)
    {
        var text = Text(name, longest) ?? throw Fault.BadRequest($"Invalid input for field '{At(name)}': '{name}' is a required property.");
        return text.AsSpan().Trim().Length > 0 ? text : throw Fault.BadRequest($"Invalid input for field '{At(name)}': the value is blank.");
    }

    /// <summary>true or false; OpenStack's clients also send them as strings and numbers.</summary>
    public bool? Flag(string name, bool strict = false) => Node(name) switch
    {
        null => null,
        { } node => node.GetValueKind() switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.String when !strict && Flags.Parse(node.GetValue<string>()) is { } flag => flag,
            _ => throw Wrong(name, node, "boolean"),
        },
    };

    /// <summary>A whole number, or a string that is one; null when it is missing or null.</summary>
    public long? Number(string name, long least = long.MinValue, long most = long.MaxValue)
    {
        if (Node(name) is not { } node) return null;
        long number;
        if (node.GetValueKind() == JsonValueKind.Number && long.TryParse(node.ToJsonString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var plain)) number = plain;
        else if (node.GetValueKind() == JsonValueKind.String && long.TryParse(node.GetValue<string>(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var read)) number = read;
        else throw Wrong(name, node, "integer");
        if (number < least) throw Fault.BadRequest($"Invalid input for field/attribute {At(name)}. Value: {number}. {number} is less than the minimum of {least}");
        return number <= most ? number : throw Fault.BadRequest($"Invalid input for field/attribute {At(name)}. Value: {number}. {number} is greater than the maximum of {most}");
    }

    /// <summary>An object of strings; null when it is missing or null.</summary>
    public IReadOnlyDictionary<string, string>? Map(string name, int longest = 255)
    {
        if (Find(name) is not { } found) return null;
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in found.Value)
        {
            if (key.Length is 0 or > 255) throw Fault.BadRequest($"Invalid input for field '{At(name)}': a key has {key.Length} characters, 1 to 255 are accepted.");
            map[key] = value?.GetValueKind() == JsonValueKind.String && value.GetValue<string>() is var text && text.Length <= longest ? text : throw Wrong($"{name}.{key}", value, $"string of at most {longest} characters");
        }
        return map;
    }

    /// <summary>Refuses fields that are not known.</summary>
    public Body Only(params ReadOnlySpan<string> known)
    {
        foreach (var (name, _) in Value)
            if (!known.Contains(name)) throw Fault.BadRequest($"Additional properties are not allowed ('{At(name)}' was unexpected)");
        return this;
    }

    private Fault Wrong(string name, JsonNode? value, string type)
    {
        var text = value?.ToJsonString() ?? "null";
        return Fault.BadRequest($"Invalid input for field/attribute {At(name)}. Value: {(text.Length > 200 ? text[..200] + "…" : text)}. It is not of type '{type}'");
    }
}

/// <summary>Booleans as oslo.utils reads them.</summary>
public static class Flags
{
    public static bool? Parse(string text) => text.ToLowerInvariant() switch
    {
        "true" or "t" or "1" or "on" or "y" or "yes" => true,
        "false" or "f" or "0" or "off" or "n" or "no" => false,
        _ => null,
    };
}
