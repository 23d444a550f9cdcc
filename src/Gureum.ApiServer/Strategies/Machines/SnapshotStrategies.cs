using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects.Json;
using Gureum.Objects.Machines;

namespace Gureum.ApiServer.Strategies.Machines;

/// <summary>A snapshot of a machine (KubeVirt user guide, "Snapshot Restore API").</summary>
internal sealed class SnapshotStrategy : Strategy
{
    private static readonly string[] Policies = ["delete", "retain"];

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        if (value.Child("spec") is not { } spec) { errors.Required("spec"); return; }
        MachineReference.Validate(spec.Child("source"), "spec.source", errors);
        if (spec.Text("deletionPolicy") is { Length: > 0 } policy && !Policies.Contains(policy)) errors.Unsupported("spec.deletionPolicy", policy, Policies);
        if (spec.Text("failureDeadline") is { Length: > 0 } deadline && GoDuration.Parse(deadline) is null) errors.Invalid("spec.failureDeadline", deadline, "must be a duration, like 5m or 1h30m");
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors) => MachineReference.Unchanged(value, old, errors);
}

/// <summary>The wish to have a machine as it was at a snapshot.</summary>
internal sealed class RestoreStrategy : Strategy
{
    private static readonly string[] Readiness = ["StopTarget", "WaitGracePeriod", "FailImmediate", "WaitEventually"], Names = ["RandomizeNames", "PrefixTargetName"], Ownership = ["Vm", "None"];

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        if (value.Child("spec") is not { } spec) { errors.Required("spec"); return; }
        MachineReference.Validate(spec.Child("target"), "spec.target", errors);
        if (spec.Text("virtualMachineSnapshotName") is not { Length: > 0 }) errors.Required("spec.virtualMachineSnapshotName");
        Choice(spec, "targetReadinessPolicy", Readiness, errors);
        Choice(spec, "volumeRestorePolicy", Names, errors);
        Choice(spec, "volumeOwnershipPolicy", Ownership, errors);
        if (spec["patches"] is JsonArray { Count: > 0 }) errors.Forbidden("spec.patches", "this part of KubeVirt's API is not supported by Gureum");
        var overrides = spec.Objects("volumeRestoreOverrides").ToList();
        for (var i = 0; i < overrides.Count; i++)
        {
            if (overrides[i].Text("volumeName") is not { Length: > 0 }) errors.Required($"spec.volumeRestoreOverrides[{i}].volumeName", "must provide a volume name");
            if (!overrides[i].ContainsKey("restoreName") && !overrides[i].ContainsKey("labels") && !overrides[i].ContainsKey("annotations")) errors.Invalid($"spec.volumeRestoreOverrides[{i}]", overrides[i], "must provide at least one overriden field");
        }
    }

    private static void Choice(JsonObject spec, string name, string[] known, FieldErrors errors)
    {
        if (spec.Text(name) is { Length: > 0 } given && !known.Contains(given)) errors.Unsupported($"spec.{name}", given, known);
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors) => MachineReference.Unchanged(value, old, errors);
}

/// <summary>What snapshots and restores are of.</summary>
internal static class MachineReference
{
    internal static void Validate(JsonObject? reference, string path, FieldErrors errors)
    {
        if (reference is null) { errors.Required(path); return; }
        if (reference.Text("apiGroup") is not { Length: > 0 } group) errors.Required($"{path}.apiGroup", "missing apiGroup");
        else if (group != "kubevirt.io") errors.Invalid($"{path}.apiGroup", group, "invalid apiGroup");
        if (reference.Text("kind") != "VirtualMachine") errors.Invalid($"{path}.kind", reference["kind"], "invalid kind");
        if (reference.Text("name") is not { Length: > 0 }) errors.Required($"{path}.name");
    }

    internal static void Unchanged(JsonObject value, JsonObject old, FieldErrors errors)
    {
        if (!JsonNode.DeepEquals(value["spec"], old["spec"])) errors.Forbidden("spec", "spec in immutable after creation");
    }
}
