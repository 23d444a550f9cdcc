using System.Text;
using System.Text.Json.Nodes;
using Gureum.Objects.Json;

namespace Gureum.VirtualMachines;

/// <summary>A Table of the API (meta.k8s.io/v1) as kubectl prints it with -o wide. Pure.</summary>
internal static class ServerTable
{
    private const int Gap = 3;

    internal static IReadOnlyList<string> Lines(JsonObject table, bool withNamespace)
    {
        var rows = new List<List<string>> { table.Objects("columnDefinitions").Select(c => (c.Text("name") ?? "").ToUpperInvariant()).ToList() };
        foreach (var row in table.Objects("rows")) rows.Add([.. (row.Items("cells") ?? []).Select(c => c is null ? "<none>" : c.ToString())]);
        if (withNamespace)
        {
            rows[0].Insert(0, "NAMESPACE");
            foreach (var (cells, row) in rows.Skip(1).Zip(table.Objects("rows"))) cells.Insert(0, row.Child("object")?.Child("metadata")?.Text("namespace") ?? "");
        }

        int[] widths = [.. Enumerable.Range(0, rows[0].Count).Select(i => rows.Max(r => i < r.Count ? r[i].Length : 0))];
        return [.. rows.Select(r => Line(r, widths))];
    }

    private static string Line(List<string> cells, int[] widths)
    {
        var line = new StringBuilder();
        for (var i = 0; i < cells.Count; i++) line.Append(i == cells.Count - 1 ? cells[i] : cells[i].PadRight(widths[i] + Gap));
        return line.ToString();
    }
}
