using System.Globalization;
using System.Text.Json;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>Hypervisors (https://docs.openstack.org/api-ref/compute/#hypervisors-os-hypervisors): each is a Node.</summary>
internal sealed class Hypervisors(Cloud cloud)
{
    internal void Map(Routes routes)
    {
        routes.Get("/v2.1/os-hypervisors", call => HypervisorsAsync(call, detail: false));
        routes.Get("/v2.1/os-hypervisors/detail", call => HypervisorsAsync(call, detail: true));
        routes.Get("/v2.1/os-hypervisors/statistics", StatisticsAsync);
        routes.Get("/v2.1/os-hypervisors/{hypervisor}", ShowHypervisorAsync);
        routes.Get("/v2.1/os-hypervisors/{hypervisor}/uptime", UptimeAsync);
        routes.Get("/v2.1/os-hypervisors/{hypervisor}/search", call => FindHypervisorsAsync(call, withServers: false));
        routes.Get("/v2.1/os-hypervisors/{hypervisor}/servers", call => FindHypervisorsAsync(call, withServers: true));
    }

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
        json.WriteString("state", NodeServices.IsReady(node) ? "up" : "down");
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

    /// <summary>A number for clients of before microversion 2.53.</summary>
    internal static int Number(Node node) => int.Parse(node.Metadata.Uid!.Replace("-", "", StringComparison.Ordinal)[..7], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
