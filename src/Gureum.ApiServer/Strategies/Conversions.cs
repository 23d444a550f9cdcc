using System.Text.Json.Nodes;
using Gureum.ApiServer.Registry;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Json;
using Gureum.Objects.Models;

namespace Gureum.ApiServer.Strategies;

/// <summary>Built-in kinds that are served in more than one version or group, but stored in one.</summary>
internal static class Conversions
{
    internal static (ResourceType StoredAs, IVersionConverter Converter)? Find(ResourceType type) => (type.ApiVersion, type.Plural) switch
    {
        ("events.k8s.io/v1", "events") => (Event.Resource, new EventConverter()),
        ("autoscaling/v1", "horizontalpodautoscalers") => (Gureum.Objects.Autoscaling.V2.HorizontalPodAutoscaler.Resource, new AutoscalerConverter()),
        _ => null,
    };

    /// <summary>Whether another group or version shows what is stored as this.</summary>
    internal static bool IsShared(ResourceType stored) => stored.GroupResource is "events" or "horizontalpodautoscalers.autoscaling";

    internal static void Rename(JsonObject value, string from, string to)
    {
        if (!value.TryGetPropertyValue(from, out var child)) return;
        value.Remove(from);
        value[to] = child;
    }
}

/// <summary>events.k8s.io/v1 over core/v1 events: the same facts under other names.</summary>
internal sealed class EventConverter : IVersionConverter
{
    private static readonly (string New, string Stored)[] Names =
    [
        ("regarding", "involvedObject"), ("note", "message"), ("reportingController", "reportingComponent"), ("deprecatedSource", "source"),
        ("deprecatedFirstTimestamp", "firstTimestamp"), ("deprecatedLastTimestamp", "lastTimestamp"), ("deprecatedCount", "count"),
    ];

    public JsonObject ToStored(JsonObject value)
    {
        foreach (var (made, stored) in Names) Conversions.Rename(value, made, stored);
        return value;
    }

    public JsonObject FromStored(JsonObject value)
    {
        foreach (var (made, stored) in Names) Conversions.Rename(value, stored, made);
        value["kind"] = "Event";
        value["apiVersion"] = "events.k8s.io/v1";
        return value;
    }
}

/// <summary>autoscaling/v1 over v2: one CPU target as a metric.</summary>
internal sealed class AutoscalerConverter : IVersionConverter
{
    public JsonObject ToStored(JsonObject value)
    {
        var spec = value.Need("spec");
        if (spec.Number("targetCPUUtilizationPercentage") is { } percent)
            spec["metrics"] = new JsonArray((JsonNode)new JsonObject
            {
                ["type"] = "Resource",
                ["resource"] = new JsonObject { ["name"] = "cpu", ["target"] = new JsonObject { ["type"] = "Utilization", ["averageUtilization"] = percent } },
            });
        spec.Remove("targetCPUUtilizationPercentage");
        if (value.Child("status") is { } status)
        {
            if (status.Number("currentCPUUtilizationPercentage") is { } current)
                status["currentMetrics"] = new JsonArray((JsonNode)new JsonObject
                {
                    ["type"] = "Resource", ["resource"] = new JsonObject { ["name"] = "cpu", ["current"] = new JsonObject { ["averageUtilization"] = current } },
                });
            status.Remove("currentCPUUtilizationPercentage");
        }
        return value;
    }

    public JsonObject FromStored(JsonObject value)
    {
        if (value.Child("spec") is { } spec)
        {
            if (Cpu(spec.Objects("metrics"))?.Child("target")?.Number("averageUtilization") is { } percent) spec["targetCPUUtilizationPercentage"] = percent;
            spec.Remove("metrics");
            spec.Remove("behavior");
        }
        if (value.Child("status") is { } status)
        {
            if (Cpu(status.Objects("currentMetrics"))?.Child("current")?.Number("averageUtilization") is { } current) status["currentCPUUtilizationPercentage"] = current;
            status.Remove("currentMetrics");
            status.Remove("conditions");
        }
        value["apiVersion"] = "autoscaling/v1";
        return value;
    }

    private static JsonObject? Cpu(IEnumerable<JsonObject> metrics) =>
        metrics.FirstOrDefault(m => m.Text("type") == "Resource" && m.Child("resource")?.Text("name") == "cpu")?.Child("resource");
}
