using System.Text.Json;

namespace Gureum.Objects.Json;

/// <summary>Finds names that stand twice in one object of a JSON text, which trees cannot show.</summary>
public static class DuplicateFields
{
    /// <summary>The places, each once: spec.replicas, spec.containers[0].name.</summary>
    /// <exception cref="DecodeException">The text is not JSON or too deep.</exception>
    public static IReadOnlyList<string> Find(ReadOnlySpan<byte> json)
    {
        var found = new List<string>();
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = ObjectDecoder.MaxDepth });
        try
        {
            while (reader.Read()) Value(ref reader, "", found);
        }
        catch (JsonException e) { throw new DecodeException("couldn't parse the body as JSON: " + e.Message); }
        return found;
    }

    /// <summary>Whether there is none, by a look that costs little: names that only may be the same count as the same.</summary>
    /// <exception cref="DecodeException">See <see cref="Find"/>.</exception>
    public static bool None(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = ObjectDecoder.MaxDepth });
        // Each name with the object that it stands in; two of the same hash are looked at closely.
        var seen = new HashSet<(int Owner, int Hash)>();
        Span<int> owners = stackalloc int[ObjectDecoder.MaxDepth + 1];
        var objects = 0;
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.StartObject) owners[reader.CurrentDepth + 1] = ++objects;
                else if (reader.TokenType == JsonTokenType.PropertyName && (reader.ValueIsEscaped || !seen.Add((owners[reader.CurrentDepth], Hash(reader.ValueSpan))))) return Find(json).Count == 0;
            }
            return true;
        }
        catch (JsonException e) { throw new DecodeException("couldn't parse the body as JSON: " + e.Message); }
    }

    private static int Hash(ReadOnlySpan<byte> name)
    {
        var hash = new HashCode();
        hash.AddBytes(name);
        return hash.ToHashCode();
    }

    private static void Value(ref Utf8JsonReader reader, string place, List<string> found)
    {
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                var inner = place.Length == 0 ? name : place + "." + name;
                if (!seen.Add(name) && !found.Contains(inner)) found.Add(inner);
                reader.Read();
                Value(ref reader, inner, found);
            }
        }
        else if (reader.TokenType == JsonTokenType.StartArray)
            for (var i = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; i++) Value(ref reader, $"{place}[{i}]", found);
    }
}
