using System.Text.Json.Nodes;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tables;

/// <summary>Shows objects of a defined kind by its additionalPrinterColumns.</summary>
internal sealed class DefinedPrinter : ITablePrinter
{
    private readonly List<(TableColumn Column, string[] Path)> extra;

    internal DefinedPrinter(IEnumerable<JsonObject> columns)
    {
        extra = [.. columns.Select(c => (new TableColumn(c.Text("name") ?? "", c.Text("type") ?? "string", c.Text("description") ?? "", (int)(c.Number("priority") ?? 0), c.Text("format") ?? ""), JsonPathSimple.Parse(c.Text("jsonPath") ?? "")))];
        Columns = [new TableColumn("Name", "string", "Name must be unique within a namespace.", Format: "name"),
            .. extra.Count == 0 ? [new TableColumn("Age", "date", "Time since the object was created.")] : extra.Select(e => e.Column)];
    }

    public IReadOnlyList<TableColumn> Columns { get; }

    public IReadOnlyList<JsonNode?> Cells(JsonObject value, DateTimeOffset now)
    {
        var cells = new List<JsonNode?> { value.Child("metadata")?.Text("name") };
        if (extra.Count == 0) cells.Add(Ages.Of(value, now));
        foreach (var (column, path) in extra)
        {
            var found = JsonPathSimple.Find(value, path);
            cells.Add(column.Type == "date" ? found is JsonValue time && time.TryGetValue<string>(out var text) ? Ages.Since(text, now) : null
                : found is JsonObject or JsonArray ? found.ToJsonString() : found?.DeepClone());
        }
        return cells;
    }
}

/// <summary>The simple JSON paths that printer columns use: .a.b[0]['c.d'].</summary>
internal static class JsonPathSimple
{
    internal static string[] Parse(string path)
    {
        var parts = new List<string>();
        var at = 0;
        while (at < path.Length)
        {
            if (path[at] == '.') { at++; continue; }
            if (path[at] == '[')
            {
                var end = path.IndexOf(']', at);
                if (end < 0) break;
                parts.Add(path[(at + 1)..end].Trim('\'', '"'));
                at = end + 1;
                continue;
            }
            var start = at;
            while (at < path.Length && path[at] is not ('.' or '[')) at += path[at] == '\\' ? 2 : 1;
            parts.Add(path[start..Math.Min(at, path.Length)].Replace("\\.", "."));
        }
        return [.. parts];
    }

    internal static JsonNode? Find(JsonNode? value, string[] path)
    {
        foreach (var part in path)
            value = value switch
            {
                JsonObject map when map.TryGetPropertyValue(part, out var child) => child,
                JsonArray list when int.TryParse(part, out var index) && index >= 0 && index < list.Count => list[index],
                JsonArray list when Filter(part) is var (name, wanted) && name.Length > 0 => list.OfType<JsonObject>().FirstOrDefault(o => o.Text(name) == wanted),
                _ => null,
            };
        return value;
    }

    // ?(@.type=="Ready")
    private static (string Name, string Wanted) Filter(string part)
    {
        if (!part.StartsWith("?(@.", StringComparison.Ordinal)) return ("", "");
        var sides = part[4..].TrimEnd(')').Split("==");
        return sides.Length == 2 ? (sides[0].Trim(), sides[1].Trim().Trim('"', '\'')) : ("", "");
    }
}
