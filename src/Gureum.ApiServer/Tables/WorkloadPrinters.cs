using System.Globalization;
using System.Text.Json.Nodes;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tables;

/// <summary>Kinds that make pods.</summary>
internal static class WorkloadPrinters
{
    internal static KindPrinter Deployments { get; } = new([Column.Name, Column.Text("Ready"), Column.Text("Up-to-date"), Column.Text("Available"), Column.Age, .. Column.ContainersAndSelector], (value, now) =>
    {
        var (spec, status) = (Cell.Spec(value), Cell.Status(value));
        var (names, images) = Cell.Containers(spec.Child("template"));
        return [Cell.Name(value), Ratio(status.Number("readyReplicas"), spec.Number("replicas")), Number(status, "updatedReplicas"), Number(status, "availableReplicas"), Ages.Of(value, now), names, images, Cell.Selector(spec.Child("selector"))];
    });

    internal static KindPrinter ReplicaSets { get; } = Replicas(spec => Cell.Selector(spec.Child("selector")));
    internal static KindPrinter ReplicationControllers { get; } = Replicas(spec => Cell.Labels(spec, "selector"));

    internal static KindPrinter StatefulSets { get; } = new([Column.Name, Column.Text("Ready"), Column.Age, .. Column.Containers], (value, now) =>
    {
        var (names, images) = Cell.Containers(Cell.Spec(value).Child("template"));
        return [Cell.Name(value), Ratio(Cell.Status(value).Number("readyReplicas"), Cell.Spec(value).Number("replicas")), Ages.Of(value, now), names, images];
    });

    internal static KindPrinter DaemonSets { get; } = new(
        [Column.Name, Column.Number("Desired"), Column.Number("Current"), Column.Number("Ready"), Column.Number("Up-to-date"), Column.Number("Available"), Column.Text("Node Selector"), Column.Age, .. Column.ContainersAndSelector], (value, now) =>
    {
        var (spec, status) = (Cell.Spec(value), Cell.Status(value));
        var (names, images) = Cell.Containers(spec.Child("template"));
        return
        [
            Cell.Name(value), Number(status, "desiredNumberScheduled"), Number(status, "currentNumberScheduled"), Number(status, "numberReady"), Number(status, "updatedNumberScheduled"), Number(status, "numberAvailable"),
            Cell.Labels(spec.Child("template")?.Child("spec") ?? [], "nodeSelector"), Ages.Of(value, now), names, images, Cell.Selector(spec.Child("selector")),
        ];
    });

    internal static KindPrinter Jobs { get; } = new([Column.Name, Column.Text("Status"), Column.Text("Completions"), Column.Text("Duration"), Column.Age, .. Column.ContainersAndSelector], (value, now) =>
    {
        var (spec, status) = (Cell.Spec(value), Cell.Status(value));
        var (names, images) = Cell.Containers(spec.Child("template"));
        return [Cell.Name(value), JobStatus(value, status), Completions(spec, status), Duration(status, now), Ages.Of(value, now), names, images, Cell.Selector(spec.Child("selector"))];
    });

    internal static KindPrinter CronJobs { get; } = new(
        [Column.Name, Column.Text("Schedule"), Column.Text("Timezone"), Column.Flag("Suspend"), Column.Number("Active"), Column.Text("Last Schedule"), Column.Age, .. Column.ContainersAndSelector], (value, now) =>
    {
        var (spec, status) = (Cell.Spec(value), Cell.Status(value));
        var job = spec.Child("jobTemplate")?.Child("spec");
        var (names, images) = Cell.Containers(job?.Child("template"));
        return
        [
            Cell.Name(value), spec.Text("schedule"), Cell.OrNone(spec.Text("timeZone")), spec.Flag("suspend") == true ? "True" : "False", Cell.Count(status, "active"),
            status.Text("lastScheduleTime") is { } last ? Ages.Since(last, now) : Cell.None, Ages.Of(value, now), names, images, Cell.Selector(job?.Child("selector")),
        ];
    });

    internal static KindPrinter PodTemplates { get; } = new([Column.Name, Column.Text("Containers"), Column.Text("Images"), Column.Text("Pod Labels")], (value, _) =>
    {
        var (names, images) = Cell.Containers(value.Child("template"));
        return [Cell.Name(value), names, images, Cell.Labels(value.Child("template")?.Child("metadata") ?? [], "labels")];
    });

    internal static KindPrinter ControllerRevisions { get; } = new([Column.Name, Column.Text("Controller"), Column.Text("Revision"), Column.Age], (value, now) =>
    {
        var owner = value.Child("metadata")?.Objects("ownerReferences").FirstOrDefault(o => o.Flag("controller") == true);
        return [Cell.Name(value), owner is null ? Cell.None : Owner(owner), Number(value, "revision"), Ages.Of(value, now)];
    });

    private static KindPrinter Replicas(Func<JsonObject, string> selector) =>
        new([Column.Name, Column.Number("Desired"), Column.Number("Current"), Column.Number("Ready"), Column.Age, .. Column.ContainersAndSelector], (value, now) =>
    {
        var (spec, status) = (Cell.Spec(value), Cell.Status(value));
        var (names, images) = Cell.Containers(spec.Child("template"));
        return [Cell.Name(value), Number(spec, "replicas"), Number(status, "replicas"), Number(status, "readyReplicas"), Ages.Of(value, now), names, images, selector(spec)];
    });

    // replicaset.apps/web: the kind with its group, as kubectl names it.
    private static string Owner(JsonObject owner)
    {
        var version = owner.Text("apiVersion") ?? "";
        var group = version.Contains('/') ? "." + version[..version.IndexOf('/')] : "";
        return $"{owner.Text("kind")?.ToLowerInvariant()}{group}/{owner.Text("name")}";
    }

    private static string JobStatus(JsonObject job, JsonObject status)
    {
        bool Has(string type) => PodPrinter.Condition(status, type)?.Text("status") == "True";
        return Has("Complete") ? "Complete" : Has("Failed") ? "Failed" : job.Child("metadata")?.ContainsKey("deletionTimestamp") == true ? "Terminating"
            : Has("Suspended") ? "Suspended" : Has("FailureTarget") ? "FailureTarget" : Has("SuccessCriteriaMet") ? "SuccessCriteriaMet" : "Running";
    }

    private static string Completions(JsonObject spec, JsonObject status)
    {
        var succeeded = status.Number("succeeded") ?? 0;
        if (spec.Number("completions") is { } completions) return $"{succeeded}/{completions}";
        return spec.Number("parallelism") is > 1 and var parallel ? $"{succeeded}/1 of {parallel}" : $"{succeeded}/1";
    }

    private static string Duration(JsonObject status, DateTimeOffset now)
    {
        if (status.Text("startTime") is not { } begun || !Times.TryParse(begun, out var start)) return "";
        return Ages.Text((status.Text("completionTime") is { } done && Times.TryParse(done, out var end) ? end : now) - start);
    }

    private static JsonNode Number(JsonObject map, string field) => map.Number(field) ?? 0;
    private static string Ratio(long? part, long? whole) => string.Create(CultureInfo.InvariantCulture, $"{part ?? 0}/{whole ?? 0}");
}
