using System.Globalization;
using System.Text.Json.Nodes;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tables;

/// <summary>Pods: one word for what all their containers are doing.</summary>
internal sealed class PodPrinter : ITablePrinter
{
    public IReadOnlyList<TableColumn> Columns { get; } =
    [
        Column.Name, Column.Text("Ready"), Column.Text("Status"), Column.Text("Restarts"), Column.Age,
        Column.Wide("IP"), Column.Wide("Node"), Column.Wide("Nominated Node"), Column.Wide("Readiness Gates"),
    ];

    public IReadOnlyList<JsonNode?> Cells(JsonObject value, DateTimeOffset now)
    {
        var (spec, status) = (Cell.Spec(value), Cell.Status(value));
        var seen = Look(value, spec, status);
        var restarts = seen.Restarts.ToString(CultureInfo.InvariantCulture);
        if (seen.Restarts > 0 && seen.LastRestart is { } last) restarts += $" ({Ages.Text(now - last)} ago)";
        return
        [
            Cell.Name(value), $"{seen.Ready}/{seen.Total}", seen.Reason, restarts, Ages.Of(value, now),
            Cell.OrNone(status.Objects("podIPs").FirstOrDefault()?.Text("ip") ?? status.Text("podIP")), Cell.OrNone(spec.Text("nodeName")), Cell.OrNone(status.Text("nominatedNodeName")), Gates(spec, status),
        ];
    }

    private record struct Seen(string Reason, int Ready, int Total, long Restarts, DateTimeOffset? LastRestart);

    private static Seen Look(JsonObject pod, JsonObject spec, JsonObject status)
    {
        var sidecars = spec.Objects("initContainers").Where(c => c.Text("restartPolicy") == "Always").Select(c => c.Text("name")).ToHashSet();
        var seen = new Seen(status.Text("reason") is { Length: > 0 } given ? given : status.Text("phase") ?? "", 0, Cell.Count(spec, "containers") + sidecars.Count, 0, null);
        if (Condition(status, "PodScheduled")?.Text("reason") == "SchedulingGated") seen.Reason = "SchedulingGated";
        var afterInit = Initializing(spec, status, sidecars, ref seen);
        if (afterInit is { } sidecarRestarts)
        {
            (seen.Restarts, seen.LastRestart) = sidecarRestarts;
            Running(status, ref seen);
        }
        if (pod.Child("metadata")?.ContainsKey("deletionTimestamp") == true)
        {
            if (status.Text("reason") == "NodeLost") seen.Reason = "Unknown";
            else if (status.Text("phase") is not ("Succeeded" or "Failed")) seen.Reason = "Terminating";
        }
        return seen;
    }

    // Null while an init container is still at work; else what the restarts of sidecars come to.
    private static (long, DateTimeOffset?)? Initializing(JsonObject spec, JsonObject status, HashSet<string?> sidecars, ref Seen seen)
    {
        (long Count, DateTimeOffset? Last) sidecarRestarts = (0, null);
        var initializing = false;
        foreach (var (container, i) in status.Objects("initContainerStatuses").Select((c, i) => (c, i)))
        {
            Restarts(container, ref seen);
            var sidecar = sidecars.Contains(container.Text("name"));
            if (sidecar)
            {
                sidecarRestarts.Count += container.Number("restartCount") ?? 0;
                sidecarRestarts.Last = Later(sidecarRestarts.Last, Finished(container));
            }
            var (terminated, waiting) = (container.Child("state")?.Child("terminated"), container.Child("state")?.Child("waiting"));
            if (terminated is not null && (terminated.Number("exitCode") ?? 0) == 0) continue;
            if (sidecar && container.Flag("started") == true) { if (container.Flag("ready") == true) seen.Ready++; continue; }
            if (terminated is not null) seen.Reason = "Init:" + (terminated.Text("reason") is { Length: > 0 } why ? why : Exit(terminated));
            else if (waiting?.Text("reason") is { Length: > 0 } reason && reason != "PodInitializing") seen.Reason = "Init:" + reason;
            else seen.Reason = $"Init:{i}/{Cell.Count(spec, "initContainers")}";
            initializing = true;
            break;
        }
        return !initializing || Condition(status, "Initialized")?.Text("status") == "True" ? sidecarRestarts : null;
    }

    private static void Running(JsonObject status, ref Seen seen)
    {
        var running = false;
        foreach (var container in status.Objects("containerStatuses").Reverse())
        {
            Restarts(container, ref seen);
            var state = container.Child("state");
            if (state?.Child("waiting")?.Text("reason") is { Length: > 0 } waiting) seen.Reason = waiting;
            else if (state?.Child("terminated") is { } terminated) seen.Reason = terminated.Text("reason") is { Length: > 0 } why ? why : Exit(terminated);
            else if (container.Flag("ready") == true && state?.ContainsKey("running") == true) { running = true; seen.Ready++; }
        }
        // Some containers are done, others go on.
        if (seen.Reason == "Completed" && running) seen.Reason = Condition(status, "Ready")?.Text("status") == "True" ? "Running" : "NotReady";
    }

    private static void Restarts(JsonObject container, ref Seen seen)
    {
        seen.Restarts += container.Number("restartCount") ?? 0;
        seen.LastRestart = Later(seen.LastRestart, Finished(container));
    }

    private static DateTimeOffset? Finished(JsonObject container) =>
        container.Child("lastState")?.Child("terminated")?.Text("finishedAt") is { } text && Times.TryParse(text, out var time) ? time : null;

    private static DateTimeOffset? Later(DateTimeOffset? a, DateTimeOffset? b) => a is null || b > a ? b : a;

    private static string Exit(JsonObject terminated) =>
        terminated.Number("signal") is { } signal and not 0 ? $"Signal:{signal}" : $"ExitCode:{terminated.Number("exitCode") ?? 0}";

    internal static JsonObject? Condition(JsonObject status, string type) => status.Objects("conditions").FirstOrDefault(c => c.Text("type") == type);

    private static string Gates(JsonObject spec, JsonObject status)
    {
        var gates = spec.Objects("readinessGates").ToList();
        return gates.Count == 0 ? Cell.None : $"{gates.Count(g => Condition(status, g.Text("conditionType") ?? "")?.Text("status") == "True")}/{gates.Count}";
    }
}
