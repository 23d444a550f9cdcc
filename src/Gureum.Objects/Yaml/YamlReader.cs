using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gureum.Objects.Json;
using Gureum.Objects.Models;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Gureum.Objects.Yaml;

/// <summary>
/// YAML to JSON as the Kubernetes API reads it (YAML 1.1 scalars: yes and no are booleans, a leading zero is octal). Aliases are expanded within
/// limits, so that a small document cannot become a large object.
/// </summary>
public static partial class YamlReader
{
    public const int MaxDepth = 100;
    public const int MostNodes = 200_000;

    [GeneratedRegex("^[-+]?[0-9]+$")] private static partial Regex Integer();
    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")] private static partial Regex Real();

    /// <summary>The first document as JSON.</summary>
    /// <exception cref="DecodeException">Not YAML, or beyond the limits.</exception>
    /// <param name="duplicates">Gets a line for each name that stands twice in one mapping; the last one counts.</param>
    public static byte[] ToJson(ReadOnlySpan<byte> yaml, List<string>? duplicates = null) => ToJson(new StringReader(Encoding.UTF8.GetString(yaml)), duplicates).FirstOrDefault() ?? "null"u8.ToArray();

    /// <summary>Every document of a stream as JSON; empty ones are left out.</summary>
    /// <exception cref="DecodeException">See <see cref="ToJson(ReadOnlySpan{byte})"/>.</exception>
    public static IReadOnlyList<byte[]> ToJson(TextReader reader, List<string>? duplicates = null)
    {
        var documents = new List<byte[]>();
        try
        {
            var parser = new Parser(reader);
            parser.Consume<StreamStart>();
            while (!parser.Accept<StreamEnd>(out _))
            {
                parser.Consume<DocumentStart>();
                var empty = parser.Accept<Scalar>(out var scalar) && scalar.Value.Length == 0 && scalar.Style == ScalarStyle.Plain;
                var buffer = new System.Buffers.ArrayBufferWriter<byte>(1024);
                using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = ModelJson.WriterOptions.Encoder, SkipValidation = true, MaxDepth = MaxDepth + 1 }))
                    new Document(parser, writer, duplicates).Write();
                parser.Consume<DocumentEnd>();
                if (!empty) documents.Add(buffer.WrittenSpan.ToArray());
            }
            return documents;
        }
        catch (YamlException e) { throw new DecodeException($"yaml: line {e.Start.Line}: {e.InnerException?.Message ?? e.Message}"); }
    }

    private sealed class Document(Parser parser, Utf8JsonWriter writer, List<string>? duplicates)
    {
        private readonly Dictionary<string, List<ParsingEvent>> anchors = [];
        private readonly List<List<ParsingEvent>> recording = [];
        private IEnumerator<ParsingEvent>? replay;
        private int nodes;

        internal void Write() => WriteNode(Next(), 0);

        private ParsingEvent Next()
        {
            // What an alias repeats is not recorded: the alias itself was.
            if (replay is not null) { replay.MoveNext(); return replay.Current; }
            var next = parser.Consume<ParsingEvent>();
            foreach (var record in recording) record.Add(next);
            return next;
        }

        private void WriteNode(ParsingEvent node, int depth)
        {
            if (++nodes > MostNodes) throw new DecodeException($"the document has more than {MostNodes} nodes, counting those that aliases repeat");
            if (depth > MaxDepth) throw new DecodeException($"the document nests deeper than {MaxDepth}");
            if (node is AnchorAlias alias) { WriteAlias(alias, depth); return; }
            var anchor = node is NodeEvent { Anchor.IsEmpty: false } named ? named.Anchor.Value : null;
            List<ParsingEvent>? record = null;
            if (anchor is not null && replay is null)
            {
                record = [node];
                recording.Add(record);
            }
            switch (node)
            {
                case Scalar scalar: WriteScalar(scalar); break;
                case SequenceStart:
                    writer.WriteStartArray();
                    for (var item = Next(); item is not SequenceEnd; item = Next()) WriteNode(item, depth + 1);
                    writer.WriteEndArray();
                    break;
                case MappingStart: WriteMapping(depth); break;
                default: throw new DecodeException($"unexpected {node.GetType().Name} at line {node.Start.Line}");
            }
            if (record is null) return;
            recording.Remove(record);
            anchors[anchor!] = record;
        }

        private void WriteMapping(int depth)
        {
            writer.WriteStartObject();
            var seen = duplicates is null ? null : new HashSet<string>(StringComparer.Ordinal);
            for (var key = Next(); key is not MappingEnd; key = Next())
            {
                if (key is not Scalar name) throw new DecodeException($"line {key.Start.Line}: a key must be text");
                if (name.Value == "<<" && name.Style == ScalarStyle.Plain) throw new DecodeException($"line {key.Start.Line}: merge keys (<<) are not supported; write the fields out");
                if (seen?.Add(name.Value) == false) duplicates!.Add($"line {key.Start.Line}: key \"{name.Value}\" already set in map");
                writer.WritePropertyName(name.Value);
                WriteNode(Next(), depth + 1);
            }
            writer.WriteEndObject();
        }

        private void WriteAlias(AnchorAlias alias, int depth)
        {
            if (!anchors.TryGetValue(alias.Value.Value, out var events)) throw new DecodeException($"line {alias.Start.Line}: unknown alias *{alias.Value}");
            var before = replay;
            using var again = ((IEnumerable<ParsingEvent>)[.. events]).GetEnumerator();
            replay = again;
            again.MoveNext();
            // The replayed node must not record itself under its own name again.
            WriteNode(again.Current, depth);
            replay = before;
        }

        private void WriteScalar(Scalar scalar)
        {
            var text = scalar.Value;
            if (scalar.Style != ScalarStyle.Plain || scalar.Tag is { IsEmpty: false, Value: "tag:yaml.org,2002:str" }) { writer.WriteStringValue(text); return; }
            switch (text)
            {
                case "" or "~" or "null" or "Null" or "NULL": writer.WriteNullValue(); return;
                case "true" or "True" or "TRUE" or "yes" or "Yes" or "YES" or "on" or "On" or "ON": writer.WriteBooleanValue(true); return;
                case "false" or "False" or "FALSE" or "no" or "No" or "NO" or "off" or "Off" or "OFF": writer.WriteBooleanValue(false); return;
                default: break;
            }
            if (Integer().IsMatch(text) && WriteInteger(text)) return;
            if (text.StartsWith("0x", StringComparison.Ordinal) && long.TryParse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var hex)) { writer.WriteNumberValue(hex); return; }
            if (text.StartsWith("0o", StringComparison.Ordinal) && TryOctal(text.AsSpan(2), out var octal)) { writer.WriteNumberValue(octal); return; }
            if (Real().IsMatch(text) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) && double.IsFinite(real)) { writer.WriteNumberValue(real); return; }
            writer.WriteStringValue(text);
        }

        // A leading zero makes an octal number, as in YAML 1.1: file modes are written so.
        private bool WriteInteger(string text)
        {
            var digits = text.AsSpan(text[0] is '+' or '-' ? 1 : 0);
            if (digits.Length > 1 && digits[0] == '0' && TryOctal(digits[1..], out var octal)) { writer.WriteNumberValue(text[0] == '-' ? -octal : octal); return true; }
            if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)) return false;
            writer.WriteNumberValue(whole);
            return true;
        }

        private static bool TryOctal(ReadOnlySpan<char> digits, out long value)
        {
            value = 0;
            if (digits.Length is 0 or > 20) return false;
            foreach (var digit in digits)
            {
                if (digit is < '0' or > '7') return false;
                value = value * 8 + (digit - '0');
            }
            return true;
        }
    }
}
