using System.Text.Json;
using Gureum.Objects.Kubevirt.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Networking;
using Gureum.OpenStack.Objects;
using Port = Gureum.Objects.Network.V1.Port;

namespace Gureum.OpenStack.Compute;

/// <summary>A server's cards (https://docs.openstack.org/api-ref/compute/#port-interfaces-servers-os-interface) and the security groups on them.</summary>
internal sealed class ServerInterfaces(Cloud cloud, Servers servers, ServerNetworks networks, ServerAddresses addresses, NetworkParts parts)
{
    internal void Map(Routes routes)
    {
        routes.Get("/v2.1/servers/{server}/os-interface", ListAsync);
        routes.Post("/v2.1/servers/{server}/os-interface", AttachAsync);
        routes.Get("/v2.1/servers/{server}/os-interface/{port}", async call => One(await FindAsync(call)));
        routes.Delete("/v2.1/servers/{server}/os-interface/{port}", DetachAsync);
        routes.Get("/v2.1/servers/{server}/os-security-groups", GroupsAsync);
    }

    private async Task<Answer> ListAsync(Call call)
    {
        var ports = networks.PortsOf(await servers.FindAsync(call));
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("interfaceAttachments", ports, Write);
            json.WriteEndObject();
        });
    }

    private async Task<Port> FindAsync(Call call) => networks.PortsOf(await servers.FindAsync(call)).FirstOrDefault(p => p.Metadata.Uid == call.Part("port")) ?? throw Fault.NotFound($"Instance {call.Part("server")} does not have fixed port {call.Part("port")}.");

    private Answer One(Port port) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Object("interfaceAttachment", _ => Write(json, port));
        json.WriteEndObject();
    });

    private void Write(Utf8JsonWriter json, Port port)
    {
        json.WriteString("port_state", Ports.StatusOf(port));
        json.Node("fixed_ips", parts.Ports.FixedIps(port));
        json.WriteString("port_id", port.Metadata.Uid);
        json.WriteString("net_id", parts.Topology.NetworkOf(port)?.Metadata.Uid);
        json.WriteString("mac_addr", port.Spec.MacAddress);
    }

    private async Task<Answer> AttachAsync(Call call)
    {
        var machine = await servers.FindAsync(call);
        ServerControl.RefuseLocked(call, machine);
        var body = (await call.BodyAsync()).Find("interfaceAttachment")?.Only("port_id", "net_id", "fixed_ips", "tag") ?? throw Fault.BadRequest("Invalid input for field/attribute interfaceAttachment: it must be an object.");
        if (body.Has("port_id") && (body.Has("net_id") || body.Has("fixed_ips"))) throw Fault.BadRequest("Must not input both network_id and port_id");
        if (body.Has("fixed_ips") && !body.Has("net_id")) throw Fault.BadRequest("Must input network_id when request IP address");
        var name = Enumerable.Range(0, int.MaxValue).Select(static i => "net" + i).First(n => machine.Spec.Template.Spec.Networks.All(k => k.Name != n));
        var wanted = body.Objects("fixed_ips").Select(static f => new WantedAddress(null, f.Text("ip_address") ?? throw Fault.BadRequest("Invalid input for field/attribute fixed_ips: an ip_address is required."))).ToList();
        var card = body.Text("port_id") is { } id ? networks.With(name, networks.FreePort(call.Caller, id))
            : ServerNetworks.New(name, networks.FindNetwork(call.Caller, body.Text("net_id") ?? throw Fault.BadRequest("Must input net_id or port_id")), wanted.Count == 0 ? null : wanted);
        await networks.ConnectAsync(call, machine, [card], await parts.Groups.NamesByNameAsync(call.Caller, machine.Metadata.Namespace!, [NetworkNames.DefaultGroup], call.Cancel));
        var port = networks.PortsOf(machine).First(p => p.Spec.MacAddress == card.Mac);
        try
        {
            // The VirtualMachine's change reaches a guest that runs as well.
            await cloud.Machines.ChangeAsync(call.Caller.Api, machine, m => WithSpec(m, s => s with
            {
                Networks = [.. s.Networks, ServerCreation.NetworkOf(card)],
                Domain = s.Domain! with { Devices = (s.Domain.Devices ?? new Devices()) with { Interfaces = [.. s.Domain.Devices?.Interfaces ?? [], ServerCreation.InterfaceOf(card)] } },
            }), call.Cancel);
        }
        catch
        {
            await ReleaseAsync(call, machine, port, CancellationToken.None);
            throw;
        }
        return One(port);
    }

    // What was made for the server goes; what the client brought is free again.
    private Task ReleaseAsync(Call call, VirtualMachine machine, Port port, CancellationToken cancel) => port.Metadata.OwnerReferences.Any(o => o.Uid == machine.Metadata.Uid)
        ? Ends.GoneAsync(cloud.Ports, call.Caller.Api, port, cancel)
        : cloud.Ports.ChangeAsync(call.Caller.Api, port, static p => p with { Spec = p.Spec with { DeviceID = null, DeviceOwner = null } }, cancel);

    private async Task<Answer> DetachAsync(Call call)
    {
        var (machine, port) = (await servers.FindAsync(call), await FindAsync(call));
        ServerControl.RefuseLocked(call, machine);
        var name = machine.Spec.Template.Spec.Domain?.Devices?.Interfaces.FirstOrDefault(i => i.MacAddress == port.Spec.MacAddress)?.Name;
        await cloud.Machines.ChangeAsync(call.Caller.Api, machine, m => WithSpec(m, s => s with
        {
            Networks = [.. s.Networks.Where(n => n.Name != name)],
            Domain = s.Domain! with { Devices = (s.Domain.Devices ?? new Devices()) with { Interfaces = [.. (s.Domain.Devices?.Interfaces ?? []).Where(i => i.Name != name)] } },
        }), call.Cancel);
        await ReleaseAsync(call, machine, port, call.Cancel);
        return Answer.Accepted;
    }

    private static VirtualMachine WithSpec(VirtualMachine machine, Func<VirtualMachineInstanceSpec, VirtualMachineInstanceSpec> change) => machine with { Spec = machine.Spec with { Template = machine.Spec.Template with { Spec = change(machine.Spec.Template.Spec) } } };

    private async Task<Answer> GroupsAsync(Call call)
    {
        var groups = addresses.GroupsOf(await servers.FindAsync(call));
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("security_groups", groups, (_, g) =>
            {
                json.WriteString("id", g.Metadata.Uid);
                json.WriteString("name", SecurityGroups.NameOf(g));
                json.WriteString("description", g.Spec.Description ?? "");
                json.Objects("rules", [], static (Utf8JsonWriter _, int _) => { });
            });
            json.WriteEndObject();
        });
    }
}
