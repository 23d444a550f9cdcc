using System.Globalization;
using System.Text.Json.Nodes;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tables;

/// <param name="Type">string, integer, number, boolean, date.</param>
/// <param name="Format">"name" marks the column that names the object.</param>
/// <param name="Priority">0 is always shown, others with -o wide.</param>
public sealed record TableColumn(string Name, string Type, string Description, int Priority = 0, string Format = "");

/// <summary>How one kind is shown in a table: stateless.</summary>
public interface ITablePrinter
{
    IReadOnlyList<TableColumn> Columns { get; }

    /// <summary>A cell for each column; null shows as none.</summary>
    IReadOnlyList<JsonNode?> Cells(JsonObject value, DateTimeOffset now);
}

/// <summary>Name and age: for every kind that has no printer of its own.</summary>
internal sealed class PlainPrinter : ITablePrinter
{
    internal static PlainPrinter Instance { get; } = new();

    public IReadOnlyList<TableColumn> Columns { get; } =
    [
        new("Name", "string", "Name must be unique within a namespace.", Format: "name"),
        new("Age", "date", "Time since the object was created."),
    ];

    public IReadOnlyList<JsonNode?> Cells(JsonObject value, DateTimeOffset now) => [value.Child("metadata")?.Text("name"), Ages.Of(value, now)];
}

/// <summary>Durations as people read them: 5s, 3m20s, 2h, 4d.</summary>
internal static class Ages
{
    internal static string Of(JsonObject value, DateTimeOffset now) => Since(value.Child("metadata")?.Text("creationTimestamp"), now);

    internal static string Since(string? time, DateTimeOffset now) =>
        time is not null && Times.TryParse(time, out var start) ? Text(now - start) : "<unknown>";

    /// <summary>Two units for short spans, one for long ones, as kubectl shows them.</summary>
    internal static string Text(TimeSpan span)
    {
        var seconds = (long)span.TotalSeconds;
        if (seconds < -1) return "<invalid>";
        if (seconds < 0) return "0s";
        if (seconds < 120) return N(seconds, "s");
        var minutes = seconds / 60;
        if (minutes < 10) return seconds % 60 == 0 ? N(minutes, "m") : N(minutes, "m") + N(seconds % 60, "s");
        if (minutes < 180) return N(minutes, "m");
        var hours = minutes / 60;
        if (hours < 8) return minutes % 60 == 0 ? N(hours, "h") : N(hours, "h") + N(minutes % 60, "m");
        if (hours < 48) return N(hours, "h");
        if (hours < 192) return hours % 24 == 0 ? N(hours / 24, "d") : N(hours / 24, "d") + N(hours % 24, "h");
        if (hours < 24 * 365 * 2) return N(hours / 24, "d");
        var days = hours / 24;
        if (days < 365 * 8) return days % 365 == 0 ? N(days / 365, "y") : N(days / 365, "y") + N(days % 365, "d");
        return N(days / 365, "y");
    }

    private static string N(long number, string unit) => number.ToString(CultureInfo.InvariantCulture) + unit;
}
