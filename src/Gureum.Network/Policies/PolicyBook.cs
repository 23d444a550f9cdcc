using System.Collections.Immutable;
using System.Net.Sockets;
using Gureum.Network.Nftables;

namespace Gureum.Network.Policies;

/// <summary>What owns rules of the table: sorted so that what refers to others comes before them.</summary>
internal readonly record struct PolicyOwner(char Kind, string Name) : IComparable<PolicyOwner>
{
    internal const char Isolation = '1', Policy = '2', Set = '3', Pod = '4';

    public int CompareTo(PolicyOwner other) => Kind != other.Kind ? Kind.CompareTo(other.Kind) : string.CompareOrdinal(Name, other.Name);
}

/// <summary>
/// The cluster's policies, pods and namespaces, and the rules that follow from them. Turns a change into the nft commands that bring the
/// table there. Not thread-safe; no I/O.
/// </summary>
internal sealed class PolicyBook(PolicyOptions options)
{
    private readonly Dictionary<string, ImmutableSortedDictionary<string, string>> namespaces = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedDictionary<PolicyKey, (PolicySpec Spec, RenderedPolicy Rendered)>> policies = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PolicyPod> pods = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ImmutableArray<string>> isolations = new(StringComparer.Ordinal);
    private readonly Dictionary<PeerSet, int> peers = [];
    private readonly Dictionary<PortSet, int> ports = [];
    private readonly Dictionary<string, int> chains = new(StringComparer.Ordinal);
    private readonly RuleBook<PolicyOwner> book = new(options.Table);

    /// <summary>Enters a change and returns the transaction; empty when no rule changes.</summary>
    internal string Change(PolicyChange change)
    {
        var dirty = new HashSet<string>(StringComparer.Ordinal);
        var touched = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, labels) in change.Namespaces)
            if (!namespaces.TryGetValue(name, out var old) || !old.SequenceEqual(labels)) { namespaces[name] = labels; dirty.Add(name); }
        foreach (var name in change.NamespacesGone)
            if (namespaces.Remove(name)) dirty.Add(name);

        SortedDictionary<PolicyOwner, OwnedRules> isolation = [], rules = [];
        foreach (var policy in change.Policies) Enter(policy.Key, policy, rules, dirty);
        foreach (var key in change.PoliciesGone) Enter(key, null, rules, dirty);
        var all = change.Policies.Length + change.PoliciesGone.Length > 0 && Prune(rules);

        foreach (var uid in change.PodsGone)
            if (pods.Remove(uid)) touched.Add(uid);
        foreach (var pod in change.Pods)
        {
            pods[pod.Uid] = pod;
            touched.Add(pod.Uid);
        }
        touched.UnionWith(all ? pods.Keys : dirty.Count > 0 ? pods.Where(p => dirty.Contains(p.Value.Namespace)).Select(p => p.Key) : []);

        var used = new Dictionary<string, (string? Body, int Change)>(StringComparer.Ordinal);
        foreach (var uid in touched) rules[new PolicyOwner(PolicyOwner.Pod, uid)] = RulesOf(uid, used);
        foreach (var (name, (body, more)) in used)
        {
            var count = chains.GetValueOrDefault(name) + more;
            if (count == 0) chains.Remove(name);
            else chains[name] = count;
            var owner = new PolicyOwner(PolicyOwner.Isolation, name);
            if (count == 0) isolation[owner] = OwnedRules.None;
            else if (body is not null) isolation[owner] = OwnedRules.None with { Chains = OwnedRules.None.Chains.Add(name, body) };
        }
        return book.Change(isolation.Concat(rules));
    }

    /// <summary>The whole table as one transaction that replaces what is there.</summary>
    internal string Everything() => book.Everything(PolicyTable.Base(options));

    private void Enter(PolicyKey key, PolicySpec? next, SortedDictionary<PolicyOwner, OwnedRules> rules, HashSet<string> dirty)
    {
        if (!policies.TryGetValue(key.Namespace, out var here)) policies[key.Namespace] = here = [];
        var rendered = next is null ? null : PolicyRenderer.Render(next);
        if (here.Remove(key, out var old))
        {
            foreach (var peer in old.Rendered.Peers) peers[peer]--;
            foreach (var port in old.Rendered.Ports) ports[port]--;
        }
        else if (next is null) return;
        if (rendered is not null)
        {
            here[key] = (next!, rendered);
            foreach (var peer in rendered.Peers) peers[peer] = peers.GetValueOrDefault(peer) + 1;
            foreach (var port in rendered.Ports) ports[port] = ports.GetValueOrDefault(port) + 1;
        }
        else if (here.Count == 0) policies.Remove(key.Namespace);
        dirty.Add(key.Namespace);
        rules[new PolicyOwner(PolicyOwner.Policy, key.ToString())] = rendered?.Rules ?? OwnedRules.None;
    }

    // Sets that came into use, or went out of it: whether all pods have to be asked whether they belong to one.
    private bool Prune(SortedDictionary<PolicyOwner, OwnedRules> rules)
    {
        var changed = false;
        foreach (var (peer, count) in peers.ToList()) Set(peer.Name, peer.Declaration, count, () => peers.Remove(peer));
        foreach (var (port, count) in ports.ToList()) Set(port.SetName, "type ipv4_addr . inet_service;", count, () => ports.Remove(port));
        return changed;

        void Set(string name, string declaration, int count, Action forget)
        {
            var owner = new PolicyOwner(PolicyOwner.Set, name);
            if (count == 0) forget();
            if (count > 0 == book[owner].Sets.Count > 0) return;
            rules[owner] = count == 0 ? OwnedRules.None : OwnedRules.None with { Sets = OwnedRules.None.Sets.Add(name, declaration) };
            changed = true;
        }
    }

    private OwnedRules RulesOf(string uid, Dictionary<string, (string? Body, int Change)> used)
    {
        foreach (var old in isolations.GetValueOrDefault(uid, [])) used[old] = (used.GetValueOrDefault(old).Body, used.GetValueOrDefault(old).Change - 1);
        isolations.Remove(uid);
        if (!pods.TryGetValue(uid, out var pod)) return OwnedRules.None;
        var elements = OwnedRules.None.Elements.ToBuilder();
        var addresses = pod.Addresses.Where(a => a.AddressFamily == AddressFamily.InterNetwork).ToList();
        if (addresses.Count == 0) return OwnedRules.None;
        var labels = namespaces.GetValueOrDefault(pod.Namespace);
        foreach (var peer in peers.Keys.Where(p => p.Has(pod, labels)))
            foreach (var address in addresses) elements[new RuleElement(peer.Name, address.ToString())] = "";
        foreach (var port in pod.Ports.Where(p => ports.ContainsKey(new PortSet(p.Protocol, p.Name))))
            foreach (var address in addresses) elements[new RuleElement(new PortSet(port.Protocol, port.Name).SetName, $"{address} . {port.Port}")] = "";
        if (pod.Here) Isolate(pod, addresses, elements, used);
        return OwnedRules.None with { Elements = elements.ToImmutable() };
    }

    private void Isolate(PolicyPod pod, List<System.Net.IPAddress> addresses, ImmutableDictionary<RuleElement, string>.Builder elements, Dictionary<string, (string? Body, int Change)> used)
    {
        if (!policies.TryGetValue(pod.Namespace, out var here)) return;
        var concern = here.Values.Where(p => p.Spec.Pods.Matches(pod.Labels)).ToList();
        Direction(PolicyTable.Ingress, "in", [.. concern.Select(p => p.Rendered.In).OfType<string>()]);
        Direction(PolicyTable.Egress, "out", [.. concern.Select(p => p.Rendered.Out).OfType<string>()]);

        void Direction(string map, string prefix, List<string> chains)
        {
            if (chains.Count == 0) return;
            var (name, body) = PolicyRenderer.Isolation(prefix, chains);
            used[name] = (body, used.GetValueOrDefault(name).Change + 1);
            isolations[pod.Uid] = isolations.GetValueOrDefault(pod.Uid, []).Add(name);
            foreach (var address in addresses)
            {
                elements[new RuleElement(map, address.ToString())] = $"goto {name}";
                elements[new RuleElement(PolicyTable.ToItself, $"{address} . {address}")] = "";
            }
        }
    }
}
