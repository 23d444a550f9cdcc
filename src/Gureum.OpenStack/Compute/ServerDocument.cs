using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Identity;
using Gureum.Objects.Kubevirt.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Images;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>Writes a VirtualMachine as Nova's clients know a server (https://docs.openstack.org/api-ref/compute/#show-server-details).</summary>
internal sealed class ServerDocument(Cloud cloud, ServerAddresses addresses, AttachedVolumes volumes, Zones zones)
{
    private readonly ImageSources images = new(cloud);

    // While an image is made of its disk, that is what it is about.
    private ServerState State(VirtualMachine machine, VirtualMachineInstance? instance)
    {
        var state = ServerState.Of(machine, instance);
        if (state.Task is not null || images.Of(machine.Metadata.Namespace, ServerState.Root(machine)) is not { } snapshot) return state;
        return state with { Task = snapshot.Status?.ReadyToUse == true ? "image_uploading" : "image_snapshot" };
    }

    /// <summary>Where the server is to be reached.</summary>
    internal ServerAddresses Addresses => addresses;

    internal const string Network = "default", SecurityGroup = "default";

    internal static string Name(VirtualMachine machine) => Note(machine, ServerNames.Name) ?? machine.Metadata.Name!;
    internal static string? Note(VirtualMachine machine, string key) => machine.Metadata.Annotations.GetValueOrDefault(key);
    internal ServerState State(VirtualMachine machine) => State(machine, Instance(machine));
    internal VirtualMachineInstance? Instance(VirtualMachine machine) => cloud.Instances.Get(machine.Metadata.Namespace, machine.Metadata.Name);
    internal static IReadOnlyDictionary<string, string> Metadata(VirtualMachine machine) => Metadata(Note(machine, ServerNames.Metadata));
    internal static IReadOnlyDictionary<string, string> Metadata(string? note) => note is { } text && JsonNode.Parse(text) is JsonObject map ? map.ToDictionary(static p => p.Key, static p => (string)p.Value!) : new Dictionary<string, string>();

    internal static void Brief(Utf8JsonWriter json, Call call, VirtualMachine machine)
    {
        json.WriteString("id", machine.Metadata.Uid);
        json.WriteString("name", Name(machine));
        Nova.Links(json, call, "servers/" + machine.Metadata.Uid);
    }

    /// <param name="isChange">As the answer to a change, which had less to say before 2.75.</param>
    internal void Write(Utf8JsonWriter json, Call call, VirtualMachine machine, bool isChange = false)
    {
        var instance = Instance(machine);
        var state = State(machine, instance);
        var version = call.Version;
        json.WriteString("id", machine.Metadata.Uid);
        json.WriteString("name", Name(machine));
        json.WriteString("status", state.Status);
        var project = KeystoneNames.Id(cloud.Projects.Get(null, machine.Metadata.Namespace)?.Metadata.Uid);
        json.WriteString("tenant_id", project);
        json.WriteString("user_id", Note(machine, ServerNames.User) ?? "");
        json.Map("metadata", Metadata(machine));
        json.WriteString("hostId", instance?.Status.NodeName is { Length: > 0 } node ? HostId(project, node) : "");
        if (Note(machine, ServerNames.Image) is { } image)
            json.Object("image", _ =>
            {
                json.WriteString("id", image);
                Nova.Bookmark(json, call, "images/" + image);
            });
        else json.WriteString("image", "");
        WriteFlavor(json, call, machine);
        var created = Nova.Time(machine.Metadata.CreationTimestamp ?? default);
        json.WriteString("created", created);
        json.WriteString("updated", LastChange(machine, instance) is { } changed ? Nova.Time(changed) : created);
        addresses.Write(json, machine, instance, brief: false);
        json.WriteString("accessIPv4", Note(machine, ServerNames.AccessIPv4) ?? "");
        json.WriteString("accessIPv6", Note(machine, ServerNames.AccessIPv6) ?? "");
        Nova.Links(json, call, "servers/" + machine.Metadata.Uid);
        json.WriteString("OS-DCF:diskConfig", "MANUAL");
        if (state.Status is "ACTIVE" or "BUILD" or "PASSWORD" or "REBUILD" or "RESIZE" or "VERIFY_RESIZE" or "MIGRATING" or "HARD_REBOOT" or "REBOOT") json.WriteNumber("progress", 0);
        if (state.Fault is { } fault)
            json.Object("fault", _ =>
            {
                json.WriteNumber("code", 500);
                json.WriteString("created", created);
                json.WriteString("message", fault);
            });
        if (!isChange || version >= Nova.V2_75) WriteExtensions(json, call, machine, instance, state);
        if (version >= Nova.V2_9) json.WriteBoolean("locked", Note(machine, ServerNames.Locked) is not null);
        if (version >= Nova.V2_19) json.Text("description", Note(machine, ServerNames.Description));
        if (version >= Nova.V2_26) json.Texts("tags", Tags(machine));
        if (version >= Nova.V2_63) json.WriteNull("trusted_image_certificates");
        if (version >= Nova.V2_71) json.Texts("server_groups", ServerGroups.Of(machine));
        if (version >= Nova.V2_73) json.Text("locked_reason", Note(machine, ServerNames.LockedReason));
    }

    private void WriteExtensions(Utf8JsonWriter json, Call call, VirtualMachine machine, VirtualMachineInstance? instance, ServerState state)
    {
        var version = call.Version;
        json.WriteString("OS-EXT-AZ:availability_zone", instance?.Status.NodeName is { Length: > 0 } node ? zones.Of(node) : Note(machine, ServerNames.Zone) ?? "");
        json.WriteString("config_drive", Note(machine, ServerNames.ConfigDrive) ?? "");
        json.Text("key_name", Note(machine, ServerNames.KeyName));
        json.Text("OS-SRV-USG:launched_at", Launched(machine, instance) is { } launched ? Nova.BareTime(launched) : null);
        json.WriteNull("OS-SRV-USG:terminated_at");
        if (call.Caller.IsAdmin) WriteHost(json, version, machine, instance);
        json.Text("OS-EXT-STS:task_state", state.Task);
        json.WriteString("OS-EXT-STS:vm_state", state.VmState);
        json.WriteNumber("OS-EXT-STS:power_state", state.Power);
        volumes.WriteAttached(json, version, machine);
        WriteGroups(json, machine);
        if (version >= Nova.V2_16 && call.Caller.IsAdmin) json.WriteString("host_status", instance?.Status.NodeName is { Length: > 0 } host ? HostStatus(cloud.Nodes.Get(null, host)) : "");
    }

    private static string HostStatus(Gureum.Objects.Core.V1.Node? node) => node is null ? "UNKNOWN" : !NodeServices.IsReady(node) ? "DOWN" : node.Spec.Unschedulable == true ? "MAINTENANCE" : "UP";

    internal static IReadOnlyList<string> Tags(VirtualMachine machine) => (Note(machine, ServerNames.Tags) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries);

    private static string HostId(string project, string node) => Convert.ToHexStringLower(SHA224(project + node));

    // As long as Nova's; it only tells two hosts apart.
    private static byte[] SHA224(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text))[..28];

    private static void WriteHost(Utf8JsonWriter json, Microversion version, VirtualMachine machine, VirtualMachineInstance? instance)
    {
        var node = instance?.Status.NodeName is { Length: > 0 } name ? name : null;
        json.Text("OS-EXT-SRV-ATTR:host", node);
        json.WriteString("OS-EXT-SRV-ATTR:instance_name", machine.Metadata.Name);
        json.Text("OS-EXT-SRV-ATTR:hypervisor_hostname", node);
        if (version < Nova.V2_3) return;
        json.WriteString("OS-EXT-SRV-ATTR:reservation_id", "r-" + machine.Metadata.Uid![..8]);
        json.WriteNumber("OS-EXT-SRV-ATTR:launch_index", 0);
        json.WriteString("OS-EXT-SRV-ATTR:hostname", machine.Metadata.Name);
        json.WriteString("OS-EXT-SRV-ATTR:kernel_id", "");
        json.WriteString("OS-EXT-SRV-ATTR:ramdisk_id", "");
        json.WriteString("OS-EXT-SRV-ATTR:root_device_name", "/dev/vda");
        json.WriteNull("OS-EXT-SRV-ATTR:user_data");
    }

    private void WriteFlavor(Utf8JsonWriter json, Call call, VirtualMachine machine)
    {
        var known = FlavorOf(machine);
        if (call.Version >= Nova.V2_47)
        {
            json.Node("flavor", known);
            return;
        }
        var id = Note(machine, ServerNames.FlavorId) ?? (string?)known["original_name"] ?? "";
        json.Object("flavor", _ =>
        {
            json.WriteString("id", id);
            Nova.Bookmark(json, call, "flavors/" + id);
        });
    }

    /// <summary>The facts of a server's flavor (vcpus, ram, disk, …).</summary>
    internal JsonObject FlavorOf(VirtualMachine machine) => Note(machine, ServerNames.Flavor) is { } text ? JsonNode.Parse(text)!.AsObject() : Flavor(machine);

    // Of a machine that was not made through this door.
    private JsonObject Flavor(VirtualMachine machine)
    {
        if (machine.Spec.Instancetype?.Name is { } name && cloud.Flavors.Get(null, name) is { } flavor) return FlavorFacts(flavor);
        var domain = machine.Spec.Template.Spec.Domain;
        var cpu = domain?.Cpu;
        return new JsonObject
        {
            ["vcpus"] = Math.Max(1, cpu?.Cores ?? 1) * Math.Max(1, cpu?.Sockets ?? 1) * Math.Max(1, cpu?.Threads ?? 1), ["ram"] = (domain?.Memory?.Guest ?? domain?.Resources?.Requests.GetValueOrDefault("memory") ?? Gureum.Objects.Quantity.Zero).Whole >> 20,
            ["disk"] = 0, ["ephemeral"] = 0, ["swap"] = 0, ["original_name"] = "custom", ["extra_specs"] = new JsonObject(),
        };
    }

    /// <summary>What a server keeps of its flavor, which may be deleted.</summary>
    internal static JsonObject FlavorFacts(Gureum.Objects.Instancetype.V1beta1.VirtualMachineClusterInstancetype flavor) => new()
    {
        ["vcpus"] = Flavors.Cpus(flavor), ["ram"] = Flavors.Ram(flavor), ["disk"] = Flavors.Disk(flavor), ["ephemeral"] = Flavors.Ephemeral(flavor), ["swap"] = Flavors.Swap(flavor), ["original_name"] = Flavors.Name(flavor),
        ["extra_specs"] = new JsonObject(Flavors.ExtraSpecs(flavor).Select(static s => KeyValuePair.Create(s.Key, (JsonNode?)s.Value))),
    };

    // Without a port there is the project's own group, as Nova has it.
    private void WriteGroups(Utf8JsonWriter json, VirtualMachine machine) =>
        json.Objects("security_groups", addresses.GroupsOf(machine) is { Count: > 0 } groups ? groups.Select(Networking.SecurityGroups.NameOf) : [SecurityGroup], static (j, g) => j.WriteString("name", g));

    private static DateTimeOffset? Launched(VirtualMachine machine, VirtualMachineInstance? instance) =>
        Note(machine, ServerNames.Launched) is { } text && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out var time) ? time : instance?.Status.PhaseTransitionTimestamps.FirstOrDefault(static t => t.Phase == "Running")?.PhaseTransitionTimestamp;

    private static DateTimeOffset? LastChange(VirtualMachine machine, VirtualMachineInstance? instance)
    {
        var times = machine.Status.Conditions.Select(static c => c.LastTransitionTime).Concat(instance?.Status.Conditions.Select(static c => c.LastTransitionTime) ?? []).OfType<DateTimeOffset>().Append(machine.Metadata.CreationTimestamp ?? default).ToList();
        return times.Max();
    }
}
