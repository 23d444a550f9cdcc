using System.Text.Json.Nodes;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tables;

/// <summary>What an autoscaler measures against what it aims at: cpu: 40%/80%, 2/10.</summary>
internal static class AutoscalerTargets
{
    private const int Shown = 2;

    internal static string Text(JsonObject spec, JsonObject status)
    {
        // autoscaling/v1 has the one target for the processor.
        if (spec.Number("targetCPUUtilizationPercentage") is { } percent)
            return $"cpu: {(status.Number("currentCPUUtilizationPercentage") is { } current ? current + "%" : Cell.Unknown)}/{percent}%";
        var metrics = spec.Objects("metrics").ToList();
        if (metrics.Count == 0) return Cell.None;
        var currents = status.Objects("currentMetrics").ToList();
        var texts = metrics.Select((metric, i) => One(metric, i < currents.Count ? currents[i] : [])).ToList();
        return string.Join(", ", texts.Take(Shown)) + (texts.Count > Shown ? $" + {texts.Count - Shown} more..." : "");
    }

    private static string One(JsonObject metric, JsonObject current)
    {
        var field = metric.Text("type") switch { "Resource" => "resource", "ContainerResource" => "containerResource", "Pods" => "pods", "Object" => "object", "External" => "external", _ => "" };
        if (metric.Child(field) is not { } wanted) return "<unknown type>";
        var (target, measured) = (wanted.Child("target") ?? [], current.Child(field)?.Child("current") ?? []);
        var name = field is "resource" or "containerResource" ? wanted.Text("name") + ": " : "";
        if (target.Number("averageUtilization") is { } percent) return $"{name}{(measured.Number("averageUtilization") is { } now ? now + "%" : Cell.Unknown)}/{percent}%";
        if (target.Text("averageValue") is { } average) return $"{name}{Cell.Text(measured["averageValue"], Cell.Unknown)}/{average}{(field is "object" or "external" ? " (avg)" : "")}";
        return $"{name}{Cell.Text(measured["value"], Cell.Unknown)}/{Cell.Text(target["value"], Cell.Unknown)}";
    }
}
