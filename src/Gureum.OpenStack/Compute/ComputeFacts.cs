using System.Globalization;
using System.Text.Json;
using Gureum.Identity;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>What Nova tells of the cloud itself: zones, hypervisors, services, limits. Hypervisors are Nodes.</summary>
internal sealed class ComputeFacts(Cloud cloud, ComputeQuotas quotas)
{
    internal void Map(Routes routes)
    {
        routes.Get("/v2.1/os-availability-zone", call => Task.FromResult(Zones(detail: false)));
        routes.Get("/v2.1/os-availability-zone/detail", ZonesInDetailAsync);
        routes.Get("/v2.1/os-hypervisors", call => HypervisorsAsync(call, detail: false));
        routes.Get("/v2.1/os-hypervisors/detail", call => HypervisorsAsync(call, detail: true));
        routes.Get("/v2.1/os-hypervisors/statistics", StatisticsAsync);
        routes.Get("/v2.1/os-hypervisors/{hypervisor}", ShowHypervisorAsync);
        routes.Get("/v2.1/os-hypervisors/{hypervisor}/uptime", UptimeAsync);
        routes.Get("/v2.1/os-hypervisors/{hypervisor}/search", call => FindHypervisorsAsync(call, withServers: false));
        routes.Get("/v2.1/os-hypervisors/{hypervisor}/servers", call => FindHypervisorsAsync(call, withServers: true));
        routes.Get("/v2.1/os-services", ServicesAsync);
        routes.Get("/v2.1/limits", call => Task.FromResult(Limits(call)));
        routes.Get("/v2.1/extensions", static _ => Task.FromResult(Answer.Json(static json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("extensions");
            json.WriteEndArray();
            json.WriteEndObject();
        })));
    }

    private Answer Zones(bool detail) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Objects("availabilityZoneInfo", [ServerDocument.Zone], (_, zone) =>
        {
            json.WriteString("zoneName", zone);
            json.Object("zoneState", _ => json.WriteBoolean("available", true));
            if (!detail) json.WriteNull("hosts");
            else
                json.Object("hosts", _ =>
                {
                    foreach (var node in cloud.Nodes.All) json.Object(node.Metadata.Name!, _ => json.Object("nova-compute", _ =>
                    {
                        json.WriteBoolean("active", node.Spec.Unschedulable != true);
                        json.WriteBoolean("available", IsReady(node));
                        json.WriteString("updated_at", Nova.BareTime(Heartbeat(node)));
                    }));
                });
        });
        json.WriteEndObject();
    });

    private async Task<Answer> ZonesInDetailAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "list", Node.Resource, null, "os_compute_api:os-availability-zone:detail", call.Cancel);
        return Zones(detail: true);
    }

    private static bool IsReady(Node node) => node.Status.Conditions.Any(static c => c is { Type: "Ready", Status: "True" });
    private static DateTimeOffset Heartbeat(Node node) => node.Status.Conditions.FirstOrDefault(static c => c.Type == "Ready")?.LastHeartbeatTime ?? default;

    private async Task<Answer> HypervisorsAsync(Call call, bool detail)
    {
        await Judge.RequireAsync(call.Caller, "list", Node.Resource, null, "os_compute_api:os-hypervisors:list", call.Cancel);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("hypervisors", cloud.Nodes.All.OrderBy(static n => n.Metadata.Name, StringComparer.Ordinal), (_, node) => WriteHypervisor(json, call, node, detail));
            json.WriteEndObject();
        });
    }

    private static long Whole(Node node, string name) => (node.Status.Capacity.TryGetValue(name, out var quantity) ? quantity : Quantity.Zero).Whole;

    private void WriteHypervisor(Utf8JsonWriter json, Call call, Node node, bool detail)
    {
        if (call.Version >= Nova.V2_53) json.WriteString("id", node.Metadata.Uid);
        else json.WriteNumber("id", Number(node));
        json.WriteString("hypervisor_hostname", node.Metadata.Name);
        json.WriteString("state", IsReady(node) ? "up" : "down");
        json.WriteString("status", node.Spec.Unschedulable == true ? "disabled" : "enabled");
        if (!detail) return;
        var here = cloud.Instances.All.Where(i => i.Status.NodeName == node.Metadata.Name && i.Status.Phase == "Running").ToList();
        var (cpus, memory, disk) = (Whole(node, "cpu"), Whole(node, "memory") >> 20, Whole(node, "ephemeral-storage") >> 30);
        var usedMemory = here.Sum(static i => (i.Spec.Domain?.Memory?.Guest ?? Quantity.Zero).Whole >> 20);
        json.WriteString("hypervisor_type", "QEMU");
        json.WriteNumber("hypervisor_version", 7002000);
        json.WriteString("host_ip", node.Status.Addresses.FirstOrDefault(static a => a.Type == "InternalIP")?.Address ?? "");
        json.Object("service", _ =>
        {
            if (call.Version >= Nova.V2_53) json.WriteString("id", node.Metadata.Uid);
            else json.WriteNumber("id", Number(node));
            json.WriteString("host", node.Metadata.Name);
            json.WriteNull("disabled_reason");
        });
        if (call.Version >= new Microversion(2, 88)) return;
        json.WriteNumber("vcpus", cpus);
        json.WriteNumber("memory_mb", memory);
        json.WriteNumber("local_gb", disk);
        json.WriteNumber("vcpus_used", here.Count);
        json.WriteNumber("memory_mb_used", usedMemory);
        json.WriteNumber("local_gb_used", 0);
        json.WriteNumber("free_ram_mb", memory - usedMemory);
        json.WriteNumber("free_disk_gb", disk);
        json.WriteNumber("disk_available_least", disk);
        json.WriteNumber("current_workload", 0);
        json.WriteNumber("running_vms", here.Count);
        if (call.Version < new Microversion(2, 28)) json.WriteString("cpu_info", $$"""{"arch": "{{node.Status.NodeInfo?.Architecture}}"}""");
        else json.Object("cpu_info", _ => json.WriteString("arch", node.Status.NodeInfo?.Architecture));
    }

    private static Task DemandAsync(Call call, string what) => Judge.RequireAsync(call.Caller, "list", Node.Resource, null, "os_compute_api:os-hypervisors:" + what, call.Cancel);

    private Node FindHypervisor(Call call) =>
        cloud.Nodes.All.FirstOrDefault(n => (call.Version >= Nova.V2_53 ? n.Metadata.Uid : Number(n).ToString(CultureInfo.InvariantCulture)) == call.Part("hypervisor")) ?? throw Fault.NotFound($"Compute host {call.Part("hypervisor")} could not be found.");

    private async Task<Answer> ShowHypervisorAsync(Call call)
    {
        await DemandAsync(call, "show");
        var node = FindHypervisor(call);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Object("hypervisor", _ =>
            {
                WriteHypervisor(json, call, node, detail: true);
                if (call.Version >= Nova.V2_53 && call.Query("with_servers") is { } wanted && Flags.Parse(wanted) == true) WriteServers(json, node);
            });
            json.WriteEndObject();
        });
    }

    // Nodes tell which boot they are of, not when it was.
    private async Task<Answer> UptimeAsync(Call call)
    {
        await DemandAsync(call, "uptime");
        var node = FindHypervisor(call);
        throw new Fault(501, $"The hypervisor {node.Metadata.Name} does not tell its uptime.");
    }

    private async Task<Answer> FindHypervisorsAsync(Call call, bool withServers)
    {
        await DemandAsync(call, withServers ? "servers" : "search");
        var found = cloud.Nodes.All.Where(n => n.Metadata.Name!.Contains(call.Part("hypervisor"), StringComparison.OrdinalIgnoreCase)).ToList();
        if (found.Count == 0) throw Fault.NotFound($"No hypervisor matching '{call.Part("hypervisor")}' could be found.");
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("hypervisors", found, (_, node) =>
            {
                WriteHypervisor(json, call, node, detail: false);
                if (withServers && Here(node).Any()) WriteServers(json, node);
            });
            json.WriteEndObject();
        });
    }

    private IEnumerable<VirtualMachineInstance> Here(Node node) => cloud.Instances.All.Where(i => i.Status.NodeName == node.Metadata.Name);

    private void WriteServers(Utf8JsonWriter json, Node node) => json.Objects("servers", Here(node).Select(i => cloud.Machines.Get(i.Metadata.Namespace, i.Metadata.Name)).OfType<VirtualMachine>(), (_, m) =>
    {
        json.WriteString("name", m.Metadata.Name);
        json.WriteString("uuid", m.Metadata.Uid);
    });

    private async Task<Answer> StatisticsAsync(Call call)
    {
        await DemandAsync(call, "statistics");
        var nodes = cloud.Nodes.All.ToList();
        var running = nodes.SelectMany(Here).Where(static i => i.Status.Phase == "Running").ToList();
        var (memory, used, disk) = (nodes.Sum(static n => Whole(n, "memory") >> 20), running.Sum(static i => (i.Spec.Domain?.Memory?.Guest ?? Quantity.Zero).Whole >> 20), nodes.Sum(static n => Whole(n, "ephemeral-storage") >> 30));
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Object("hypervisor_statistics", _ =>
            {
                json.WriteNumber("count", nodes.Count);
                json.WriteNumber("vcpus", nodes.Sum(static n => Whole(n, "cpu")));
                json.WriteNumber("memory_mb", memory);
                json.WriteNumber("local_gb", disk);
                json.WriteNumber("vcpus_used", running.Count);
                json.WriteNumber("memory_mb_used", used);
                json.WriteNumber("local_gb_used", 0);
                json.WriteNumber("free_ram_mb", memory - used);
                json.WriteNumber("free_disk_gb", disk);
                json.WriteNumber("current_workload", 0);
                json.WriteNumber("running_vms", running.Count);
                json.WriteNumber("disk_available_least", disk);
            });
            json.WriteEndObject();
        });
    }

    // Old clients want numbers.
    private static int Number(Node node) => int.Parse(node.Metadata.Uid!.Replace("-", "", StringComparison.Ordinal)[..7], NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private async Task<Answer> ServicesAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "list", Node.Resource, null, "os_compute_api:os-services:list", call.Cancel);
        var (binary, host) = (call.Query("binary"), call.Query("host"));
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("services", cloud.Nodes.All.Where(n => binary is null or "nova-compute" or "" && (host is null or "" || n.Metadata.Name == host)), (_, node) =>
            {
                if (call.Version >= Nova.V2_53) json.WriteString("id", node.Metadata.Uid);
                else json.WriteNumber("id", Number(node));
                json.WriteString("binary", "nova-compute");
                json.WriteString("host", node.Metadata.Name);
                json.WriteString("zone", ServerDocument.Zone);
                json.WriteString("status", node.Spec.Unschedulable == true ? "disabled" : "enabled");
                json.WriteString("state", IsReady(node) ? "up" : "down");
                json.WriteString("updated_at", Nova.BareTime(Heartbeat(node)));
                json.WriteNull("disabled_reason");
                if (call.Version >= new Microversion(2, 11)) json.WriteBoolean("forced_down", false);
            });
            json.WriteEndObject();
        });
    }

    private Answer Limits(Call call)
    {
        var mine = cloud.Machines.In(call.Caller.Namespace);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Object("limits", _ =>
            {
                json.WriteStartArray("rate");
                json.WriteEndArray();
                json.Object("absolute", _ =>
                {
                    json.WriteNumber("maxTotalInstances", quotas.Limit(call.Caller.Namespace, "instances"));
                    json.WriteNumber("maxTotalCores", quotas.Limit(call.Caller.Namespace, "cores"));
                    json.WriteNumber("maxTotalRAMSize", quotas.Limit(call.Caller.Namespace, "ram"));
                    json.WriteNumber("maxServerMeta", ComputeQuotas.FixedLimit("metadata_items"));
                    json.WriteNumber("maxImageMeta", ComputeQuotas.FixedLimit("metadata_items"));
                    json.WriteNumber("maxPersonality", 5);
                    json.WriteNumber("maxPersonalitySize", 10240);
                    json.WriteNumber("maxTotalKeypairs", ComputeQuotas.FixedLimit("key_pairs"));
                    json.WriteNumber("maxServerGroups", ComputeQuotas.FixedLimit("server_groups"));
                    json.WriteNumber("maxServerGroupMembers", ComputeQuotas.FixedLimit("server_group_members"));
                    json.WriteNumber("maxTotalFloatingIps", -1);
                    json.WriteNumber("maxSecurityGroups", -1);
                    json.WriteNumber("maxSecurityGroupRules", -1);
                    json.WriteNumber("totalRAMUsed", mine.Sum(m => Facts(m, "ram")));
                    json.WriteNumber("totalCoresUsed", mine.Sum(m => Facts(m, "vcpus")));
                    json.WriteNumber("totalInstancesUsed", mine.Count);
                    json.WriteNumber("totalFloatingIpsUsed", cloud.FloatingIps.In(call.Caller.Namespace).Count);
                    json.WriteNumber("totalSecurityGroupsUsed", cloud.SecurityGroups.In(call.Caller.Namespace).Count);
                    json.WriteNumber("totalServerGroupsUsed", cloud.ConfigMaps.In(call.Caller.Namespace).Count(ServerGroups.IsGroup));
                });
            });
            json.WriteEndObject();
        });
    }

    private static long Facts(VirtualMachine machine, string name) => ServerDocument.Note(machine, ServerNames.Flavor) is { } text && System.Text.Json.Nodes.JsonNode.Parse(text)?[name] is { } value ? (long)value : 0;
}
