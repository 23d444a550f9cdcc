using System.Collections.ObjectModel;
using System.Text;
using System.Text.Json;

namespace Gureum.Objects.Json;

/// <summary>Reads single places of encoded JSON without building a tree.</summary>
public static class JsonPeek
{
    /// <summary>The scalar at a path as text (numbers and booleans as written), "" when it is missing or not a scalar.</summary>
    public static string Text(ReadOnlySpan<byte> json, IReadOnlyList<string> path)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = ObjectDecoder.MaxDepth + 8 });
        if (!Find(ref reader, path)) return "";
        return reader.TokenType switch
        {
            JsonTokenType.String => reader.GetString()!,
            JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False => Encoding.UTF8.GetString(reader.ValueSpan),
            _ => "",
        };
    }

    /// <summary>The strings of the map at a path; empty when it is missing.</summary>
    public static IReadOnlyDictionary<string, string> StringMap(ReadOnlySpan<byte> json, IReadOnlyList<string> path)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = ObjectDecoder.MaxDepth + 8 });
        if (!Find(ref reader, path) || reader.TokenType != JsonTokenType.StartObject) return ReadOnlyDictionary<string, string>.Empty;
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType == JsonTokenType.String) map[key] = reader.GetString()!;
            else reader.Skip();
        }
        return map;
    }

    /// <summary>The bytes of the value at a path; empty when it is missing.</summary>
    public static ReadOnlySpan<byte> Raw(ReadOnlySpan<byte> json, IReadOnlyList<string> path)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = ObjectDecoder.MaxDepth + 8 });
        if (!Find(ref reader, path)) return default;
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return json[start..(int)reader.BytesConsumed];
    }

    private static bool Find(ref Utf8JsonReader reader, IReadOnlyList<string> path)
    {
        if (!reader.Read()) return false;
        foreach (var name in path)
        {
            if (reader.TokenType != JsonTokenType.StartObject) return false;
            var found = false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals(name)) { reader.Read(); found = true; break; }
                reader.Read();
                reader.Skip();
            }
            if (!found) return false;
        }
        return true;
    }
}
