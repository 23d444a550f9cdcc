using System.Text.Json;
using Gureum.Client;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Network.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Networking;
using Gureum.OpenStack.Objects;
using Network = Gureum.Objects.Network.V1.Network;
using Port = Gureum.Objects.Network.V1.Port;

namespace Gureum.OpenStack.Compute;

/// <summary>A network card of a server (immutable): on which network, with which hardware address.</summary>
/// <param name="Name">The interface's name in the VirtualMachine.</param>
/// <param name="Port">The port that the client brought; null for one that is made for the server.</param>
internal sealed record ServerCard(string Name, Network Network, string Mac, Port? Port = null, IReadOnlyList<WantedAddress>? Addresses = null)
{
    /// <summary>As the VirtualMachine names the network.</summary>
    internal string NetworkName => $"{Network.Metadata.Namespace}/{Network.Metadata.Name}";
}

/// <summary>Connects servers to networks: what a client asks for, and the ports behind it (stateless).</summary>
internal sealed class ServerNetworks(Cloud cloud, NetworkParts parts)
{
    /// <summary>The cards that a new server is asked to have; null for the pods' network, which every project without networks of its own is on.</summary>
    internal IReadOnlyList<ServerCard>? Read(Call call, Body body, int count)
    {
        var networks = body.Node("networks");
        if (networks is null) return call.Version < Nova.V2_37 ? Auto(call.Caller) : throw Fault.BadRequest("Invalid input for field/attribute server. 'networks' is a required property");
        if (networks.GetValueKind() == JsonValueKind.String) return networks.GetValue<string>() switch { "auto" => Auto(call.Caller), "none" => [], var other => throw Fault.BadRequest($"Invalid input for field/attribute networks. Value: {other}. auto, none, or a list is accepted.") };
        var named = body.Objects("networks");
        if (named.Count == 0) return Auto(call.Caller);
        if (count > 1 && named.Any(static n => n.Text("port") is not null || n.Text("fixed_ip") is not null)) throw Fault.BadRequest("Ports and fixed addresses cannot be requested for more than one server at once.");
        return [.. named.Select((n, i) => Card(call.Caller, n, "net" + i))];
    }

    private IReadOnlyList<ServerCard>? Auto(Caller caller)
    {
        var open = cloud.Networks.All.Where(n => n.Metadata.DeletionTimestamp is null && n.Spec.External != true && (n.Metadata.Namespace == caller.Namespace || n.Spec.Shared == true)).ToList();
        return open.Count switch { 0 => null, 1 => [New("net0", Usable(open[0]), null)], _ => throw Fault.Conflict("Multiple possible networks found, use a Network ID to be more specific.") };
    }

    private ServerCard Card(Caller caller, Body asked, string name)
    {
        asked.Only("uuid", "port", "fixed_ip", "tag");
        if (asked.Text("port") is { } id) return With(name, FreePort(caller, id));
        return New(name, Usable(FindNetwork(caller, asked.Text("uuid") ?? throw Fault.BadRequest("Invalid input for field/attribute networks. A network needs a uuid or a port."))), asked.Text("fixed_ip") is { } address ? [new WantedAddress(null, address)] : null);
    }

    internal Network FindNetwork(Caller caller, string id)
    {
        try { return parts.Networks.Find(caller, id); }
        catch (Fault e) when (e.Status == 404) { throw Fault.BadRequest($"Network {id} could not be found."); }
    }

    internal Port FreePort(Caller caller, string id)
    {
        Port port;
        try { port = parts.Ports.Find(caller, id); }
        catch (Fault e) when (e.Status == 404) { throw Fault.BadRequest($"Port {id} could not be found."); }
        // A guest's port lies where the guest does.
        if (port.Metadata.Namespace != caller.Namespace) throw Fault.BadRequest($"Port {id} not usable: it belongs to another project.");
        return string.IsNullOrEmpty(port.Spec.DeviceID) ? port : throw Fault.Conflict($"Port {id} is still in use.");
    }

    private Network Usable(Network network)
    {
        if (network.Spec.External == true) throw Fault.Forbidden($"It is not allowed to create an interface on external network {network.Metadata.Uid}");
        return parts.Topology.SubnetsOf(network).Count > 0 ? network : throw Fault.BadRequest($"Network {network.Metadata.Uid} requires a subnet in order to boot instances on.");
    }

    internal static ServerCard New(string name, Network network, IReadOnlyList<WantedAddress>? addresses) => new(name, network, PortForm.NewMac(), Addresses: addresses);

    internal ServerCard With(string name, Port port) => new(name, parts.Topology.NetworkOf(port) ?? throw Fault.BadRequest($"Port {port.Metadata.Uid} is on no network."), port.Spec.MacAddress ?? "", port);

    /// <summary>The security groups that a new server's ports are in.</summary>
    internal Task<IReadOnlyList<string>> GroupsAsync(Call call, Body body) => parts.Groups.NamesByNameAsync(call.Caller, call.Caller.Namespace, body.Has("security_groups") && body.Objects("security_groups") is { Count: > 0 } named ? [.. named.Select(static g => g.Name("name"))] : [NetworkNames.DefaultGroup], call.Cancel);

    /// <summary>Makes the ports of a server that has come into being, or gives it those that the client brought. They go with it when they were made for it.</summary>
    internal async Task ConnectAsync(Call call, VirtualMachine machine, IReadOnlyList<ServerCard> cards, IReadOnlyList<string> groups)
    {
        foreach (var card in cards)
        {
            if (card.Port is { } port)
            {
                await cloud.Ports.ChangeAsync(call.Caller.Api, port, p => string.IsNullOrEmpty(p.Spec.DeviceID) ? p with { Spec = p.Spec with { DeviceID = machine.Metadata.Uid, DeviceOwner = NetworkNames.Server } } : throw Fault.Conflict($"Port {p.Metadata.Uid} is still in use."), call.Cancel);
                continue;
            }
            var secured = card.Network.Spec.PortSecurity != false;
            var spec = new PortSpec
            {
                Network = Ports.Reference(card.Network, machine.Metadata.Namespace!), AdminStateUp = true, MacAddress = card.Mac, PortSecurity = secured, SecurityGroups = secured ? groups : [], DeviceID = machine.Metadata.Uid, DeviceOwner = NetworkNames.Server, DnsName = machine.Metadata.Name,
            };
            await parts.Ports.PlaceAsync(call.Caller.Api, card.Network, machine.Metadata.Namespace!, "", spec, card.Addresses, m => m with { OwnerReferences = [Owners.Of(VirtualMachine.Resource, machine.Metadata)] }, call.Cancel);
        }
    }

    /// <summary>The ports of a server, in the order of its cards.</summary>
    internal IReadOnlyList<Port> PortsOf(VirtualMachine machine)
    {
        var order = machine.Spec.Template.Spec.Domain?.Devices?.Interfaces.Select(static i => i.MacAddress).ToList() ?? [];
        return [.. cloud.Ports.By(Cloud.ByDevice, machine.Metadata.Uid!).Where(static p => p.Metadata.DeletionTimestamp is null && p.Spec.DeviceOwner?.StartsWith("compute:", StringComparison.Ordinal) == true).OrderBy(p => order.IndexOf(p.Spec.MacAddress)).ThenBy(static p => p.Metadata.CreationTimestamp)];
    }

    /// <summary>Puts a group on all of a server's ports, or takes it off them.</summary>
    internal async Task ChangeGroupAsync(Call call, VirtualMachine machine, string group, bool add)
    {
        IReadOnlyList<string> names;
        try { names = await parts.Groups.NamesByNameAsync(call.Caller, machine.Metadata.Namespace!, [group], call.Cancel); }
        catch (Fault e) when (e.Status == 400) { throw Fault.NotFound($"Security group {group} not found for project."); }
        var ports = PortsOf(machine);
        if (!add && !ports.Any(p => p.Spec.SecurityGroups.Contains(names[0]))) throw Fault.NotFound($"Security group {group} not associated with the instance {machine.Metadata.Uid}");
        foreach (var port in ports.Where(static p => p.Spec.PortSecurity != false))
            await cloud.Ports.ChangeAsync(call.Caller.Api, port, p => p with { Spec = p.Spec with { SecurityGroups = add ? [.. p.Spec.SecurityGroups.Union(names)] : [.. p.Spec.SecurityGroups.Except(names)] } }, call.Cancel);
    }
}
