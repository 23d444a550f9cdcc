using System.Text.Json.Nodes;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies.Machines;

/// <summary>What an instance gets that does not say otherwise: a network card on the pod network, and disks that are disks.</summary>
internal static class InstanceDefaults
{
    internal static void Apply(JsonObject spec)
    {
        if (spec.Child("domain") is not { } domain) return;
        var devices = domain.Need("devices");
        Network(spec, devices);
        foreach (var disk in devices.Objects("disks"))
            if (!disk.ContainsKey("disk") && !disk.ContainsKey("cdrom") && !disk.ContainsKey("lun")) disk["disk"] = new JsonObject();
        // A disk for each volume that has none (upstream's webhook adds them as well).
        var known = devices.Objects("disks").Select(d => d.Text("name")).ToHashSet();
        foreach (var volume in spec.Objects("volumes").ToList())
            if (volume.Text("name") is { Length: > 0 } name && known.Add(name)) devices.NeedItems("disks").Add((JsonNode)new JsonObject { ["name"] = name, ["disk"] = new JsonObject() });
    }

    private static void Network(JsonObject spec, JsonObject devices)
    {
        if (devices.Flag("autoattachPodInterface") == false) return;
        if (devices.Items("interfaces") is null or { Count: 0 } && spec.Items("networks") is null or { Count: 0 })
        {
            devices["interfaces"] = new JsonArray(new JsonObject { ["name"] = "default", ["masquerade"] = new JsonObject() });
            spec["networks"] = new JsonArray(new JsonObject { ["name"] = "default", ["pod"] = new JsonObject() });
        }
    }
}
