using System.Buffers;
using System.Collections.ObjectModel;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Gureum.Objects.Models;

/// <summary>How the generated models read and write JSON.</summary>
public static class ModelJson
{
    public delegate T Reader<out T>(ref Utf8JsonReader reader);

    public static readonly JsonWriterOptions WriterOptions = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>Reads one model from UTF-8 JSON.</summary>
    /// <exception cref="JsonException">The JSON is malformed or a field has another type than its schema says.</exception>
    public static T Parse<T>(ReadOnlySpan<byte> json) where T : IModel<T>
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 128 });
        reader.Read();
        return T.Read(ref reader);
    }

    public static T Parse<T>(string json) where T : IModel<T> => Parse<T>(Encoding.UTF8.GetBytes(json));

    public static byte[] Encode(IModel model)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, WriterOptions)) model.Write(writer);
        return buffer.WrittenSpan.ToArray();
    }

    public static string Text(IModel model) => Encoding.UTF8.GetString(Encode(model));
    public static bool Same(IModel a, IModel b) => Encode(a).AsSpan().SequenceEqual(Encode(b));
    public static int Hash(IModel model)
    {
        var hash = new HashCode();
        hash.AddBytes(Encode(model));
        return hash.ToHashCode();
    }

    public static void ExpectObject(ref Utf8JsonReader reader, string type)
    {
        if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException($"{type}: expected an object, found {reader.TokenType}");
    }

    // An escaped name has another length on the wire than its text: -1 sends it to the unknown fields, where it is kept.
    public static int NameLength(ref Utf8JsonReader reader) =>
        reader.ValueIsEscaped ? -1 : reader.HasValueSequence ? (int)reader.ValueSequence.Length : reader.ValueSpan.Length;

    public static void ReadExtra(ref Utf8JsonReader reader, ref List<KeyValuePair<string, JsonElement>>? extra)
    {
        var name = reader.GetString()!;
        reader.Read();
        if (name is "kind" or "apiVersion" && reader.TokenType is JsonTokenType.String or JsonTokenType.Null) return;
        (extra ??= []).Add(new(name, JsonElement.ParseValue(ref reader)));
    }

    public static void WriteExtra(Utf8JsonWriter writer, List<KeyValuePair<string, JsonElement>>? extra)
    {
        if (extra is null) return;
        foreach (var (name, value) in extra)
        {
            writer.WritePropertyName(name);
            value.WriteTo(writer);
        }
    }

    public static IReadOnlyDictionary<string, T> NoMap<T>() => ReadOnlyDictionary<string, T>.Empty;

    public static List<T> ReadList<T>(ref Utf8JsonReader reader, Reader<T> read)
    {
        if (reader.TokenType != JsonTokenType.StartArray) throw new JsonException($"expected an array, found {reader.TokenType}");
        var list = new List<T>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            if (reader.TokenType != JsonTokenType.Null) list.Add(read(ref reader));
        return list;
    }

    public static void WriteList<T>(Utf8JsonWriter writer, IReadOnlyList<T> list, Action<Utf8JsonWriter, T> write)
    {
        writer.WriteStartArray();
        for (var i = 0; i < list.Count; i++) write(writer, list[i]);
        writer.WriteEndArray();
    }

    public static Dictionary<string, T> ReadMap<T>(ref Utf8JsonReader reader, Reader<T> read)
    {
        if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException($"expected an object, found {reader.TokenType}");
        var map = new Dictionary<string, T>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType == JsonTokenType.Null && typeof(T) == typeof(string)) map[key] = (T)(object)"";
            else map[key] = read(ref reader);
        }
        return map;
    }

    // Keys are written in order, as everywhere in the API, so that equal maps are equal bytes.
    public static void WriteMap<T>(Utf8JsonWriter writer, IReadOnlyDictionary<string, T> map, Action<Utf8JsonWriter, T> write)
    {
        writer.WriteStartObject();
        if (map.Count == 1) foreach (var (key, value) in map) { writer.WritePropertyName(key); write(writer, value); }
        else foreach (var key in map.Keys.Order(StringComparer.Ordinal)) { writer.WritePropertyName(key); write(writer, map[key]); }
        writer.WriteEndObject();
    }

    public static string ReadString(ref Utf8JsonReader reader) => reader.TokenType == JsonTokenType.String
        ? reader.GetString()! : throw new JsonException($"expected a string, found {reader.TokenType}");
    public static int ReadInt32(ref Utf8JsonReader reader) => reader.GetInt32();
    public static long ReadInt64(ref Utf8JsonReader reader) => reader.GetInt64();
    public static double ReadDouble(ref Utf8JsonReader reader) => reader.GetDouble();
    public static bool ReadBoolean(ref Utf8JsonReader reader) => reader.GetBoolean();
    public static byte[] ReadBytes(ref Utf8JsonReader reader) => reader.GetBytesFromBase64();
    public static DateTimeOffset ReadTime(ref Utf8JsonReader reader) => Times.Parse(ReadString(ref reader));
    public static DateTimeOffset ReadMicroTime(ref Utf8JsonReader reader) => Times.Parse(ReadString(ref reader));
    public static JsonElement ReadAny(ref Utf8JsonReader reader) => JsonElement.ParseValue(ref reader);
    public static Quantity ReadQuantity(ref Utf8JsonReader reader) => reader.TokenType == JsonTokenType.Number
        ? Quantity.Parse(Encoding.UTF8.GetString(reader.ValueSpan)) : Quantity.Parse(ReadString(ref reader));
    public static IntOrString ReadIntOrString(ref Utf8JsonReader reader) => reader.TokenType == JsonTokenType.Number
        ? new IntOrString(reader.GetInt32()) : new IntOrString(ReadString(ref reader));

    public static void WriteString(Utf8JsonWriter writer, string value) => writer.WriteStringValue(value);
    public static void WriteInt32(Utf8JsonWriter writer, int value) => writer.WriteNumberValue(value);
    public static void WriteInt64(Utf8JsonWriter writer, long value) => writer.WriteNumberValue(value);
    public static void WriteDouble(Utf8JsonWriter writer, double value) => writer.WriteNumberValue(value);
    public static void WriteBoolean(Utf8JsonWriter writer, bool value) => writer.WriteBooleanValue(value);
    public static void WriteBytes(Utf8JsonWriter writer, byte[] value) => writer.WriteBase64StringValue(value);
    public static void WriteTime(Utf8JsonWriter writer, DateTimeOffset value) => writer.WriteStringValue(Times.Format(value));
    public static void WriteMicroTime(Utf8JsonWriter writer, DateTimeOffset value) => writer.WriteStringValue(Times.FormatMicro(value));
    public static void WriteAny(Utf8JsonWriter writer, JsonElement value) => value.WriteTo(writer);
    public static void WriteQuantity(Utf8JsonWriter writer, Quantity value) => writer.WriteStringValue(value.ToString());
    public static void WriteIntOrString(Utf8JsonWriter writer, IntOrString value)
    {
        if (value.Text is { } text) writer.WriteStringValue(text);
        else writer.WriteNumberValue(value.Number);
    }
}
