using System.Globalization;

namespace Gureum.ApiServer.Responses;

internal enum MediaEncoding { Json, Yaml, Protobuf }

internal enum MediaForm { Object, Table, Metadata, MetadataList }

/// <summary>What a client accepts and this server can give (immutable).</summary>
/// <param name="Version">Of meta.k8s.io, for the forms that belong to it: v1 or v1beta1.</param>
internal readonly record struct MediaChoice(MediaEncoding Encoding, MediaForm Form, string Version = "v1")
{
    internal string ApiVersion => "meta.k8s.io/" + Version;

    /// <summary>
    /// The best option of an Accept header (RFC 9110, section 12.5.1): by quality, then in the order given. Null when none of
    /// them can be served.
    /// </summary>
    /// <param name="protobuf">Whether the kind has a protobuf form.</param>
    /// <param name="stored">Whether it is a stored object: only those have rows, and metadata that could stand alone.</param>
    internal static MediaChoice? Best(string accept, bool protobuf, bool stored = true)
    {
        if (accept.Length == 0) return new MediaChoice(MediaEncoding.Json, MediaForm.Object);
        if (accept is "application/json" or "*/*") return new MediaChoice(MediaEncoding.Json, MediaForm.Object);
        (MediaChoice Choice, double Quality)? best = null;
        foreach (var option in accept.Split(','))
            if (Parse(option, protobuf) is var (choice, quality) && quality > 0 && (stored || choice.Form == MediaForm.Object) && (best is null || quality > best.Value.Quality)) best = (choice, quality);
        return best?.Choice;
    }

    private static (MediaChoice Choice, double Quality)? Parse(string option, bool protobuf)
    {
        var parts = option.Split(';', StringSplitOptions.TrimEntries);
        MediaEncoding? encoding = parts[0].ToLowerInvariant() switch
        {
            "application/json" or "*/*" or "application/*" or "text/plain" => MediaEncoding.Json,
            "application/yaml" => MediaEncoding.Yaml,
            "application/vnd.kubernetes.protobuf" => MediaEncoding.Protobuf,
            _ => null,
        };
        if (encoding is null) return null;
        var (form, group, version, quality) = (MediaForm.Object, "", "", 1.0);
        foreach (var parameter in parts.AsSpan(1))
        {
            var sign = parameter.IndexOf('=');
            if (sign < 0) continue;
            var value = parameter[(sign + 1)..];
            switch (parameter[..sign])
            {
                case "as" when value == "Table": form = MediaForm.Table; break;
                case "as" when value == "PartialObjectMetadata": form = MediaForm.Metadata; break;
                case "as" when value == "PartialObjectMetadataList": form = MediaForm.MetadataList; break;
                case "as": return null;
                case "g": group = value; break;
                case "v": version = value; break;
                case "q" when double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var given): quality = given; break;
                default: break;
            }
        }
        if (form == MediaForm.Object) return encoding == MediaEncoding.Protobuf && !protobuf ? null : (new MediaChoice(encoding.Value, form), quality);
        if (group != "meta.k8s.io" || version is not ("v1" or "v1beta1") || (form == MediaForm.Table && encoding == MediaEncoding.Protobuf)) return null;
        return (new MediaChoice(encoding.Value, form, version), quality);
    }
}
