using Gureum.Identity;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Volumes;

/// <summary>What Cinder tells of the cloud itself: zones, services, hosts and pools. Each node with a volume in reach is a backend, each StorageClass a pool's driver.</summary>
public sealed class VolumeFacts(Cloud cloud, VolumeDocument document)
{
    private const string Backend = "local", Protocol = "file", Vendor = "Gureum", Driver = "1.0";

    private static readonly (string Alias, string Name, string Description)[] Extensions =
    [
        ("os-volume-type-access", "VolumeTypeAccess", "Types that only some projects see."), ("os-volume-transfer", "VolumeTransfer", "Volumes that go to another project."), ("os-quota-sets", "Quotas", "Quotas over ResourceQuotas."), ("os-services", "Services", "Nodes that hold volumes."),
        ("os-volume-actions", "VolumeActions", "What is done to volumes."), ("os-admin-actions", "AdminActions", "What administrators do to volumes."), ("os-types-extra-specs", "TypesExtraSpecs", "Extra specs of types."), ("os-availability-zone", "AvailabilityZones", "The one zone."), ("os-used-limits", "UsedLimits", "What is used of limits."),
        ("scheduler-stats", "Scheduler_stats", "Pools of storage."), ("os-hosts", "Hosts", "Nodes and what they hold."), ("os-vol-tenant-attr", "VolumeTenantAttribute", "The project of a volume."), ("os-vol-host-attr", "VolumeHostAttribute", "The node of a volume."), ("os-vol-image-meta", "VolumeImageMetadata", "What a volume keeps of its image."), ("os-extended-snapshot-attributes", "ExtendedSnapshotAttributes", "The project of a snapshot."),
    ];

    internal void Map(VolumeRoutes routes)
    {
        routes.Get("os-availability-zone", static _ => Task.FromResult(Zones()));
        routes.Get("os-services", ServicesAsync);
        routes.Put("os-services/{action}", ServiceAsync);
        routes.Get("os-hosts", HostsAsync);
        routes.Get("os-hosts/{host}", HostAsync);
        routes.Get("scheduler-stats/get_pools", PoolsAsync);
        routes.Get("capabilities/{host}", CapabilitiesAsync);
        routes.Get("extensions", static _ => Task.FromResult(ExtensionList()));
        routes.Get("messages", static call => call.Version < new Microversion(3, 3) ? throw Fault.NotFound("The resource could not be found.") : Task.FromResult(Empty("messages")));
        routes.Get("messages/{message}", static call => throw Fault.NotFound($"Message {call.Part("message")} could not be found: what goes wrong with a claim is told by events in its Namespace."));
        routes.Delete("messages/{message}", static call => throw Fault.NotFound($"Message {call.Part("message")} could not be found."));
        routes.Get("qos-specs", static _ => Task.FromResult(Empty("qos_specs")));
        routes.Get("qos-specs/{spec}", static call => throw Fault.NotFound($"QoS specs {call.Part("spec")} could not be found."));
        routes.Post("qos-specs", static _ => throw new Fault(501, "QoS specs are not supported by Gureum: no kind of Kubernetes' holds them."));
        routes.Get("backups", static _ => Task.FromResult(Empty("backups")));
        routes.Get("backups/detail", static _ => Task.FromResult(Empty("backups")));
        routes.Post("backups", static _ => throw new Fault(501, "Backups are not supported by Gureum yet; a snapshot is a full copy."));
    }

    private static Answer Empty(string name) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray(name);
        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static Answer Zones() => Answer.Json(static json =>
    {
        json.WriteStartObject();
        json.Objects("availabilityZoneInfo", [Cinder.Zone], (j, zone) =>
        {
            j.WriteString("zoneName", zone);
            j.Object("zoneState", static s => s.WriteBoolean("available", true));
        });
        json.WriteEndObject();
    });

    private static bool IsReady(Node node) => node.Status.Conditions.Any(static c => c is { Type: "Ready", Status: "True" });
    private static DateTimeOffset Heartbeat(Node node) => node.Status.Conditions.FirstOrDefault(static c => c.Type == "Ready")?.LastHeartbeatTime ?? default;
    private IEnumerable<Node> Nodes => cloud.Nodes.All.OrderBy(static n => n.Metadata.Name, StringComparer.Ordinal);

    // One scheduler serves all; where it runs is where the control plane does.
    private IEnumerable<(string Binary, string Host, Node Node)> Services => Nodes.Select(static n => ("cinder-volume", $"{n.Metadata.Name}@{Backend}", n)).Concat(Nodes.Take(1).Select(static n => ("cinder-scheduler", n.Metadata.Name!, n)));

    private async Task<Answer> ServicesAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "list", Node.Resource, null, "volume_extension:services:index", call.Cancel);
        var (binary, host) = (call.Query("binary"), call.Query("host"));
        var all = Services;
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("services", all.Where(s => (binary is null || s.Binary == binary) && (host is null || s.Host == host || s.Host.StartsWith(host + "@", StringComparison.Ordinal))), (_, service) =>
            {
                json.WriteString("binary", service.Binary);
                json.WriteString("host", service.Host);
                json.WriteString("zone", Cinder.Zone);
                json.WriteString("status", service.Node.Spec.Unschedulable == true ? "disabled" : "enabled");
                json.WriteString("state", IsReady(service.Node) ? "up" : "down");
                json.Text("updated_at", Cinder.Time(Heartbeat(service.Node)));
                json.WriteNull("disabled_reason");
            });
            json.WriteEndObject();
        });
    }

    private async Task<Answer> ServiceAsync(Call call)
    {
        var (action, body) = (call.Part("action"), await call.BodyAsync());
        await Judge.RequireAsync(call.Caller, "update", Node.Resource, null, "volume_extension:services:update", call.Cancel);
        if (action is not ("enable" or "disable" or "disable-log-reason" or "freeze" or "thaw" or "failover_host" or "get-log" or "set-log")) throw Fault.NotFound("Unknown action");
        var host = body.Name("host");
        if (action == "disable-log-reason") body.Name("disabled_reason");
        if (action is "freeze" or "thaw" or "failover_host" && cloud.Nodes.Get(null, host.Split('@')[0]) is null) throw Fault.BadRequest($"Service cinder-volume could not be found on host {host}.");
        if (cloud.Nodes.Get(null, host.Split('@')[0]) is null || body.Text("binary") is { } binary and not ("cinder-volume" or "cinder-scheduler")) throw Fault.NotFound($"Service {body.Text("binary")} could not be found on host {host}.");
        throw new Fault(501, $"Storage is not switched off apart from its node: cordon node {host.Split('@')[0]} instead.");
    }

    private async Task<Answer> HostsAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "list", Node.Resource, null, "volume_extension:hosts", call.Cancel);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("hosts", Services, (_, service) =>
            {
                var node = service.Node;
                json.WriteString("host_name", service.Host);
                json.WriteString("service", service.Binary);
                json.WriteString("zone", Cinder.Zone);
                json.WriteString("service-status", IsReady(node) ? "available" : "unavailable");
                json.WriteString("service-state", node.Spec.Unschedulable == true ? "disabled" : "enabled");
                json.Text("last-update", Cinder.Time(Heartbeat(node)));
            });
            json.WriteEndObject();
        });
    }

    private async Task<Answer> HostAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "list", Node.Resource, null, "volume_extension:hosts", call.Cancel);
        var name = call.Part("host").Split('@')[0];
        var node = cloud.Nodes.Get(null, name) ?? throw Fault.NotFound($"Host {call.Part("host")} could not be found.");
        var here = cloud.Claims.All.Where(c => document.IsVolume(c) && document.Host(c) == node.Metadata.Name).ToList();
        (string, List<PersistentVolumeClaim>)[] rows = [("(total)", here), .. here.GroupBy(static c => c.Metadata.Namespace).Select(g => (document.Project(g.Key), g.ToList()))];
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("host", rows, (_, row) => json.Object("resource", _ =>
            {
                string Text(long number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
                var snapshots = row.Item2.SelectMany(c => VolumeSnapshots.Of(cloud, c)).ToList();
                json.WriteString("host", $"{node.Metadata.Name}@local");
                json.WriteString("project", row.Item1);
                json.WriteString("volume_count", Text(row.Item2.Count));
                json.WriteString("total_volume_gb", Text(row.Item2.Sum(VolumeDocument.Size)));
                json.WriteString("snapshot_count", Text(snapshots.Count));
                json.WriteString("total_snapshot_gb", Text(snapshots.Sum(s => VolumeSnapshots.Size(cloud, s))));
            }));
            json.WriteEndObject();
        });
    }

    private async Task<Answer> CapabilitiesAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "list", Node.Resource, null, "volume_extension:capabilities", call.Cancel);
        var node = cloud.Nodes.Get(null, call.Part("host").Split('@')[0]) ?? throw Fault.NotFound($"Storage backend {call.Part("host")} could not be found.");
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("namespace", $"OS::Storage::Capabilities::{node.Metadata.Name}@{Backend}");
            json.WriteString("vendor_name", Vendor);
            json.WriteString("volume_backend_name", Backend);
            json.WriteString("pool_name", Cinder.Pool);
            json.WriteString("driver_version", Driver);
            json.WriteString("storage_protocol", Protocol);
            json.WriteString("display_name", "Folders of the node");
            json.WriteString("description", "A claim is a folder on one node, a disk a raw file in it.");
            json.WriteString("visibility", "public");
            json.Texts("replication_targets", []);
            json.Object("properties", static _ => { });
            json.WriteEndObject();
        });
    }

    private async Task<Answer> PoolsAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "list", Node.Resource, null, "scheduler_extension:scheduler_stats:get_pools", call.Cancel);
        var detail = call.Query("detail") is { } text && Flags.Parse(text) == true;
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("pools", Nodes, (_, node) =>
            {
                json.WriteString("name", $"{node.Metadata.Name}@local#{Cinder.Pool}");
                if (!detail) return;
                var total = (node.Status.Capacity.TryGetValue("ephemeral-storage", out var size) ? size : Quantity.Zero).Whole / (double)Cinder.Gibi;
                var given = cloud.Claims.All.Where(c => document.Host(c) == node.Metadata.Name).Sum(static c => VolumeState.Size(c).Whole / (double)Cinder.Gibi);
                json.Object("capabilities", _ =>
                {
                    json.WriteString("pool_name", Cinder.Pool);
                    json.WriteString("volume_backend_name", Backend);
                    json.WriteString("storage_protocol", Protocol);
                    json.WriteString("vendor_name", Vendor);
                    json.WriteString("driver_version", Driver);
                    json.WriteNumber("total_capacity_gb", Math.Round(total, 2));
                    json.WriteNumber("free_capacity_gb", Math.Round(Math.Max(0, total - given), 2));
                    json.WriteNumber("allocated_capacity_gb", Math.Round(given, 2));
                    json.WriteNumber("reserved_percentage", 0);
                    json.WriteBoolean("thin_provisioning_support", true);
                    json.WriteBoolean("QoS_support", false);
                    json.Text("timestamp", Cinder.Time(Heartbeat(node)));
                });
            });
            json.WriteEndObject();
        });
    }

    private static Answer ExtensionList() => Answer.Json(static json =>
    {
        json.WriteStartObject();
        json.Objects("extensions", Extensions, static (j, e) =>
        {
            j.WriteString("alias", e.Alias);
            j.WriteString("name", e.Name);
            j.WriteString("description", e.Description);
            j.WriteString("updated", "2026-11-24T00:00:00+00:00");
            j.WriteStartArray("links");
            j.WriteEndArray();
        });
        json.WriteEndObject();
    });
}
