using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Strategies.Pods;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <summary>How volumes are made.</summary>
internal sealed class StorageClassStrategy : SimpleStrategy
{
    public override bool DemandsSchema => false;

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        StorageParameters.Driver(value, "provisioner", errors);
        StorageParameters.Validate(value, mayBeEmpty: true, errors);
        if (value.Text("reclaimPolicy") is { Length: > 0 }) Choice(value, "reclaimPolicy", ["Delete", "Retain"], errors);
        if (!value.ContainsKey("volumeBindingMode")) errors.Required("volumeBindingMode");
        Choice(value, "volumeBindingMode", ["Immediate", "WaitForFirstConsumer"], errors);
        foreach (var (i, term) in value.Objects("allowedTopologies").Index()) Topology(term, $"allowedTopologies[{i}].matchLabelExpressions", errors);
    }

    internal static void Choice(JsonObject value, string field, string[] known, FieldErrors errors)
    {
        if (value.Text(field) is { } chosen && !known.Contains(chosen)) errors.Unsupported(field, chosen, known);
    }

    private static void Topology(JsonObject term, string path, FieldErrors errors)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, expression) in term.Objects("matchLabelExpressions").Index())
        {
            var (place, key, seen) = ($"{path}[{i}]", expression.Text("key") ?? "", new HashSet<string>(StringComparer.Ordinal));
            if (expression.IsEmptyList("values")) errors.Required(place + ".values");
            foreach (var (j, text) in expression.Texts("values").Index())
                if (!seen.Add(text)) errors.Duplicate($"{place}.values[{j}]", text);
            errors.InvalidEach(place + ".key", key, Names.QualifiedNameErrors(key));
            if (!keys.Add(key)) errors.Duplicate(place + ".key", key);
        }
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        foreach (var field in (ReadOnlySpan<string>)["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"]) Immutable(value, old, errors, field);
    }
}

internal sealed class VolumeAttributesClassStrategy : SimpleStrategy
{
    public override bool DemandsSchema => false;

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        StorageParameters.Driver(value, "driverName", errors);
        StorageParameters.Validate(value, mayBeEmpty: false, errors);
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        foreach (var field in (ReadOnlySpan<string>)["driverName", "parameters"])
            if (!JsonNode.DeepEquals(value[field], old[field])) errors.Forbidden(field, $"updates to {field} are forbidden.");
    }
}

/// <summary>What a driver of volumes is told.</summary>
internal static class StorageParameters
{
    private const int MostEntries = 512;
    private const int MostBytes = 256 * 1024;

    internal static void Driver(JsonObject value, string field, FieldErrors errors)
    {
        if (value.Text(field) is not { Length: > 0 } name) errors.Required(field);
        else errors.InvalidEach(field, name.ToLowerInvariant(), Names.QualifiedNameErrors(name.ToLowerInvariant()));
    }

    internal static void Validate(JsonObject value, bool mayBeEmpty, FieldErrors errors)
    {
        var all = value.Map("parameters").ToList();
        if (all.Count > MostEntries) { errors.TooLong("parameters", MostEntries); return; }
        foreach (var (key, _) in all)
            if (key.Length == 0) errors.Invalid("parameters", key, "field can not be empty.");
        if (all.Sum(p => (long)p.Key.Length + p.Value.Length) > MostBytes) errors.TooLong("parameters", MostBytes);
        if (!mayBeEmpty && all.Count == 0) errors.Required("parameters", "must contain at least one key/value pair");
    }
}

internal sealed class StorageDriverStrategy : Strategy
{
    public override bool DemandsSchema => false;

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        SecurityRules.Choice(spec, "fsGroupPolicy", ["File", "None", "ReadWriteOnceWithFSType"], "spec", errors);
        var audiences = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, request) in spec.Objects("tokenRequests").Index())
        {
            var path = $"spec.tokenRequests[{i}]";
            if (!audiences.Add(request.Text("audience") ?? "")) { errors.Duplicate(path + ".audience", request.Text("audience") ?? ""); continue; }
            if (request.Number("expirationSeconds") is < 600 and var few) errors.Invalid(path + ".expirationSeconds", few, "may not specify a duration less than 10 minutes");
            if (request.Number("expirationSeconds") is > 1L << 32 and var many) errors.Invalid(path + ".expirationSeconds", many, "may not specify a duration larger than 2^32 seconds");
        }
        foreach (var mode in spec.Texts("volumeLifecycleModes"))
            if (mode is not ("Persistent" or "Ephemeral")) errors.Unsupported("spec.volumeLifecycleModes", mode, ["Persistent", "Ephemeral"]);
        if (spec.Number("nodeAllocatableUpdatePeriodSeconds") is < 10 and var period) errors.Invalid("spec.nodeAllocatableUpdatePeriodSeconds", period, "must be greater than or equal to 10 seconds");
        if (spec.Flag("serviceAccountTokenInSecrets") is { } inSecrets && spec.IsEmptyList("tokenRequests")) errors.Invalid("spec.serviceAccountTokenInSecrets", inSecrets, "serviceAccountTokenInSecrets is set but no tokenRequests are specified");
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        var (spec, before) = (value.Child("spec") ?? [], old.Child("spec") ?? []);
        if (spec.Flag("attachRequired") != before.Flag("attachRequired")) errors.Invalid("spec.attachedRequired", spec["attachRequired"], "field is immutable");
        Immutable(value, old, errors, "spec", "volumeLifecycleModes");
    }
}

internal sealed class StorageNodeStrategy : SimpleStrategy
{
    public override bool DemandsSchema => false;

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, driver) in (value.Child("spec")?.Objects("drivers") ?? []).Index())
        {
            var (path, id, keys) = ($"spec.drivers[{i}]", driver.Text("nodeID") ?? "", new HashSet<string>(StringComparer.Ordinal));
            PathRules.DriverName(driver.Text("name"), path + ".name", errors);
            if (id.Length == 0) errors.Required(path + ".nodeID");
            if (id.Length > 256) errors.Invalid(path + ".nodeID", id, "must be 256 characters or less");
            if (driver.Child("allocatable") is { } most) NumberRules.NotNegative(most, "count", path + ".allocatable", errors);
            if (!names.Add(driver.Text("name") ?? "")) errors.Duplicate(path + ".name", driver.Text("name") ?? "");
            foreach (var key in driver.Texts("topologyKeys"))
            {
                if (key.Length == 0) errors.Required(path);
                if (!keys.Add(key)) errors.Duplicate(path, key);
                errors.InvalidEach(path, key, Names.QualifiedNameErrors(key));
            }
        }
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        foreach (var before in old.Child("spec")?.Objects("drivers") ?? [])
            foreach (var now in (value.Child("spec")?.Objects("drivers") ?? []).Where(d => d.Text("name") == before.Text("name")))
                if (!JsonNode.DeepEquals(Lasting(now), Lasting(before))) errors.Invalid("spec.drivers", GoText.Of(Lasting(now), "storage.v1.CSINodeDriver"), "field is immutable");
    }

    // How many volumes a node takes may change.
    private static JsonObject Lasting(JsonObject driver)
    {
        var lasting = driver.DeepClone().AsObject();
        lasting.Remove("allocatable");
        return lasting;
    }
}

internal sealed class StorageCapacityStrategy : SimpleStrategy
{
    public override bool DemandsSchema => false;

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        LabelRules.Selector(value.Child("nodeTopology"), "nodeTopology", errors);
        errors.InvalidEach("storageClassName", value.Text("storageClassName") ?? "", Names.DnsSubdomainErrors(value.Text("storageClassName") ?? ""));
        foreach (var field in (ReadOnlySpan<string>)["capacity", "maximumVolumeSize"])
            if (value.Text(field) is { } amount && Quantity.TryParse(amount, out var size) && size < Quantity.Zero) errors.Invalid(field, amount, NumberRules.NotNegativeReason);
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        Immutable(value, old, errors, "nodeTopology");
        Immutable(value, old, errors, "storageClassName");
    }
}

internal sealed class VolumeAttachmentStrategy : Strategy
{
    public override bool DemandsSchema => false;
    public override bool CountsGenerations => false;

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        PathRules.DriverName(spec.Text("attacher"), "spec.attacher", errors);
        var source = spec.Child("source") ?? [];
        var (name, inline) = (source.Text("persistentVolumeName"), source.Child("inlineVolumeSpec"));
        if (name is null && inline is null) errors.Required("spec.source", "must specify exactly one of inlineVolumeSpec and persistentVolumeName");
        else if (name is not null && inline is not null) errors.Forbidden("spec.source", "must specify exactly one of inlineVolumeSpec and persistentVolumeName");
        else if (name is { Length: 0 }) errors.Required("spec.source.persistentVolumeName", "must specify non empty persistentVolumeName");
        errors.InvalidEach("spec.nodeName", spec.Text("nodeName") ?? "", Names.DnsSubdomainErrors(spec.Text("nodeName") ?? ""));
        if (name is not null) errors.InvalidEach("spec.source.persistentVolumeName", name, Names.DnsSubdomainErrors(name));
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        if (!JsonNode.DeepEquals(value["spec"], old["spec"])) errors.Invalid("spec", GoText.Of(value.Child("spec") ?? [], "storage.v1.VolumeAttachmentSpec"), "field is immutable");
    }
}
