using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies.Machines;

/// <summary>A VirtualMachine: the template of an instance, and whether there is to be one (KubeVirt user guide, "Run Strategies").</summary>
internal sealed class VirtualMachineStrategy : Strategy
{
    private static readonly string[] RunStrategies = ["Always", "Halted", "Manual", "Once", "RerunOnFailure"];

    public override void Default(JsonObject value)
    {
        if (value.Child("spec")?.Child("template")?.Child("spec") is { } spec && value.Child("spec")!.Child("instancetype") is null) InstanceDefaults.Apply(spec);
    }

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        if (value.Child("spec") is not { } spec) return;
        if (spec.ContainsKey("running") && spec.ContainsKey("runStrategy")) errors.Invalid("spec.running", spec["running"], "Running and RunStrategy are mutually exclusive. Note that Running is deprecated, please use RunStrategy instead");
        else if (!spec.ContainsKey("running") && spec.Text("runStrategy") is not { Length: > 0 }) errors.Required("spec.runStrategy", "RunStrategy must be specified");
        else if (spec.Text("runStrategy") is { } strategy && !RunStrategies.Contains(strategy)) errors.Unsupported("spec.runStrategy", strategy, RunStrategies);
        if (spec.Text("updateVolumesStrategy") is { Length: > 0 } update && update != "Replacement") errors.Unsupported("spec.updateVolumesStrategy", update, ["Replacement"]);
        Matcher(spec, "instancetype", "VirtualMachineInstancetype", "VirtualMachineClusterInstancetype", errors);
        Matcher(spec, "preference", "VirtualMachinePreference", "VirtualMachineClusterPreference", errors);
        if (spec.Child("template") is not { } template) { errors.Required("spec.template", "missing virtual machine template"); return; }
        var instance = template.Child("spec") ?? [];
        if (spec.ContainsKey("instancetype")) Sized(instance, errors);
        InstanceRules.Validate(instance, "spec.template.spec", spec.ContainsKey("instancetype"), errors);
        Templates(spec, instance, value.Child("metadata")?.Text("namespace"), errors);
    }

    private static void Matcher(JsonObject spec, string name, string kind, string clusterKind, FieldErrors errors)
    {
        if (spec.Child(name) is not { } matcher) return;
        if (matcher.Text("name") is not { Length: > 0 }) errors.Required($"spec.{name}.name");
        if (matcher.ContainsKey("inferFromVolume")) errors.Forbidden($"spec.{name}.inferFromVolume", "inferring from a volume is not supported by Gureum; give a name");
        if (matcher.Text("kind") is { Length: > 0 } given && !given.Equals(kind, StringComparison.OrdinalIgnoreCase) && !given.Equals(clusterKind, StringComparison.OrdinalIgnoreCase)) errors.Unsupported($"spec.{name}.kind", given, [kind, clusterKind]);
    }

    // An instancetype says what the guest has; the machine must not say it as well (user guide, "Instance types and preferences").
    private static void Sized(JsonObject instance, FieldErrors errors)
    {
        foreach (var path in (string[][])[["cpu", "cores"], ["cpu", "sockets"], ["cpu", "threads"], ["memory", "guest"], ["resources", "requests", "memory"], ["resources", "limits", "memory"], ["resources", "requests", "cpu"], ["resources", "limits", "cpu"]])
            if (instance.Child("domain")?.At(path) is not null) errors.Forbidden($"spec.template.spec.domain.{string.Join('.', path)}", "VM field conflicts with selected Instancetype");
    }

    private static void Templates(JsonObject spec, JsonObject instance, string? ns, FieldErrors errors)
    {
        var used = instance.Objects("volumes").Select(v => v.Child("dataVolume")?.Text("name") ?? v.Child("persistentVolumeClaim")?.Text("claimName")).OfType<string>().ToHashSet();
        var (templates, seen) = (spec.Objects("dataVolumeTemplates").ToList(), new HashSet<string?>());
        for (var i = 0; i < templates.Count; i++)
        {
            var (name, place) = (templates[i].Child("metadata")?.Text("name"), $"spec.dataVolumeTemplates[{i}]");
            if (name is not { Length: > 0 }) { errors.Required($"{place}.metadata.name"); continue; }
            if (!seen.Add(name)) errors.Duplicate($"{place}.metadata.name", name);
            if (!used.Contains(name)) errors.Invalid($"{place}.metadata.name", name, $"dataVolumeTemplate '{name}' must be referenced in spec.template.spec.volumes");
            DataVolumeRules.Validate(templates[i].Child("spec") ?? [], $"{place}.spec", ns, errors);
        }
    }
}

/// <summary>One run of a guest. Its spec does not change: who wants another guest deletes this one and makes the next.</summary>
internal sealed class VirtualMachineInstanceStrategy : Strategy
{
    private static readonly IReadOnlyDictionary<string, string[]> Fields = new Dictionary<string, string[]> { ["status.nodeName"] = ["status", "nodeName"], ["status.phase"] = ["status", "phase"] };

    public override IReadOnlyDictionary<string, string[]> SelectableFields => Fields;

    public override void PrepareForCreate(JsonObject value)
    {
        var revision = value.Child("status")?.Text("virtualMachineRevisionName");
        var status = new JsonObject { ["phase"] = "Pending" };
        if (revision is { Length: > 0 }) status["virtualMachineRevisionName"] = revision;
        value["status"] = status;
        // At its creation alone: the domain of one that runs has the places that it started with.
        if (value.Child("spec") is { } spec) GrowthRules.Default(spec);
    }

    public override void Default(JsonObject value)
    {
        if (value.Child("spec") is { } spec) InstanceDefaults.Apply(spec);
    }

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        if (value.Child("spec") is not { } spec) return;
        InstanceRules.Validate(spec, "spec", sized: false, errors);
    }

    // Hot-plug changes these, and where the instance may move to; nothing else may change.
    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        if (!JsonNode.DeepEquals(Fixed(value), Fixed(old))) errors.Forbidden("spec", "update of VMI object is restricted: only volumes and disks (by addvolume and removevolume), networks that are not the pods' and their interfaces, sockets, memory and placement may change; change the VirtualMachine and restart it");
        GrowthRules.ValidateUpdate(value, old, errors);
    }

    private static JsonObject Fixed(JsonObject value)
    {
        var spec = (value.Child("spec") ?? []).DeepClone().AsObject();
        spec.Remove("volumes");
        foreach (var place in (ReadOnlySpan<string>)["nodeSelector", "affinity", "tolerations"]) spec.Remove(place);
        var networks = spec.Objects("networks").ToList();
        var plugged = networks.Where(n => n.ContainsKey("multus")).Select(n => n.Text("name")).ToHashSet();
        spec["networks"] = new JsonArray([.. networks.Where(n => !plugged.Contains(n.Text("name"))).Select(n => n.DeepClone())]);
        if (spec.Child("domain") is not { } domain) return spec;
        if (domain.Child("devices") is { } devices)
        {
            devices.Remove("disks");
            devices["interfaces"] = new JsonArray([.. devices.Objects("interfaces").Where(i => !plugged.Contains(i.Text("name"))).Select(i => i.DeepClone())]);
        }
        domain.Child("cpu")?.Remove("sockets");
        domain.Child("memory")?.Remove("guest");
        domain.Remove("resources");
        return spec;
    }
}

/// <summary>The wish to have an instance run on another node.</summary>
internal sealed class MigrationStrategy : Strategy
{
    public override void PrepareForCreate(JsonObject value) => value["status"] = new JsonObject { ["phase"] = "Pending" };

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        if (value.Child("spec")?.Text("vmiName") is not { Length: > 0 }) errors.Required("spec.vmiName", "vmiName is missing");
        foreach (var other in (ReadOnlySpan<string>)["receive", "sendTo"])
            if (value.Child("spec")?.ContainsKey(other) == true) errors.Forbidden($"spec.{other}", "migration between clusters is not supported by Gureum");
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors) => Immutable(value, old, errors, "spec");
}

/// <summary>So many instances of one template.</summary>
internal sealed class InstanceReplicaSetStrategy : Strategy
{
    public override void Default(JsonObject value)
    {
        if (value.Child("spec") is not { } spec) return;
        if (!spec.ContainsKey("replicas")) spec["replicas"] = 1;
        if (spec.Child("template")?.Child("spec") is { } instance) InstanceDefaults.Apply(instance);
    }

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        if (value.Child("spec") is not { } spec) return;
        if (spec.Number("replicas") is < 0) errors.Invalid("spec.replicas", spec["replicas"], "must be greater than or equal to 0");
        if (spec.Child("selector") is not { } selector) errors.Required("spec.selector");
        else if (selector.Map("matchLabels").Any(l => spec.Child("template")?.Child("metadata")?.Child("labels")?.Text(l.Key) != l.Value)) errors.Invalid("spec.selector", selector, "selector does not match labels");
        if (spec.Child("template") is not { } template) errors.Required("spec.template");
        else InstanceRules.Validate(template.Child("spec") ?? [], "spec.template.spec", sized: false, errors);
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors) => Immutable(value, old, errors, "spec", "selector");
}

/// <summary>Sizes and preferences: what machines refer to does not change under them.</summary>
internal sealed class InstancetypeStrategy : Strategy
{
    public override void Validate(JsonObject value, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        if (spec.Child("cpu")?.Number("guest") is not > 0) errors.Required("spec.cpu.guest", "a positive number of CPUs");
        if (spec.Child("memory")?.Text("guest") is not { } memory || !Quantity.TryParse(memory, out var amount) || amount < Quantity.Parse("1M")) errors.Required("spec.memory.guest", "at least 1M");
        foreach (var name in (ReadOnlySpan<string>)["gpus", "hostDevices", "ioThreadsPolicy", "ioThreads", "launchSecurity"])
            if (spec.ContainsKey(name) && spec[name] is not JsonArray { Count: 0 }) errors.Forbidden($"spec.{name}", "this part of KubeVirt's API is not supported by Gureum");
        foreach (var name in (ReadOnlySpan<string>)["dedicatedCPUPlacement", "isolateEmulatorThread"])
            if (spec.Child("cpu")?.Flag(name) == true) errors.Forbidden($"spec.cpu.{name}", "this part of KubeVirt's API is not supported by Gureum");
        foreach (var name in (ReadOnlySpan<string>)["numa", "realtime"])
            if (spec.Child("cpu")?.ContainsKey(name) == true) errors.Forbidden($"spec.cpu.{name}", "this part of KubeVirt's API is not supported by Gureum");
        if (spec.Child("memory")?.ContainsKey("hugepages") == true) errors.Forbidden("spec.memory.hugepages", "this part of KubeVirt's API is not supported by Gureum");
    }
}
