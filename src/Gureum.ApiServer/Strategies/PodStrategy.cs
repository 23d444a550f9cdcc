using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

internal sealed class PodStrategy : Strategy
{
    private static readonly IReadOnlyDictionary<string, string[]> Fields = new Dictionary<string, string[]>
    {
        ["spec.nodeName"] = ["spec", "nodeName"], ["spec.restartPolicy"] = ["spec", "restartPolicy"], ["spec.schedulerName"] = ["spec", "schedulerName"],
        ["spec.serviceAccountName"] = ["spec", "serviceAccountName"], ["spec.hostNetwork"] = ["spec", "hostNetwork"], ["status.phase"] = ["status", "phase"], ["status.podIP"] = ["status", "podIP"], ["status.podIPs"] = ["status", "podIPs"], ["spec.host"] = ["spec", "nodeName"], ["status.nominatedNodeName"] = ["status", "nominatedNodeName"],
    };

    public override IReadOnlyDictionary<string, string[]> SelectableFields => Fields;
    public override string MissingField(string field, State.StoredObject stored) => field == "spec.hostNetwork" ? "false" : "";

    public override void Default(JsonObject value)
    {
        if (value.Child("spec") is not { } spec) return;
        PodDefaults.Apply(spec);
        PodDefaults.Requests(spec);
        if (!spec.ContainsKey("enableServiceLinks")) spec["enableServiceLinks"] = true;
    }

    public override void PrepareForCreate(JsonObject value)
    {
        var status = new JsonObject { ["phase"] = "Pending" };
        // What is asked for counts too where only limits were written.
        if (value.Child("spec") is { } spec) status["qosClass"] = PodQuality.Of(spec);
        if (value.Child("spec")?.Items("schedulingGates") is { Count: > 0 })
            status["conditions"] = new JsonArray((JsonNode)new JsonObject { ["type"] = "PodScheduled", ["status"] = "False", ["reason"] = "SchedulingGated", ["message"] = "Scheduling is blocked due to non-empty scheduling gates" });
        value["status"] = status;
    }

    public override bool DemandsSchema => false;

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        PodRules.Validate(spec, "spec", errors, value.Child("metadata") ?? []);
        if (spec.Text("serviceAccountName") is not { Length: > 0 })
            foreach (var (i, volume) in spec.Objects("volumes").Index())
                foreach (var (j, source) in (volume.Child("projected")?.Objects("sources") ?? []).Index())
                    if (source.ContainsKey("serviceAccountToken")) errors.Forbidden($"spec.volumes[{i}].projected.sources[{j}].serviceAccountToken", "must not be specified when serviceAccountName is not set");
        foreach (var list in (ReadOnlySpan<string>)["containers", "initContainers"])
            foreach (var (i, container) in spec.Objects(list).Index()) Pods.ContainerRules.Trimmed(container, $"spec.{list}[{i}]", errors);
    }

    public override void PrepareForSubresource(JsonObject value, JsonObject old, string subresource)
    {
        if (subresource is "ephemeralcontainers" or "resize") PodSubresourceRules.Prepare(value, old, subresource);
        else base.PrepareForSubresource(value, old, subresource);
    }

    public override void ValidateSubresource(JsonObject value, JsonObject old, string subresource, FieldErrors errors)
    {
        if (subresource is "ephemeralcontainers" or "resize") PodSubresourceRules.Validate(value, old, subresource, errors);
        else base.ValidateSubresource(value, old, subresource, errors);
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors) => Pods.UpdateRules.Validate(value.Child("spec") ?? [], old.Child("spec") ?? [], errors);

    /// <summary>Nodes report on pods by this, and none of them may bring back an owner that somebody has taken away.</summary>
    public override void PrepareForStatusUpdate(JsonObject value, JsonObject old)
    {
        base.PrepareForStatusUpdate(value, old);
        if (value.Child("metadata") is { } metadata)
        {
            metadata.Remove("ownerReferences");
            if (old.At("metadata", "ownerReferences") is { } owners) metadata["ownerReferences"] = owners.DeepClone();
        }

        if (value.Child("status") is { } status && status.Text("qosClass") is not { Length: > 0 } && old.At("status", "qosClass") is { } quality) status["qosClass"] = quality.DeepClone();
    }

    /// <summary>A pod that runs somewhere is ended by its node; one that does not goes at once.</summary>
    public override long? GraceSeconds(JsonObject value, long? asked)
    {
        var spec = value.Child("spec");
        var grace = asked ?? spec?.Number("terminationGracePeriodSeconds") ?? 30;
        if (spec?.Text("nodeName") is not { Length: > 0 }) return 0;
        if (value.Child("status")?.Text("phase") is "Succeeded" or "Failed") return 0;
        return Math.Max(0, grace);
    }
}

internal sealed class PodTemplateStrategy : Strategy
{
    public override bool DemandsSchema => false;

    public override void Validate(JsonObject value, FieldErrors errors) => TemplateRules.Validate(value.Child("template") ?? [], "template", errors);

    public override void Default(JsonObject value)
    {
        if (value.Child("template")?.Child("spec") is { } spec) PodDefaults.Apply(spec);
    }
}
