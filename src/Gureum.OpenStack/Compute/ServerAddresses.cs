using System.Text.Json;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Network.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Networking;
using Gureum.OpenStack.Objects;
using Port = Gureum.Objects.Network.V1.Port;

namespace Gureum.OpenStack.Compute;

/// <summary>The addresses of a server, by network: those of its ports with the floating IPs that stand for them, or what its guest has on the pods' network (stateless).</summary>
internal sealed class ServerAddresses(Cloud cloud, ServerNetworks networks, Topology topology)
{
    private sealed record Shown(string Network, string Address, string Kind, string Mac);

    /// <param name="brief">Without Nova's extensions, as "ips" has it.</param>
    internal void Write(Utf8JsonWriter json, VirtualMachine machine, VirtualMachineInstance? instance, bool brief) => json.Object("addresses", _ => WriteNetworks(json, machine, instance, null, brief));

    internal void WriteNetworks(Utf8JsonWriter json, VirtualMachine machine, VirtualMachineInstance? instance, string? only, bool brief)
    {
        foreach (var network in Of(machine, instance).GroupBy(static a => a.Network).Where(g => only is null || g.Key == only))
            json.Objects(network.Key, network, (_, address) =>
            {
                json.WriteNumber("version", address.Address.Contains(':') ? 6 : 4);
                json.WriteString("addr", address.Address);
                if (brief) return;
                json.WriteString("OS-EXT-IPS:type", address.Kind);
                json.WriteString("OS-EXT-IPS-MAC:mac_addr", address.Mac);
            });
    }

    internal bool IsOn(VirtualMachine machine, VirtualMachineInstance? instance, string network) => Of(machine, instance).Any(a => a.Network == network);

    internal IEnumerable<string> All(VirtualMachine machine, VirtualMachineInstance? instance) => Of(machine, instance).Select(static a => a.Address);

    private IEnumerable<Shown> Of(VirtualMachine machine, VirtualMachineInstance? instance)
    {
        foreach (var port in networks.PortsOf(machine))
            foreach (var shown in Of(port)) yield return shown;
        // A card on the pods' network has no port; it is shown once all of it is known.
        foreach (var card in instance?.Status.Interfaces ?? [])
            if ((card.Name is null or ServerDocument.Network) && card.Mac is { Length: > 0 } mac)
                foreach (var address in card.IpAddresses) yield return new Shown(ServerDocument.Network, address, "fixed", mac);
    }

    private IEnumerable<Shown> Of(Port port)
    {
        var name = topology.NetworkOf(port) is { } network ? Networks.NameOf(network) : port.Spec.Network?.Name ?? "";
        foreach (var address in port.Spec.FixedIPs) yield return new Shown(name, address.Address ?? "", "fixed", port.Spec.MacAddress ?? "");
        foreach (var floating in topology.FloatingIpsOf(port)) yield return new Shown(name, floating.Spec.Address ?? "", "floating", port.Spec.MacAddress ?? "");
    }

    /// <summary>The security groups of the server's ports by the names that clients know.</summary>
    internal IReadOnlyList<SecurityGroup> GroupsOf(VirtualMachine machine) => [.. networks.PortsOf(machine).SelectMany(p => p.Spec.SecurityGroups.Select(g => cloud.SecurityGroups.Get(p.Metadata.Namespace, g))).OfType<SecurityGroup>().DistinctBy(static g => g.Metadata.Uid)];
}
