using System.Collections.Immutable;
using System.Net;
using Gureum.Network.Policies;

namespace Gureum.Network.Tests.Support;

/// <summary>Policies, pods and namespaces as tests like to write them.</summary>
public static class PolicySamples
{
    public static PolicyOptions Options { get; } = new() { NodeName = "here" };

    /// <summary>Selects by labels, "app=web tier=front"; nothing selects everything.</summary>
    public static PolicySelector Labelled(string labels = "")
    {
        var wanted = Labels(labels);
        return new PolicySelector(string.Join(',', wanted.Select(l => $"{l.Key}={l.Value}")), have => wanted.All(l => have.TryGetValue(l.Key, out var value) && value == l.Value));
    }

    public static ImmutableSortedDictionary<string, string> Labels(string labels) =>
        labels.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split('=')).ToImmutableSortedDictionary(l => l[0], l => l[1], StringComparer.Ordinal);

    /// <summary>What may come in; without rules nothing may.</summary>
    public static PolicySpec Ingress(string name, string pods, params PolicyRule[] rules) => new(new PolicyKey("shop", name), Labelled(pods), [.. rules], null);

    public static PolicySpec Egress(string name, string pods, params PolicyRule[] rules) => new(new PolicyKey("shop", name), Labelled(pods), null, [.. rules]);

    public static PolicyRule Rule(params PolicyPeer[] peers) => new([.. peers], []);

    public static PolicyRule At(this PolicyRule rule, params PolicyPort[] ports) => rule with { Ports = [.. ports] };

    public static PolicyPeer PodsWith(string labels) => new PodPeer(null, Labelled(labels));

    public static PolicyPeer PodsOf(string namespaceLabels, string labels = "") => new PodPeer(Labelled(namespaceLabels), Labelled(labels));

    public static PolicyPeer Block(string range, params string[] except) => new BlockPeer(IPNetwork.Parse(range), [.. except.Select(IPNetwork.Parse)]);

    public static PolicyPod Pod(string uid, string address, string labels, string ns = "shop", bool here = true, params NamedPort[] ports) =>
        new(uid, ns, Labels(labels), address.Length == 0 ? [] : [IPAddress.Parse(address)], [.. ports], here);

    /// <summary>Two namespaces, and of each kind of pod one that is here and one that is not.</summary>
    public static PolicyChange Cluster(params PolicySpec[] policies) => new()
    {
        Namespaces = [("shop", Labels("team=a")), ("other", Labels("team=b"))], Policies = [.. policies],
        Pods =
        [
            Pod("web-0", "10.244.0.5", "app=web", ports: new NamedPort("http", "tcp", 8080)), Pod("web-1", "10.244.1.5", "app=web", here: false, ports: new NamedPort("http", "tcp", 80)),
            Pod("client", "10.244.0.6", "app=client"), Pod("stranger", "10.244.0.7", "app=client", "other"), Pod("far", "10.244.1.7", "app=web", "other", here: false),
        ],
    };
}
