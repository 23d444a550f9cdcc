using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.Strategies.Machines;

/// <summary>What the spec of a VirtualMachineInstance must say, wherever it stands: alone, in a VirtualMachine or in a replica set.</summary>
internal static class InstanceRules
{
    private const int MostSockets = 512;
    private static readonly SchemaNode Spec = KubernetesSchema.Instance.Type("kubevirt.v1.VirtualMachineInstanceSpec");
    private static readonly string[] Architectures = ["amd64"], Evictions = ["None", "LiveMigrate", "LiveMigrateIfPossible", "External"], Models = ["e1000", "e1000e", "ne2k_pci", "pcnet", "rtl8139", "virtio"];

    /// <param name="sized">CPUs and memory may come from an instancetype.</param>
    internal static void Validate(JsonObject spec, string path, bool sized, FieldErrors errors)
    {
        SupportedFields.Check(spec, Spec, path, errors);
        var domain = spec.Child("domain") ?? [];
        if (spec.Text("architecture") is { Length: > 0 } architecture && !Architectures.Contains(architecture)) errors.Unsupported($"{path}.architecture", architecture, Architectures);
        if (spec.Text("evictionStrategy") is { } eviction && !Evictions.Contains(eviction)) errors.Unsupported($"{path}.evictionStrategy", eviction, Evictions);
        if (spec.Text("startStrategy") is { } start && start != "Paused") errors.Unsupported($"{path}.startStrategy", start, ["Paused"]);
        if (spec.Text("startStrategy") == "Paused" && spec.ContainsKey("livenessProbe")) errors.Forbidden($"{path}.livenessProbe", "a guest that starts paused would be found dead by its liveness probe; set one of startStrategy and livenessProbe");
        if (spec.Text("hostname") is { Length: > 0 } hostname) errors.InvalidIf($"{path}.hostname", hostname, Names.DnsLabelError(hostname));
        if (spec.Text("subdomain") is { Length: > 0 } subdomain) errors.InvalidIf($"{path}.subdomain", subdomain, Names.DnsSubdomainError(subdomain));
        foreach (var probe in (ReadOnlySpan<string>)["livenessProbe", "readinessProbe"]) Probe(spec, probe, path, errors);
        Memory(domain, $"{path}.domain", sized, errors);
        GrowthRules.Validate(domain, $"{path}.domain", errors);
        Processors(domain, $"{path}.domain", errors);
        Firmware(domain, $"{path}.domain.firmware", errors);
        VolumeRules.Validate(spec, path, errors);
        Networks(spec, domain, path, errors);
    }

    private static void Probe(JsonObject spec, string name, string path, FieldErrors errors)
    {
        if (spec.Child(name) is not { } probe) return;
        var kinds = new[] { "httpGet", "tcpSocket", "exec", "guestAgentPing" }.Count(probe.ContainsKey);
        if (kinds != 1) errors.Invalid($"{path}.{name}", probe, "must have exactly one of httpGet and tcpSocket");
    }

    private static void Memory(JsonObject domain, string path, bool sized, FieldErrors errors)
    {
        var guest = Amount(domain, errors, path, "memory", "guest");
        var request = Amount(domain, errors, path, "resources", "requests", "memory");
        var limit = Amount(domain, errors, path, "resources", "limits", "memory");
        if (guest is null && request is null && limit is null && !sized)
            errors.Required($"{path}.memory.guest", "no memory requested, at least one of memory.guest, resources.requests.memory and resources.limits.memory must be set");
        if (guest is { } asked && limit is { } most && asked > most) errors.Invalid($"{path}.memory.guest", domain.At("memory", "guest"), "must be equal to or less than the memory limit resources.limits.memory");
        if (request is { } least && limit is { } top && least > top) errors.Invalid($"{path}.resources.requests.memory", domain.At("resources", "requests", "memory"), "is greater than resources.limits.memory");
    }

    private static Quantity? Amount(JsonObject domain, FieldErrors errors, string path, params string[] fields)
    {
        if (domain.At(fields) is not JsonValue value || !value.TryGetValue<string>(out var text) || !Quantity.TryParse(text, out var amount)) return null;
        var least = Quantity.Parse("1M");
        if (amount < least) errors.Invalid($"{path}.{string.Join('.', fields)}", text, "must be greater than or equal to 1M");
        return amount;
    }

    private static void Processors(JsonObject domain, string path, FieldErrors errors)
    {
        var cpu = domain.Child("cpu") ?? [];
        foreach (var name in (ReadOnlySpan<string>)["cores", "sockets", "threads", "maxSockets"])
            if (cpu.Number(name) is { } count && (count < 0 || count > MostSockets)) errors.Invalid($"{path}.cpu.{name}", cpu[name], $"must be between 1 and {MostSockets}");
        if (cpu.Number("sockets") is { } sockets && cpu.Number("maxSockets") is > 0 and { } most && sockets > most) errors.Invalid($"{path}.cpu.sockets", cpu["sockets"], "is greater than the maximum sockets allowed, cpu.maxSockets");
        var features = cpu.Objects("features").ToList();
        for (var i = 0; i < features.Count; i++)
            if (features[i].Text("policy") is { Length: > 0 } policy && policy is not ("force" or "require" or "optional" or "disable" or "forbid"))
                errors.Unsupported($"{path}.cpu.features[{i}].policy", policy, ["force", "require", "optional", "disable", "forbid"]);
    }

    private static void Firmware(JsonObject domain, string path, FieldErrors errors)
    {
        if (domain.Child("firmware") is not { } firmware) return;
        if (firmware.Text("uuid") is { Length: > 0 } uuid && !Guid.TryParseExact(uuid, "D", out _)) errors.Invalid($"{path}.uuid", uuid, "must be a UUID such as 5d307ca9-b3ef-428c-8861-06e72d69f223");
        if (firmware.Child("kernelBoot") is not { } boot) return;
        if (boot.Child("container") is not { } container)
        {
            if (boot.Text("kernelArgs") is { Length: > 0 }) errors.Invalid($"{path}.kernelBoot.kernelArgs", boot["kernelArgs"], "kernel arguments cannot be provided without an external kernel");
            return;
        }
        if (container.Text("image") is not { Length: > 0 }) errors.Required($"{path}.kernelBoot.container.image");
        if (container.Text("kernelPath") is not { Length: > 0 }) errors.Required($"{path}.kernelBoot.container.kernelPath", "Gureum boots an initrd only together with its kernel");
        foreach (var name in (ReadOnlySpan<string>)["kernelPath", "initrdPath"])
            if (container.Text(name) is { Length: > 0 } file) VolumeRules.ImagePath($"{path}.kernelBoot.container.{name}", file, errors);
    }

    private static void Networks(JsonObject spec, JsonObject domain, string path, FieldErrors errors)
    {
        var interfaces = (domain.Child("devices") ?? []).Objects("interfaces").ToList();
        var networks = spec.Objects("networks").ToList();
        var names = networks.Select(n => n.Text("name")).ToHashSet();
        if (networks.Count(n => n.ContainsKey("pod")) > 1) errors.Invalid($"{path}.networks", networks.Count, "more than one interface is connected to a pod network");
        for (var i = 0; i < networks.Count; i++)
        {
            if (!networks[i].ContainsKey("pod") && !networks[i].ContainsKey("multus") && !networks[i].ContainsKey("resourceClaim")) errors.Required($"{path}.networks[{i}]", "should have a network type");
            if (interfaces.All(n => n.Text("name") != networks[i].Text("name"))) errors.Required($"{path}.domain.devices.interfaces", $"there is no interface for the network '{networks[i].Text("name")}'");
        }
        var seen = new HashSet<string?>();
        for (var i = 0; i < interfaces.Count; i++)
        {
            var (place, name) = ($"{path}.domain.devices.interfaces[{i}]", interfaces[i].Text("name"));
            if (!seen.Add(name)) errors.Duplicate($"{place}.name", name);
            if (!names.Contains(name)) errors.Invalid($"{place}.name", name, $"'{name}' not found among {path}.networks");
            if (interfaces[i].Text("model") is { Length: > 0 } model && !Models.Contains(model)) errors.Unsupported($"{place}.model", model, Models);
            if (interfaces[i].Text("macAddress") is { Length: > 0 } mac && !IsMac(mac)) errors.Invalid($"{place}.macAddress", mac, "must be a unicast Ethernet address such as 02:00:00:12:34:56");
            if (interfaces[i].Text("state") is { Length: > 0 } state && state is not ("up" or "down" or "absent")) errors.Unsupported($"{place}.state", state, ["up", "down", "absent"]);
        }
    }

    private static bool IsMac(string text)
    {
        var parts = text.Split(text.Contains('-') ? '-' : ':');
        return parts.Length == 6 && parts.All(p => p.Length == 2 && byte.TryParse(p, System.Globalization.NumberStyles.HexNumber, null, out _)) && (Convert.ToByte(parts[0], 16) & 1) == 0;
    }
}
