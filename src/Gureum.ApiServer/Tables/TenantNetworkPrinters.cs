using System.Text.Json.Nodes;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tables;

/// <summary>The kinds of network.gureum.io: tenants' networks and what hangs on them.</summary>
internal static class TenantNetworkPrinters
{
    internal static KindPrinter Networks { get; } = new([Column.Name, Column.Text("Shared"), Column.Text("External"), Column.Text("Status"), Column.Age], (value, now) =>
        [Cell.Name(value), Truth(value, "shared"), Truth(value, "external"), Phase(value), Ages.Of(value, now)]);

    internal static KindPrinter Subnets { get; } = new([Column.Name, Column.Text("Network"), Column.Text("CIDR"), Column.Text("Gateway"), Column.Age], (value, now) =>
        [Cell.Name(value), Cell.Spec(value).Text("network") ?? "", Cell.Spec(value).Text("cidr") ?? "", Cell.Spec(value).Text("gateway") ?? "", Ages.Of(value, now)]);

    internal static KindPrinter SubnetPools { get; } = new([Column.Name, Column.Text("Prefixes"), Column.Age], (value, now) =>
        [Cell.Name(value), string.Join(",", (Cell.Spec(value).Items("prefixes") ?? []).Select(p => p?.ToString())), Ages.Of(value, now)]);

    internal static KindPrinter Ports { get; } = new([Column.Name, Column.Text("Network"), Column.Text("Addresses"), Column.Text("MAC"), Column.Text("Device-Owner"), Column.Text("Status"), Column.Age], (value, now) =>
        [Cell.Name(value), Reference(value, "network"), string.Join(",", (Cell.Spec(value).Items("fixedIPs") ?? []).OfType<JsonObject>().Select(f => f.Text("address"))), Cell.Spec(value).Text("macAddress") ?? "",
            Cell.Spec(value).Text("deviceOwner") ?? "", Phase(value), Ages.Of(value, now)]);

    internal static KindPrinter Routers { get; } = new([Column.Name, Column.Text("Gateway"), Column.Text("Node"), Column.Text("Status"), Column.Age], (value, now) =>
        [Cell.Name(value), Cell.Spec(value).Child("externalGateway") is { } gateway ? gateway.Child("network")?.Text("name") ?? "" : "", Cell.Status(value).Text("node") ?? "", Phase(value), Ages.Of(value, now)]);

    internal static KindPrinter SecurityGroups { get; } = new([Column.Name, Column.Text("Rules"), Column.Age], (value, now) =>
        [Cell.Name(value), (Cell.Spec(value).Items("rules")?.Count() ?? 0).ToString(System.Globalization.CultureInfo.InvariantCulture), Ages.Of(value, now)]);

    internal static KindPrinter FloatingIps { get; } = new([Column.Name, Column.Text("Address"), Column.Text("Port"), Column.Text("Fixed-Address"), Column.Text("Status"), Column.Age], (value, now) =>
        [Cell.Name(value), Cell.Spec(value).Text("address") ?? "", Reference(value, "port"), Cell.Spec(value).Text("fixedAddress") ?? "", Phase(value), Ages.Of(value, now)]);

    private static string Truth(JsonObject value, string field) => Cell.Spec(value).Flag(field) == true ? "True" : "False";
    private static string Phase(JsonObject value) => Cell.Status(value).Text("phase") ?? "DOWN";
    private static string Reference(JsonObject value, string field) => Cell.Spec(value).Child(field)?.Text("name") ?? "";
}
