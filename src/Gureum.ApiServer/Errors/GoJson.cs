using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gureum.ApiServer.Errors;

/// <summary>JSON as Go writes it: of printable characters only those that HTML gives a meaning are escaped.</summary>
internal static class GoJson
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonSerializerOptions Lined = new(Plain) { WriteIndented = true, IndentSize = 1, NewLine = "\n" };

    internal static string Text(JsonNode value) => Escaped(value.ToJsonString(Plain));

    /// <summary>Each value on a line of its own, indented by single spaces.</summary>
    internal static string Lines(JsonNode value) => Escaped(value.ToJsonString(Lined));

    private static string Escaped(string json) => json.Replace("&", "\\u0026", StringComparison.Ordinal).Replace("<", "\\u003c", StringComparison.Ordinal).Replace(">", "\\u003e", StringComparison.Ordinal);
}
