using Gureum.Objects.Core.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>Where a server is asked to run (immutable).</summary>
/// <param name="Zone">Null for any.</param>
/// <param name="Node">Null for any.</param>
internal sealed record WantedPlace(string? Zone, string? Node);

/// <summary>
/// Availability zones (https://docs.openstack.org/api-ref/compute/#availability-zones-os-availability-zone): a node's is its label topology.kubernetes.io/zone; nodes without one are in the zone that
/// Nova has for them.
/// </summary>
internal sealed class Zones(Cloud cloud)
{
    /// <summary>The zone of nodes that are in none.</summary>
    internal const string Default = "nova";

    /// <summary>https://kubernetes.io/docs/reference/labels-annotations-taints/#topologykubernetesiozone</summary>
    internal const string Label = "topology.kubernetes.io/zone";

    internal void Map(Routes routes)
    {
        routes.Get("/v2.1/os-availability-zone", call => Task.FromResult(Answer(detail: false)));
        routes.Get("/v2.1/os-availability-zone/detail", InDetailAsync);
    }

    internal static string Of(Node node) => node.Metadata.Labels.GetValueOrDefault(Label) is { Length: > 0 } zone ? zone : Default;

    /// <summary>The zone of a node by its name.</summary>
    internal string Of(string node) => cloud.Nodes.Get(null, node) is { } known ? Of(known) : Default;

    /// <summary>Whether nodes are in several zones, so that one that is asked for says something.</summary>
    internal bool AreSeveral => cloud.Nodes.All.Any(static n => Of(n) != Default);

    /// <summary>What a new server's body asks for: "zone", or "zone:host", or ":host".</summary>
    /// <exception cref="Fault">400: no such zone, or no such host in it. 403: only administrators choose hosts.</exception>
    internal WantedPlace Wanted(Caller caller, Body body)
    {
        var host = body.Text("host") ?? body.Text("hypervisor_hostname");
        if (body.Text("availability_zone") is not { Length: > 0 } text) return new WantedPlace(null, host is null ? null : Host(caller, host, null));
        var parts = text.Split(':');
        if (parts.Length > 3) throw Fault.BadRequest("Unable to parse availability_zone: zone, zone:host and zone:host:node are accepted.");
        var zone = parts[0].Length > 0 ? parts[0] : null;
        if (zone is not null && zone != Default && !cloud.Nodes.All.Any(n => Of(n) == zone)) throw Fault.BadRequest("The requested availability zone is not available");
        if (parts.Length == 1) return new WantedPlace(zone, host is null ? null : Host(caller, host, zone));
        return new WantedPlace(zone, Host(caller, parts.Skip(1).First(static p => p.Length > 0), zone));
    }

    private string Host(Caller caller, string name, string? zone)
    {
        if (!caller.IsAdmin) throw Fault.Forbidden("Policy doesn't allow os_compute_api:servers:create:forced_host to be performed.");
        return cloud.Nodes.Get(null, name) is { } node && (zone is null || Of(node) == zone) ? name : throw Fault.BadRequest($"Compute host {name} could not be found.");
    }

    private Answer Answer(bool detail) => Http.Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Objects("availabilityZoneInfo", cloud.Nodes.All.GroupBy(Of).OrderBy(static z => z.Key, StringComparer.Ordinal), (_, zone) =>
        {
            json.WriteString("zoneName", zone.Key);
            json.Object("zoneState", _ => json.WriteBoolean("available", zone.Any(static n => NodeServices.IsReady(n) && n.Spec.Unschedulable != true)));
            if (!detail) json.WriteNull("hosts");
            else
                json.Object("hosts", _ =>
                {
                    foreach (var node in zone) json.Object(node.Metadata.Name!, _ => json.Object("nova-compute", _ =>
                    {
                        json.WriteBoolean("active", node.Spec.Unschedulable != true);
                        json.WriteBoolean("available", NodeServices.IsReady(node));
                        json.WriteString("updated_at", Nova.BareTime(NodeServices.Heartbeat(node)));
                    }));
                });
        });
        json.WriteEndObject();
    });

    private async Task<Answer> InDetailAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "list", Node.Resource, null, "os_compute_api:os-availability-zone:detail", call.Cancel);
        return Answer(detail: true);
    }
}
