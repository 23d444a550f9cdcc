using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

internal sealed class PersistentVolumeStrategy : SimpleStrategy
{
    public override void PrepareForCreate(JsonObject value) => value["status"] = new JsonObject { ["phase"] = "Pending" };

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        if (value.Child("spec") is not { } spec) { errors.Required("spec"); return; }
        if (spec.Items("accessModes") is null or { Count: 0 }) errors.Required("spec.accessModes");
        AccessModes.Validate(spec, errors);
        if (spec.Child("capacity")?.Text("storage") is not { } storage) errors.Required("spec.capacity");
        else if (Quantity.TryParse(storage, out var size) && size <= Quantity.Zero) errors.Invalid("spec.capacity[storage]", storage, "must be greater than zero");
    }
}

internal sealed class PersistentVolumeClaimStrategy : SimpleStrategy
{
    public override void PrepareForCreate(JsonObject value) => value["status"] = new JsonObject { ["phase"] = "Pending" };

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        if (value.Child("spec") is not { } spec) { errors.Required("spec"); return; }
        if (spec.Items("accessModes") is null or { Count: 0 }) errors.Required("spec.accessModes", "at least 1 access mode is required");
        AccessModes.Validate(spec, errors);
        if (spec.Child("resources")?.Child("requests")?.Text("storage") is not { } storage) errors.Required("spec.resources[storage]");
        else if (Quantity.TryParse(storage, out var size) && size <= Quantity.Zero) errors.Invalid("spec.resources[storage]", storage, "must be greater than zero");
    }

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

internal static class AccessModes
{
    private static readonly string[] Known = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];

    internal static void Validate(JsonObject spec, FieldErrors errors)
    {
        foreach (var mode in spec.Texts("accessModes"))
            if (!Known.Contains(mode)) errors.Unsupported("spec.accessModes", mode, Known);
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
