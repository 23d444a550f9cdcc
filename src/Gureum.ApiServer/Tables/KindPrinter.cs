using System.Text.Json.Nodes;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tables;

/// <summary>Columns as most kinds name them.</summary>
internal static class Column
{
    internal static TableColumn Name { get; } = new("Name", "string", "Name must be unique within a namespace.", Format: "name");
    internal static TableColumn Age { get; } = new("Age", "string", "Time since the object was created.");
    internal static TableColumn Created { get; } = new("Created At", "date", "When the object was created, in UTC.");

    /// <summary>Columns that show what a workload runs: only with -o wide.</summary>
    internal static TableColumn[] Containers { get; } = [Wide("Containers"), Wide("Images")];
    internal static TableColumn[] ContainersAndSelector { get; } = [.. Containers, Wide("Selector")];

    internal static TableColumn Text(string name) => new(name, "string", "");
    internal static TableColumn Number(string name) => new(name, "integer", "");
    internal static TableColumn Flag(string name) => new(name, "boolean", "");
    internal static TableColumn Wide(string name) => new(name, "string", "", Priority: 1);
}

/// <summary>A printer made of columns and of a function that gives their cells (immutable).</summary>
internal sealed class KindPrinter(IReadOnlyList<TableColumn> columns, Func<JsonObject, DateTimeOffset, IReadOnlyList<JsonNode?>> cells) : ITablePrinter
{
    public IReadOnlyList<TableColumn> Columns => columns;
    public IReadOnlyList<JsonNode?> Cells(JsonObject value, DateTimeOffset now) => cells(value, now);
}

/// <summary>What cells are made of.</summary>
internal static class Cell
{
    internal const string None = "<none>", Unset = "<unset>", Unknown = "<unknown>";

    internal static string Name(JsonObject value) => value.Child("metadata")?.Text("name") ?? "";
    internal static string Created(JsonObject value) => value.Child("metadata")?.Text("creationTimestamp") ?? Unknown;
    internal static string OrNone(string? text) => string.IsNullOrEmpty(text) ? None : text;
    internal static string Text(JsonNode? node, string missing) => node is JsonValue value ? value.TryGetValue<string>(out var text) ? text : value.ToJsonString() : missing;
    internal static string Joined(IEnumerable<string?> texts) => string.Join(',', texts);
    internal static JsonObject Spec(JsonObject value) => value.Child("spec") ?? [];
    internal static JsonObject Status(JsonObject value) => value.Child("status") ?? [];
    internal static int Count(JsonObject value, string field) => value[field] switch { JsonObject map => map.Count, JsonArray list => list.Count, _ => 0 };

    /// <summary>The names and the images of a pod template's containers.</summary>
    internal static (string Names, string Images) Containers(JsonObject? template)
    {
        var containers = template?.Child("spec")?.Objects("containers").ToList() ?? [];
        return (Joined(containers.Select(c => c.Text("name"))), Joined(containers.Select(c => c.Text("image"))));
    }

    /// <summary>A label selector as people write it: a=b,c in (d,e).</summary>
    internal static string Selector(JsonObject? selector)
    {
        if (selector is null) return None;
        var parts = new List<string>(selector.Map("matchLabels").OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => p.Key + "=" + p.Value));
        foreach (var rule in selector.Objects("matchExpressions"))
            parts.Add(rule.Text("operator") switch
            {
                "In" => $"{rule.Text("key")} in ({Joined(rule.Texts("values"))})",
                "NotIn" => $"{rule.Text("key")} notin ({Joined(rule.Texts("values"))})",
                "DoesNotExist" => "!" + rule.Text("key"),
                _ => rule.Text("key") ?? "",
            });
        return OrNone(Joined(parts));
    }

    /// <summary>A map of labels as a selector.</summary>
    internal static string Labels(JsonObject value, string field) => OrNone(Joined(value.Map(field).OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => p.Key + "=" + p.Value)));

    /// <summary>RWO, ROX, RWX, RWOP.</summary>
    internal static string AccessModes(JsonObject spec) => Joined(spec.Texts("accessModes").Select(m => m switch
    {
        "ReadWriteOnce" => "RWO", "ReadOnlyMany" => "ROX", "ReadWriteMany" => "RWX", "ReadWriteOncePod" => "RWOP", _ => m,
    }));
}
