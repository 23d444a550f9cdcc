using System.Text.Json.Nodes;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tables;

/// <summary>Virtual machines, in the columns of KubeVirt's own definitions.</summary>
internal static class MachinePrinters
{
    // As columns of definitions are: a date that is shown as an age.
    private static TableColumn Age => Date("Age");

    internal static KindPrinter Named { get; } = new([Column.Name, Age], (value, now) => [Cell.Name(value), Ages.Of(value, now)]);

    internal static KindPrinter Contents { get; } = new([Column.Name, Column.Flag("ReadyToUse"), Date("CreationTime"), Column.Text("Error")], (value, now) =>
        [Cell.Name(value), Cell.Status(value).Flag("readyToUse"), Cell.Status(value).Text("creationTime") is { } time ? Ages.Since(time, now) : "", Cell.Status(value).Child("error")?.Text("message") ?? ""]);

    internal static KindPrinter Machines { get; } = new([Column.Name, Age, Column.Text("Status"), Column.Text("Ready")], (value, now) =>
        [Cell.Name(value), Ages.Of(value, now), Cell.Status(value).Text("printableStatus") ?? "", Condition(value, "Ready")]);

    internal static KindPrinter Instances { get; } = new(
        [Column.Name, Age, Column.Text("Phase"), Column.Text("IP"), Column.Text("NodeName"), Column.Text("Ready"), Column.Wide("Live-Migratable"), Column.Wide("Paused")], (value, now) =>
    {
        var status = Cell.Status(value);
        return
        [
            Cell.Name(value), Ages.Of(value, now), status.Text("phase") ?? "", status.Objects("interfaces").FirstOrDefault()?.Text("ipAddress") ?? "", status.Text("nodeName") ?? "",
            Condition(value, "Ready"), Condition(value, "LiveMigratable"), Condition(value, "Paused"),
        ];
    });

    internal static KindPrinter Migrations { get; } = new([Column.Name, Column.Text("Phase"), Column.Text("VMI")], (value, _) =>
        [Cell.Name(value), Cell.Status(value).Text("phase") ?? "", Cell.Spec(value).Text("vmiName") ?? ""]);

    internal static KindPrinter ReplicaSets { get; } = new([Column.Name, Column.Number("Desired"), Column.Number("Current"), Column.Number("Ready"), Age], (value, now) =>
        [Cell.Name(value), Cell.Spec(value).Number("replicas"), Cell.Status(value).Number("replicas"), Cell.Status(value).Number("readyReplicas"), Ages.Of(value, now)]);

    internal static KindPrinter Snapshots { get; } = new([Column.Name, Column.Text("SourceKind"), Column.Text("SourceName"), Column.Text("Phase"), Column.Flag("ReadyToUse"), Date("CreationTime"), Column.Text("Error")], (value, now) =>
    {
        var (source, status) = (Cell.Spec(value).Child("source"), Cell.Status(value));
        return
        [
            Cell.Name(value), source?.Text("kind") ?? "", source?.Text("name") ?? "", status.Text("phase") ?? "", status.Flag("readyToUse"),
            status.Text("creationTime") is { } time ? Ages.Since(time, now) : "", status.Child("error")?.Text("message") ?? "",
        ];
    });

    internal static KindPrinter Restores { get; } = new([Column.Name, Column.Text("TargetKind"), Column.Text("TargetName"), Column.Flag("Complete"), Date("RestoreTime"), Column.Text("Error")], (value, now) =>
    {
        var (target, status) = (Cell.Spec(value).Child("target"), Cell.Status(value));
        var error = status.Objects("conditions").FirstOrDefault(c => c.Text("type") == "Failure" && c.Text("status") == "True")?.Text("message") ?? "";
        return [Cell.Name(value), target?.Text("kind") ?? "", target?.Text("name") ?? "", status.Flag("complete"), status.Text("restoreTime") is { } time ? Ages.Since(time, now) : "", error];
    });

    internal static KindPrinter DataVolumes { get; } = new([Column.Name, Column.Text("Phase"), Column.Text("Progress"), Column.Number("Restarts"), Age], (value, now) =>
        [Cell.Name(value), Cell.Status(value).Text("phase") ?? "", Cell.Status(value).Text("progress") ?? "", Cell.Status(value).Number("restartCount"), Ages.Of(value, now)]);

    private static TableColumn Date(string name) => new(name, "date", "");

    private static string Condition(JsonObject value, string type) => Cell.Status(value).Objects("conditions").FirstOrDefault(c => c.Text("type") == type)?.Text("status") ?? "";
}
