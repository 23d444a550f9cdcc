using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Gureum.ApiServer.Http;

/// <summary>JSON for people: indented when the query says so, and for browsers and the tools that are used like them.</summary>
internal static class Pretty
{
    private static readonly string[] Readers = ["curl", "Wget", "Mozilla/5.0"];

    internal static bool Wanted(HttpRequest request)
    {
        if (request.Query.TryGetValue("pretty", out var given) && given.ToString() is { Length: > 0 } said) return said is "true" or "1" or "t" or "T" or "TRUE" or "True";
        var agent = request.Headers.UserAgent.ToString();
        return Readers.Any(r => agent.StartsWith(r, StringComparison.Ordinal));
    }

    internal static ReadOnlyMemory<byte> Indent(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 200 });
        var buffer = new ArrayBufferWriter<byte>(json.Length * 2);
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 200 })) document.WriteTo(writer);
        return buffer.WrittenMemory;
    }
}
