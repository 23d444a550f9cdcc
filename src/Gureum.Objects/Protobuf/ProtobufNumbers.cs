using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Gureum.Objects.Schemas;

namespace Gureum.Objects.Protobuf;

/// <summary>What the wire needs beside the schema: fields by number, and which zero values are meant.</summary>
internal static class ProtobufNumbers
{
    private static readonly ConditionalWeakTable<SchemaNode, WireMessage> Known = [];

    internal static WireMessage Of(SchemaNode schema) => Known.GetValue(schema, static node => WireMessage.Of(node.Fields.Values.Where(f => f.Wire.Count > 0), 0));

    /// <summary>A value that stands on the wire only because the field is always there: in JSON it is missing.</summary>
    internal static bool IsZero(SchemaField field, JsonNode value)
    {
        if (value is not JsonValue scalar || !field.AlwaysOnWire) return false;
        if (scalar.TryGetValue<string>(out var text)) return text.Length == 0;
        // Numbers and flags that a kind always has are shown even when they are zero: restartCount, ready.
        return !field.Required && (scalar.TryGetValue<long>(out var number) ? number == 0 : scalar.TryGetValue<bool>(out var flag) && !flag);
    }
}

/// <summary>What a message holds by number (immutable): fields, or messages whose fields JSON has in the outer object.</summary>
internal sealed class WireMessage
{
    /// <param name="Always">On the wire even when it is missing or empty.</param>
    internal sealed record Entry(int Number, SchemaField? Field, WireMessage? Inner, bool Always)
    {
        /// <summary>The field's name as JSON has it, in UTF-8.</summary>
        internal ReadOnlyMemory<byte> Name { get; } = System.Text.Encoding.UTF8.GetBytes(Field?.Name ?? "");
    }

    private readonly Dictionary<int, Entry> byNumber;

    private WireMessage(IEnumerable<Entry> entries)
    {
        Descending = [.. entries.OrderByDescending(e => e.Number)];
        byNumber = Descending.ToDictionary(e => e.Number);
    }

    /// <summary>The entries from the highest number down: the order in which the writer needs them.</summary>
    internal IReadOnlyList<Entry> Descending { get; }

    internal Entry? Find(int number) => byNumber.GetValueOrDefault(number);

    internal static WireMessage Of(IEnumerable<SchemaField> fields, int depth) => new(fields.GroupBy(f => f.Wire[depth]).Select(group =>
        group.First() is var first && first.Wire.Count == depth + 1 ? new Entry(group.Key, first, null, first.AlwaysOnWire) : new Entry(group.Key, null, Of(group, depth + 1), first.WireAlways > depth)));
}
