using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Registry;

/// <summary>Where a list goes on: the revision of its first page and the next key, opaque to clients; the form is kube-apiserver's.</summary>
internal static class ContinueToken
{
    private const string Form = "meta.k8s.io/v1";

    /// <summary>Goes on in the newest state, whatever has changed since the first page.</summary>
    internal const long Newest = -1;

    /// <param name="key">The first key of the next page, under the prefix.</param>
    internal static string Encode(long revision, string key, string prefix) =>
        Convert.ToBase64String(ObjectEncoder.EncodeAny(new JsonObject { ["v"] = Form, ["rv"] = revision, ["start"] = key[prefix.Length..] })).Replace('+', '-').Replace('/', '_').TrimEnd('=');

    /// <exception cref="ApiError">400: not a token of this list.</exception>
    internal static (long Revision, string Key) Decode(string token, string prefix)
    {
        if (Bytes(token) is not { } bytes) throw Refused("continue key is not valid: illegal base64 data");
        JsonObject? content = null;
        try { content = JsonNode.Parse(bytes) as JsonObject; }
        catch (JsonException) { /* told below */ }
        if (content is null) throw Refused("continue key is not valid: it holds no JSON object");
        if (content.Text("v") is var form && form != Form) throw Refused($"continue key is not valid: server does not recognize this encoded version {form}");
        if (content.Number("rv") is not { } revision || revision == 0) throw Refused("continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
        if (content.Text("start") is not { Length: > 0 } start) throw Refused("continue key is not valid: encoded start key empty (version meta.k8s.io/v1)");
        // A key never climbs out of its collection.
        if (start.StartsWith('/') || start.Contains("//", StringComparison.Ordinal) || start.Split('/').Any(p => p is "." or "..")) throw Refused("continue key is not valid: " + start);
        return (revision, prefix + start);
    }

    private static ApiError Refused(string why) => ApiError.BadRequest("invalid continue token: " + why);

    private static byte[]? Bytes(string token)
    {
        var padded = token.Replace('-', '+').Replace('_', '/') + new string('=', (4 - token.Length % 4) % 4);
        var bytes = new byte[padded.Length];
        return Convert.TryFromBase64String(padded, bytes, out var length) ? bytes[..length] : null;
    }
}
