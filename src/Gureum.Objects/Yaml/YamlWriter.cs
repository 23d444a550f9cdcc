using System.Globalization;
using System.Text;
using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Gureum.Objects.Yaml;

/// <summary>JSON to YAML as kube-apiserver writes it: names sorted, two-space block style, strings quoted only where plain text would read as something else.</summary>
public static class YamlWriter
{
    public static byte[] FromJson(ReadOnlySpan<byte> json)
    {
        var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        var emitter = new Emitter(text, EmitterSettings.Default.WithBestWidth(int.MaxValue));
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, true));
        using (var document = JsonDocument.Parse(json.ToArray(), new JsonDocumentOptions { MaxDepth = 200 })) Write(emitter, document.RootElement);
        emitter.Emit(new DocumentEnd(true));
        emitter.Emit(new StreamEnd());
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void Write(Emitter emitter, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                var empty = !value.EnumerateObject().Any();
                emitter.Emit(new MappingStart(AnchorName.Empty, TagName.Empty, true, empty ? MappingStyle.Flow : MappingStyle.Block));
                foreach (var property in value.EnumerateObject().OrderBy(p => p.Name, NaturalOrder.Instance))
                {
                    emitter.Emit(Text(property.Name));
                    Write(emitter, property.Value);
                }
                emitter.Emit(new MappingEnd());
                break;
            case JsonValueKind.Array:
                emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, true, value.GetArrayLength() == 0 ? SequenceStyle.Flow : SequenceStyle.Block));
                foreach (var item in value.EnumerateArray()) Write(emitter, item);
                emitter.Emit(new SequenceEnd());
                break;
            case JsonValueKind.String: emitter.Emit(Text(value.GetString()!)); break;
            default: emitter.Emit(new Scalar(AnchorName.Empty, TagName.Empty, value.ValueKind == JsonValueKind.Null ? "null" : value.GetRawText(), ScalarStyle.Plain, true, false)); break;
        }
    }

    private static Scalar Text(string text)
    {
        var style = text.Contains('\n') ? ScalarStyle.Literal : NeedsQuotes(text) ? ScalarStyle.DoubleQuoted : ScalarStyle.Any;
        return new Scalar(AnchorName.Empty, TagName.Empty, text, style, true, style != ScalarStyle.Any);
    }

    // Plain text that would come back as a number, a boolean, null or a time.
    private static bool NeedsQuotes(string text) => text.Length == 0 || text.Trim() != text || text is "~"
        || text.ToLowerInvariant() is "null" or "true" or "false" or "yes" or "no" or "on" or "off" or "y" or "n"
        || (char.IsAsciiDigit(text[0]) || text[0] is '+' or '-' or '.') && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '+' or '-' or ':' or '_');
}
