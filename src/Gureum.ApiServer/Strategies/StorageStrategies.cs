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
        if (VolumeRules.Sources.Any(f => !JsonNode.DeepEquals(Comparable(spec, before, f), before[f]))) errors.Forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation");
        if (!JsonNode.DeepEquals(spec["volumeMode"], before["volumeMode"])) errors.Invalid("volumeMode", spec["volumeMode"], "field is immutable");
        if (before.ContainsKey("nodeAffinity") && !JsonNode.DeepEquals(spec["nodeAffinity"], before["nodeAffinity"]))
            errors.Invalid("nodeAffinity", spec.Child("nodeAffinity") is { } affinity ? GoText.Of(affinity, "core.v1.VolumeNodeAffinity") : null, "field is immutable");
        if (before.ContainsKey("volumeAttributesClassName") && !spec.ContainsKey("volumeAttributesClassName")) errors.Forbidden("spec.volumeAttributesClassName", "update from non-nil value to nil is forbidden");
    }

    // A driver may learn later how it expands the volume.
    private static JsonNode? Comparable(JsonObject spec, JsonObject before, string field)
    {
        if (field != "csi" || spec.Child("csi") is not { } now || before.Child("csi")?.ContainsKey("controllerExpandSecretRef") != false) return spec[field];
        var same = now.DeepClone().AsObject();
        same.Remove("controllerExpandSecretRef");
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
        var (after, before) = (Comparable(value), Comparable(old));
        // The binder names the volume; nobody else changes anything but the size.
        if (!before.ContainsKey("volumeName")) after.Remove("volumeName");
        if (!before.ContainsKey("storageClassName")) after.Remove("storageClassName");
        if (!JsonNode.DeepEquals(after, before)) errors.Forbidden("spec", "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims");
        if (Size(value) is { } larger && Size(old) is { } size && larger < size) errors.Forbidden("spec.resources.requests.storage", "field can not be less than status.capacity");
    }

    private static Quantity? Size(JsonObject value) => value.At("spec", "resources", "requests", "storage") is JsonValue text && Quantity.TryParse(text.GetValue<string>(), out var size) ? size : null;

    private static JsonObject Comparable(JsonObject value)
    {
        var spec = (value.Child("spec") ?? []).DeepClone().AsObject();
        spec.Remove("resources");
        return spec;
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

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        if (!JsonNode.DeepEquals(value["spec"], old["spec"])) errors.Invalid("spec", GoText.Of(value.Child("spec") ?? [], type), "field is immutable");
    }
}
