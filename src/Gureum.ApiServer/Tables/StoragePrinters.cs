using System.Text.Json.Nodes;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tables;

/// <summary>Volumes, claims, classes and devices.</summary>
internal static class StoragePrinters
{
    internal static KindPrinter Volumes { get; } = new(
        [Column.Name, Column.Text("Capacity"), Column.Text("Access Modes"), Column.Text("Reclaim Policy"), Column.Text("Status"), Column.Text("Claim"), Column.Text("StorageClass"), Column.Text("VolumeAttributesClass"), Column.Text("Reason"), Column.Age, Column.Wide("VolumeMode")], (value, now) =>
    {
        var (spec, status) = (Cell.Spec(value), Cell.Status(value));
        var claim = spec.Child("claimRef");
        return
        [
            Cell.Name(value), spec.Child("capacity")?.Text("storage") ?? "", Cell.AccessModes(spec), spec.Text("persistentVolumeReclaimPolicy"), Ending(value) ? "Terminating" : status.Text("phase"),
            claim is null ? "" : $"{claim.Text("namespace")}/{claim.Text("name")}", spec.Text("storageClassName") ?? "", spec.Text("volumeAttributesClassName") ?? Cell.Unset, status.Text("reason") ?? "", Ages.Of(value, now), spec.Text("volumeMode") ?? Cell.Unset,
        ];
    });

    internal static KindPrinter Claims { get; } = new(
        [Column.Name, Column.Text("Status"), Column.Text("Volume"), Column.Text("Capacity"), Column.Text("Access Modes"), Column.Text("StorageClass"), Column.Text("VolumeAttributesClass"), Column.Age, Column.Wide("VolumeMode")], (value, now) =>
    {
        var (spec, status) = (Cell.Spec(value), Cell.Status(value));
        var bound = spec.Text("volumeName") is { Length: > 0 };
        return
        [
            Cell.Name(value), Ending(value) ? "Terminating" : status.Text("phase"), spec.Text("volumeName") ?? "", bound ? status.Child("capacity")?.Text("storage") ?? "" : "", bound ? Cell.AccessModes(status) : "",
            spec.Text("storageClassName") ?? "", spec.Text("volumeAttributesClassName") ?? Cell.Unset, Ages.Of(value, now), spec.Text("volumeMode") ?? Cell.Unset,
        ];
    });

    internal static KindPrinter Classes { get; } = new([Column.Name, Column.Text("Provisioner"), Column.Text("ReclaimPolicy"), Column.Text("VolumeBindingMode"), Column.Text("AllowVolumeExpansion"), Column.Age], (value, now) =>
    {
        var isDefault = value.Child("metadata")?.Child("annotations")?.Text("storageclass.kubernetes.io/is-default-class") == "true";
        return [Cell.Name(value) + (isDefault ? " (default)" : ""), value.Text("provisioner"), value.Text("reclaimPolicy") ?? "Delete", value.Text("volumeBindingMode") ?? "Immediate", value.Flag("allowVolumeExpansion") == true ? "true" : "false", Ages.Of(value, now)];
    });

    internal static KindPrinter AttributesClasses { get; } = new([Column.Name, Column.Text("DriverName"), Column.Age], (value, now) => [Cell.Name(value), value.Text("driverName"), Ages.Of(value, now)]);

    internal static KindPrinter Attachments { get; } = new([Column.Name, new("Attacher", "string", "", Format: "name"), Column.Text("PV"), Column.Text("Node"), Column.Flag("Attached"), Column.Age], (value, now) =>
        [Cell.Name(value), Cell.Spec(value).Text("attacher"), Cell.Spec(value).Child("source")?.Text("persistentVolumeName") ?? "", Cell.Spec(value).Text("nodeName"), Cell.Status(value).Flag("attached") == true, Ages.Of(value, now)]);

    internal static KindPrinter Drivers { get; } = new(
        [Column.Name, Column.Flag("AttachRequired"), Column.Flag("PodInfoOnMount"), Column.Flag("StorageCapacity"), Column.Text("TokenRequests"), Column.Flag("RequiresRepublish"), Column.Text("Modes"), Column.Age], (value, now) =>
    {
        var spec = Cell.Spec(value);
        var tokens = Cell.Joined(spec.Objects("tokenRequests").Select(t => t.Text("audience")));
        var modes = Cell.Joined(spec.Texts("volumeLifecycleModes"));
        return [Cell.Name(value), Flag(spec, "attachRequired", true), Flag(spec, "podInfoOnMount", false), Flag(spec, "storageCapacity", false), tokens.Length == 0 ? Cell.Unset : tokens, Flag(spec, "requiresRepublish", false), modes.Length == 0 ? "Persistent" : modes, Ages.Of(value, now)];
    });

    internal static KindPrinter DriverNodes { get; } = new([Column.Name, Column.Number("Drivers"), Column.Age], (value, now) => [Cell.Name(value), Cell.Count(Cell.Spec(value), "drivers"), Ages.Of(value, now)]);

    internal static KindPrinter Capacities { get; } = new([Column.Name, Column.Created], (value, _) => [Cell.Name(value), Cell.Created(value)]);

    internal static KindPrinter Named { get; } = new([Column.Name, Column.Age], (value, now) => [Cell.Name(value), Ages.Of(value, now)]);

    internal static KindPrinter ResourceClaims { get; } = new([Column.Name, Column.Text("State"), Column.Age], (value, now) =>
    {
        var status = Cell.Status(value);
        var states = new List<string>();
        if (Ending(value)) states.Add("deleted");
        if (status.ContainsKey("allocation")) states.Add("allocated");
        if (Cell.Count(status, "reservedFor") > 0) states.Add("reserved");
        return [Cell.Name(value), states.Count == 0 ? "pending" : Cell.Joined(states), Ages.Of(value, now)];
    });

    internal static KindPrinter ResourceSlices { get; } = new([Column.Name, Column.Text("Node"), Column.Text("Driver"), Column.Text("Pool"), Column.Age], (value, now) =>
        [Cell.Name(value), Cell.Spec(value).Text("nodeName") ?? "", Cell.Spec(value).Text("driver"), Cell.Spec(value).Child("pool")?.Text("name"), Ages.Of(value, now)]);

    private static bool Ending(JsonObject value) => value.Child("metadata")?.ContainsKey("deletionTimestamp") == true;
    private static bool Flag(JsonObject map, string field, bool missing) => map.Flag(field) ?? missing;
}
