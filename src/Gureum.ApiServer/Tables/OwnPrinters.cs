using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tables;

/// <summary>Our own kinds: Keystone's accounts and glance's images, by the names that people gave them.</summary>
internal static class OwnPrinters
{
    internal static KindPrinter Domains { get; } = new([Column.Name, Column.Text("Display"), Column.Text("Enabled"), Column.Age], (value, now) =>
        [Cell.Name(value), Cell.Spec(value).Text("name") ?? "", Enabled(value), Ages.Of(value, now)]);

    internal static KindPrinter Users { get; } = new([Column.Name, Column.Text("Display"), Column.Text("Domain"), Column.Text("Enabled"), Column.Age], (value, now) =>
        [Cell.Name(value), Cell.Spec(value).Text("name") ?? "", Cell.Spec(value).Text("domain") ?? "", Enabled(value), Ages.Of(value, now)]);

    internal static KindPrinter Groups { get; } = new([Column.Name, Column.Text("Display"), Column.Text("Domain"), Column.Age], (value, now) =>
        [Cell.Name(value), Cell.Spec(value).Text("name") ?? "", Cell.Spec(value).Text("domain") ?? "", Ages.Of(value, now)]);

    internal static KindPrinter ApplicationCredentials { get; } = new([Column.Name, Column.Text("User"), Column.Text("Project"), Column.Age], (value, now) =>
        [Cell.Name(value), Cell.Spec(value).Text("user") ?? "", Cell.Spec(value).Text("project") ?? "", Ages.Of(value, now)]);

    internal static KindPrinter Services { get; } = new([Column.Name, Column.Text("Type"), Column.Age], (value, now) => [Cell.Name(value), Cell.Spec(value).Text("type") ?? "", Ages.Of(value, now)]);

    internal static KindPrinter Credentials { get; } = new([Column.Name, Column.Text("Type"), Column.Text("User"), Column.Age], (value, now) =>
        [Cell.Name(value), Cell.Spec(value).Text("type") ?? "", Cell.Spec(value).Text("user") ?? "", Ages.Of(value, now)]);

    internal static KindPrinter Trusts { get; } = new([Column.Name, Column.Text("Trustor"), Column.Text("Trustee"), Column.Text("Project"), Column.Age], (value, now) =>
        [Cell.Name(value), Cell.Spec(value).Text("trustor") ?? "", Cell.Spec(value).Text("trustee") ?? "", Cell.Spec(value).Text("project") ?? "", Ages.Of(value, now)]);

    internal static KindPrinter Named { get; } = new([Column.Name, Column.Age], (value, now) => [Cell.Name(value), Ages.Of(value, now)]);

    internal static KindPrinter Endpoints { get; } = new([Column.Name, Column.Text("Service"), Column.Text("Interface"), Column.Text("URL"), Column.Age], (value, now) =>
        [Cell.Name(value), Cell.Spec(value).Text("service") ?? "", Cell.Spec(value).Text("interface") ?? "", Cell.Spec(value).Text("url") ?? "", Ages.Of(value, now)]);

    internal static KindPrinter Images { get; } = new([Column.Name, Column.Text("Format"), Column.Text("Visibility"), Column.Text("Status"), Column.Text("Size"), Column.Age], (value, now) =>
        [Cell.Name(value), Cell.Spec(value).Text("diskFormat") ?? "", Cell.Spec(value).Text("visibility") ?? "", Cell.Status(value).Text("phase") ?? "queued", Size(Cell.Status(value).Number("size") ?? 0), Ages.Of(value, now)]);

    internal static KindPrinter VolumeSnapshots { get; } = new([Column.Name, Column.Flag("ReadyToUse"), Column.Text("SourcePVC"), Column.Text("RestoreSize"), new TableColumn("CreationTime", "date", ""), Column.Age], (value, now) =>
    {
        var status = Cell.Status(value);
        return
        [
            Cell.Name(value), status.Flag("readyToUse"), Cell.Spec(value).Child("source")?.Text("persistentVolumeClaimName") ?? "", status.Text("restoreSize") ?? "",
            status.Text("creationTime") is { } time ? Ages.Since(time, now) : "", Ages.Of(value, now),
        ];
    });

    private static string Enabled(System.Text.Json.Nodes.JsonObject value) => Cell.Spec(value).Flag("enabled") == false ? "False" : "True";

    // As `ls -h` has it.
    private static string Size(long bytes) => bytes switch { 0 => "", < 1 << 20 => $"{(bytes + 1023) >> 10}Ki", < 1L << 30 => $"{bytes >> 20}Mi", _ => $"{bytes >> 30}Gi" };
}
