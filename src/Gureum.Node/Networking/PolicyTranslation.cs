using System.Collections.Immutable;
using System.Net;
using Gureum.Network.Policies;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Networking.V1;
using Gureum.Objects.Selectors;
using IPAddress = System.Net.IPAddress;

namespace Gureum.Node.Networking;

/// <summary>From NetworkPolicies, pods and namespaces to what the network's policies need to know of them. Pure.</summary>
internal static class PolicyTranslation
{
    internal static PolicyKey Key(NetworkPolicy policy) => new(policy.Metadata.Namespace!, policy.Metadata.Name!);

    internal static PolicySpec Policy(NetworkPolicy policy)
    {
        var spec = policy.Spec;
        // As the API defaults it: whatever has rules for what goes out is about that too.
        IReadOnlyList<string> types = spec.PolicyTypes.Count > 0 ? spec.PolicyTypes : spec.Egress.Count > 0 ? ["Ingress", "Egress"] : ["Ingress"];
        return new PolicySpec(Key(policy), Select(spec.PodSelector ?? new LabelSelector()),
            types.Contains("Ingress") ? [.. spec.Ingress.Select(r => new PolicyRule(Peers(r.From), Ports(r.Ports)))] : null,
            types.Contains("Egress") ? [.. spec.Egress.Select(r => new PolicyRule(Peers(r.To), Ports(r.Ports)))] : null);
    }

    /// <param name="address">The address that the node gave it, which it may not have told yet; null: what the API says.</param>
    /// <returns>Null for a pod without a place on the pod network: it has none yet, has given it back, or is on its node's own.</returns>
    internal static PolicyPod? Pod(Pod pod, string self, IPAddress? address = null)
    {
        if (pod.Spec.HostNetwork == true || (address is null && pod.Status.Phase is "Succeeded" or "Failed")) return null;
        ImmutableArray<IPAddress> addresses = address is not null ? [address] : [.. pod.Status.PodIPs.Select(p => IPAddress.TryParse(p.Ip, out var a) ? a : null).OfType<IPAddress>()];
        if (addresses.IsEmpty) return null;
        var ports = pod.Spec.Containers.Concat(pod.Spec.InitContainers.Where(c => c.RestartPolicy == "Always")).SelectMany(c => c.Ports)
            .Where(p => p.Name is { Length: > 0 } && p.ContainerPortValue is > 0 and <= ushort.MaxValue).Select(p => new Network.Policies.NamedPort(p.Name!, Protocol(p.Protocol), (ushort)p.ContainerPortValue!.Value));
        return new PolicyPod(pod.Metadata.Uid!, pod.Metadata.Namespace!, Labels(pod.Metadata), addresses, [.. ports], pod.Spec.NodeName == self);
    }

    internal static ImmutableSortedDictionary<string, string> Labels(ObjectMeta metadata) => metadata.Labels.ToImmutableSortedDictionary(StringComparer.Ordinal);

    private static ImmutableArray<PolicyPeer> Peers(IEnumerable<NetworkPolicyPeer> peers) =>
    [
        .. peers.Select(peer => peer.IpBlock is { } block
            ? (PolicyPeer)new BlockPeer(Range(block.Cidr ?? ""), [.. block.Except.Select(Range)])
            : new PodPeer(peer.NamespaceSelector is { } namespaces ? Select(namespaces) : null, Select(peer.PodSelector ?? new LabelSelector()))),
    ];

    private static ImmutableArray<PolicyPort> Ports(IEnumerable<NetworkPolicyPort> ports) => [.. ports.Select(Port)];

    private static PolicyPort Port(NetworkPolicyPort port)
    {
        var protocol = Protocol(port.Protocol);
        if (port.Port is not { } at) return new PolicyPort(protocol);
        return at.Text is null ? new PolicyPort(protocol, (ushort)at.Number, (ushort)(port.EndPort ?? 0)) : new PolicyPort(protocol, Name: at.Text);
    }

    private static string Protocol(string? protocol) => (protocol is { Length: > 0 } named ? named : "TCP").ToLowerInvariant();

    private static PolicySelector Select(LabelSelector selector)
    {
        var compiled = Selector.From(selector);
        return new PolicySelector(compiled.ToString(), compiled.Matches);
    }

    // The API takes a range whose address has bits of hosts; .NET's does not.
    private static IPNetwork Range(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var bytes = IPAddress.Parse(text[..slash]).GetAddressBytes();
        var bits = int.Parse(text[(slash + 1)..], System.Globalization.CultureInfo.InvariantCulture);
        for (var i = 0; i < bytes.Length; i++) bytes[i] &= (byte)(bits >= (i + 1) * 8 ? 0xff : bits <= i * 8 ? 0 : 0xff << (8 - bits % 8));
        return new IPNetwork(new IPAddress(bytes), bits);
    }
}
