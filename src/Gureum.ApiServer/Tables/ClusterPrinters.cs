using System.Text.Json.Nodes;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tables;

/// <summary>Nodes, namespaces, events, and what governs them.</summary>
internal static class ClusterPrinters
{
    private const string RoleLabel = "node-role.kubernetes.io/";

    internal static KindPrinter Nodes { get; } = new(
        [Column.Name, Column.Text("Status"), Column.Text("Roles"), Column.Age, Column.Text("Version"), Column.Wide("Internal-IP"), Column.Wide("External-IP"), Column.Wide("OS-Image"), Column.Wide("Kernel-Version"), Column.Wide("Container-Runtime")], (value, now) =>
    {
        var status = Cell.Status(value);
        var info = status.Child("nodeInfo") ?? [];
        string Address(string type) => Cell.OrNone(status.Objects("addresses").FirstOrDefault(a => a.Text("type") == type)?.Text("address"));
        string Info(string field) => info.Text(field) is { Length: > 0 } text ? text : Cell.Unknown;
        return [Cell.Name(value), NodeStatus(value), Roles(value), Ages.Of(value, now), info.Text("kubeletVersion"), Address("InternalIP"), Address("ExternalIP"), Info("osImage"), Info("kernelVersion"), Info("containerRuntimeVersion")];
    });

    internal static KindPrinter Namespaces { get; } = new([Column.Name, Column.Text("Status"), Column.Age], (value, now) => [Cell.Name(value), Cell.Status(value).Text("phase"), Ages.Of(value, now)]);

    internal static KindPrinter Events { get; } = EventsOf("involvedObject", "message", "firstTimestamp", "lastTimestamp", "count", "source", "reportingComponent");
    internal static KindPrinter NewEvents { get; } = EventsOf("regarding", "note", "deprecatedFirstTimestamp", "deprecatedLastTimestamp", "deprecatedCount", "deprecatedSource", "reportingController");

    internal static KindPrinter Leases { get; } = new([Column.Name, Column.Text("Holder"), Column.Age], (value, now) => [Cell.Name(value), Cell.Spec(value).Text("holderIdentity") ?? "", Ages.Of(value, now)]);

    internal static KindPrinter Quotas { get; } = new([Column.Name, Column.Text("Request"), Column.Text("Limit"), Column.Age], (value, now) =>
    {
        var (hard, used) = (Cell.Status(value).Child("hard") ?? [], Cell.Status(value).Child("used") ?? []);
        var all = hard.Select(p => p.Key).Order(StringComparer.Ordinal).ToLookup(k => k.StartsWith("limits.", StringComparison.Ordinal), k => $"{k}: {Cell.Text(used[k], "0")}/{Cell.Text(hard[k], "0")}");
        return [Cell.Name(value), string.Join(", ", all[false]), string.Join(", ", all[true]), Ages.Of(value, now)];
    });

    internal static KindPrinter LimitRanges { get; } = new([Column.Name, Column.Created], (value, _) => [Cell.Name(value), Cell.Created(value)]);

    internal static KindPrinter DisruptionBudgets { get; } = new([Column.Name, Column.Text("Min Available"), Column.Text("Max Unavailable"), Column.Number("Allowed Disruptions"), Column.Age], (value, now) =>
        [Cell.Name(value), Cell.Text(Cell.Spec(value)["minAvailable"], "N/A"), Cell.Text(Cell.Spec(value)["maxUnavailable"], "N/A"), Cell.Status(value).Number("disruptionsAllowed") ?? 0, Ages.Of(value, now)]);

    internal static KindPrinter PriorityClasses { get; } = new([Column.Name, Column.Number("Value"), Column.Flag("Global-Default"), Column.Age, Column.Text("PreemptionPolicy")], (value, now) =>
        [Cell.Name(value), value.Number("value") ?? 0, value.Flag("globalDefault") == true, Ages.Of(value, now), value.Text("preemptionPolicy") ?? ""]);

    internal static KindPrinter RuntimeClasses { get; } = new([Column.Name, Column.Text("Handler"), Column.Age], (value, now) => [Cell.Name(value), value.Text("handler"), Ages.Of(value, now)]);

    internal static KindPrinter Autoscalers { get; } = new(
        [Column.Name, Column.Text("Reference"), Column.Text("Targets"), Column.Text("MinPods"), Column.Text("MaxPods"), Column.Text("Replicas"), Column.Age], (value, now) =>
    {
        var spec = Cell.Spec(value);
        var target = spec.Child("scaleTargetRef");
        return [Cell.Name(value), $"{target?.Text("kind")}/{target?.Text("name")}", AutoscalerTargets.Text(spec, Cell.Status(value)), Cell.Text(spec["minReplicas"], Cell.Unset), spec.Number("maxReplicas") ?? 0, Cell.Status(value).Number("currentReplicas") ?? 0, Ages.Of(value, now)];
    });

    internal static KindPrinter ComponentStatuses { get; } = new([Column.Name, Column.Text("Status"), Column.Text("Message"), Column.Text("Error")], (value, _) =>
    {
        var healthy = value.Objects("conditions").FirstOrDefault(c => c.Text("type") == "Healthy");
        return [Cell.Name(value), healthy is null ? "Unknown" : healthy.Text("status") == "True" ? "Healthy" : "Unhealthy", healthy?.Text("message") ?? "", healthy?.Text("error") ?? ""];
    });

    private static string NodeStatus(JsonObject node)
    {
        var status = Cell.Status(node).Objects("conditions").FirstOrDefault(c => c.Text("type") == "Ready")?.Text("status") switch { "True" => "Ready", null => "Unknown", _ => "NotReady" };
        return Cell.Spec(node).Flag("unschedulable") == true ? status + ",SchedulingDisabled" : status;
    }

    private static string Roles(JsonObject node)
    {
        var roles = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (key, text) in node.Child("metadata")?.Map("labels") ?? [])
        {
            if (key.StartsWith(RoleLabel, StringComparison.Ordinal) && key.Length > RoleLabel.Length) roles.Add(key[RoleLabel.Length..]);
            else if (key == "kubernetes.io/role" && text.Length > 0) roles.Add(text);
        }
        return Cell.OrNone(Cell.Joined(roles));
    }

    private static KindPrinter EventsOf(string about, string message, string first, string last, string count, string source, string reporter) => new(
        [Column.Text("Last Seen"), Column.Text("Type"), Column.Text("Reason"), Column.Text("Object"), Column.Wide("Subobject"), Column.Wide("Source"), Column.Text("Message"), Column.Wide("First Seen"), Column.Wide("Count"), new("Name", "string", "", Priority: 1, Format: "name")], (value, now) =>
    {
        var regarding = value.Child(about) ?? [];
        var series = value.Child("series");
        var begun = value.Text(first) ?? value.Text("eventTime");
        var seen = series?.Text("lastObservedTime") ?? value.Text(last) ?? begun;
        var from = value.Child(source)?.Text("component") is { Length: > 0 } component ? component : value.Text(reporter) ?? "";
        var host = value.Child(source)?.Text("host") ?? value.Text("reportingInstance");
        return
        [
            Ages.Since(seen, now), value.Text("type"), value.Text("reason"), $"{regarding.Text("kind")?.ToLowerInvariant()}/{regarding.Text("name")}", regarding.Text("fieldPath") ?? "",
            string.IsNullOrEmpty(host) ? from : $"{from}, {host}", value.Text(message)?.Trim(), Ages.Since(begun, now), series?.Number("count") ?? value.Number(count) ?? 1, Cell.Name(value),
        ];
    });
}
