using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

internal sealed class PersistentVolumeStrategy : SimpleStrategy
{
    public override void PrepareForCreate(JsonObject value) => value["status"] = new JsonObject { ["phase"] = "Pending" };

    public override bool DemandsSchema => false;

    public override void Validate(JsonObject value, FieldErrors errors) => VolumeRules.Validate(value.Child("spec") ?? [], value.Child("metadata")?.Text("name") ?? "", "spec", errors);

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        var (spec, before) = (value.Child("spec") ?? [], old.Child("spec") ?? []);
        // Upstream looks at it twice, and tells both times.
        Validate(value, errors);
        var source = Comparable(spec, before);
        if (VolumeRules.Sources.Any(f => !JsonNode.DeepEquals(source[f], before[f])))
            errors.Forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation\n" + GoText.Diff(before, source, "core.v1.PersistentVolumeSource"));
        if (!JsonNode.DeepEquals(spec["volumeMode"], before["volumeMode"])) errors.Invalid("volumeMode", spec["volumeMode"], "field is immutable");
        if (before.ContainsKey("nodeAffinity") && !JsonNode.DeepEquals(spec["nodeAffinity"], before["nodeAffinity"]))
            errors.Invalid("nodeAffinity", spec.Child("nodeAffinity") is { } affinity ? GoText.Of(affinity, "core.v1.VolumeNodeAffinity") : null, "field is immutable, except for updating from beta label to GA");
        if (before.ContainsKey("volumeAttributesClassName") && !spec.ContainsKey("volumeAttributesClassName")) errors.Forbidden("spec.volumeAttributesClassName", "update from non-nil value to nil is forbidden");
    }

    // A driver may learn later how it expands the volume.
    private static JsonObject Comparable(JsonObject spec, JsonObject before)
    {
        if (before.Child("csi")?.ContainsKey("controllerExpandSecretRef") != false) return spec;
        var same = spec.DeepClone().AsObject();
        same.Child("csi")?.Remove("controllerExpandSecretRef");
        return same;
    }
}

internal sealed class PersistentVolumeClaimStrategy : SimpleStrategy
{
    public override void PrepareForCreate(JsonObject value) => value["status"] = new JsonObject { ["phase"] = "Pending" };

    public override bool DemandsSchema => false;

    // The old name of the source and the new one say the same, unless it is in another namespace.
    public override void Default(JsonObject value)
    {
        if (value.Child("spec") is not { } spec) return;
        if (spec.Child("dataSource") is { } source && !spec.ContainsKey("dataSourceRef")) spec["dataSourceRef"] = source.DeepClone();
        else if (spec.Child("dataSourceRef") is { } reference && !spec.ContainsKey("dataSource") && !reference.ContainsKey("namespace")) spec["dataSource"] = reference.DeepClone();
    }

    public override void Validate(JsonObject value, FieldErrors errors) => ClaimRules.Validate(value.Child("spec") ?? [], "spec", errors);

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        var (spec, before) = (value.Child("spec") ?? [], old.Child("spec") ?? []);
        var (now, then) = (spec.DeepClone().AsObject(), before.DeepClone().AsObject());
        // The binder names the volume, and a class may come to a claim that had none.
        if (!then.ContainsKey("volumeName")) Take(now, then, "volumeName");
        if (!then.ContainsKey("storageClassName")) now.Remove("storageClassName");
        if (value.Child("status")?.Text("phase") == "Bound")
        {
            if (now.Child("resources")?.Child("requests") is { } requests) Take(then.Child("resources")?.Child("requests") ?? [], requests, "storage");
            Take(then, now, "volumeAttributesClassName");
        }
        if (!JsonNode.DeepEquals(now, then))
            errors.Forbidden("spec", "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n" + GoText.Diff(then, now, "core.v1.PersistentVolumeClaimSpec"));
        if (Size(spec.Child("resources")?.Child("requests")) is var size && size < Size(before.Child("resources")?.Child("requests")) && size <= Size(old.Child("status")?.Child("capacity")))
            errors.Forbidden("spec.resources.requests.storage", "field can not be less than status.capacity");
        if (!JsonNode.DeepEquals(spec["volumeMode"], before["volumeMode"])) errors.Invalid("volumeMode", spec["volumeMode"], "field is immutable");
        if (old.At("status", "currentVolumeAttributesClassName") is null || JsonNode.DeepEquals(spec["volumeAttributesClassName"], before["volumeAttributesClassName"])) return;
        if (spec.Text("volumeAttributesClassName") is not { } attributes) errors.Forbidden("spec.volumeAttributesClassName", "update to nil is forbidden when status.currentVolumeAttributesClassName is not nil");
        else if (attributes.Length == 0) errors.Forbidden("spec.volumeAttributesClassName", "update to empty string is forbidden when status.currentVolumeAttributesClassName is not nil");
    }

    private static Quantity Size(JsonObject? amounts) => Quantity.TryParse(amounts?.Text("storage") ?? "", out var size) ? size : Quantity.Zero;

    private static void Take(JsonObject from, JsonObject to, string field)
    {
        to.Remove(field);
        if (from[field] is { } taken) to[field] = taken.DeepClone();
    }
}

/// <summary>Devices that a node or a network offers, selected by who offers them.</summary>
internal sealed class ResourceSliceStrategy : Strategy
{
    private static readonly IReadOnlyDictionary<string, string[]> Fields = new Dictionary<string, string[]> { ["spec.nodeName"] = ["spec", "nodeName"], ["spec.driver"] = ["spec", "driver"] };

    public override bool SelectsNamespace => false;
    public override IReadOnlyDictionary<string, string[]> SelectableFields => Fields;
    public override string FieldRefusal(string field) => $"field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: {field}";
}

/// <summary>Claims for devices, and templates of them: what was asked for stays.</summary>
internal sealed class DeviceClaimStrategy(string type) : Strategy
{
    // A claim's generation is not counted.
    public override bool CountsGenerations => false;

    // One device of a kind is asked for, unless something else is said.
    public override void Default(JsonObject value)
    {
        var spec = value.Child("spec");
        foreach (var request in (spec?.Child("devices") ?? spec?.Child("spec")?.Child("devices"))?.Objects("requests") ?? [])
            foreach (var wish in request.Objects("firstAvailable").Concat(request.Child("exactly") is { } exactly ? [exactly] : []))
            {
                if (!wish.ContainsKey("allocationMode")) wish["allocationMode"] = "ExactCount";
                if (wish.Text("allocationMode") == "ExactCount" && !wish.ContainsKey("count")) wish["count"] = 1L;
                foreach (var toleration in wish.Objects("tolerations")) if (!toleration.ContainsKey("operator")) toleration["operator"] = "Equal";
            }
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        if (!JsonNode.DeepEquals(value["spec"], old["spec"])) errors.Invalid("spec", GoText.Of(value.Child("spec") ?? [], type), "field is immutable");
    }
}
