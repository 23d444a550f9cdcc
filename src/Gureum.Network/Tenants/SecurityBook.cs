using System.Net.NetworkInformation;
using Gureum.Network.Nftables;

namespace Gureum.Network.Tenants;

/// <summary>What the tables of the bridges hold, as changes from one state to the next. Not thread-safe; no I/O.</summary>
internal sealed class SecurityBook(string table)
{
    private readonly RuleBook<string> book = new(table, "bridge");
    private Dictionary<string, OwnedRules> owners = [];
    private SortedDictionary<string, int> zones = [];

    /// <summary>Takes over a state.</summary>
    /// <param name="present">Ids of the networks that are on this node.</param>
    /// <returns>The transaction that brings the tables from the last state to this one; empty when there is nothing to do.</returns>
    internal string Change(TenantState state, IReadOnlySet<string> present)
    {
        var wanted = Owners(state, present);
        // What goes first may still be named by what comes later in this order, and never the other way round.
        var changes = wanted.Where(w => !owners.TryGetValue(w.Key, out var had) || !Same(had, w.Value))
            .Concat(owners.Keys.Where(k => !wanted.ContainsKey(k)).Select(k => KeyValuePair.Create(k, OwnedRules.None))).OrderBy(c => Rank(c.Key)).ThenBy(c => c.Key, StringComparer.Ordinal).ToList();
        owners = wanted;
        var commands = book.Change(changes);
        var next = SecurityTable.ZonesOf(state.Networks.Where(n => present.Contains(n.Id)));
        if (!next.SequenceEqual(zones)) commands = SecurityTable.Rezone(table, next) + commands;
        zones = next;
        return commands;
    }

    /// <summary>The whole tables, to replace what is there.</summary>
    internal string Everything() => book.Everything(SecurityTable.Base(table, zones));

    private static Dictionary<string, OwnedRules> Owners(TenantState state, IReadOnlySet<string> present)
    {
        var wanted = new Dictionary<string, OwnedRules>(StringComparer.Ordinal);
        var dhcp = new Dictionary<string, PhysicalAddress>(StringComparer.Ordinal);
        // Of several the first serves.
        foreach (var port in state.Ports.Where(p => p is { Role: PortRole.Dhcp, Up: true } && p.Addresses.Length > 0)) dhcp.TryAdd(port.Network, port.Mac);
        var here = state.Ports.Where(p => p is { Role: PortRole.Guest, Interface: not null, Secured: true } && present.Contains(p.Network)).ToList();
        var groups = state.Groups.ToDictionary(g => g.Id, StringComparer.Ordinal);
        var used = here.SelectMany(p => p.Groups).Where(groups.ContainsKey).ToHashSet(StringComparer.Ordinal);
        foreach (var port in here) wanted["port " + port.Id] = SecurityRenderer.Port(port with { Groups = [.. port.Groups.Where(used.Contains)] }, dhcp.GetValueOrDefault(port.Network));
        foreach (var group in used) wanted["group " + group] = SecurityRenderer.Group(groups[group]);
        var named = used.SelectMany(g => groups[g].Rules).Select(r => r.RemoteGroup).OfType<string>().ToHashSet(StringComparer.Ordinal);
        foreach (var group in named) wanted["members " + group] = SecurityRenderer.Members(group, groups.GetValueOrDefault(group)?.Label ?? group);
        foreach (var port in state.Ports.Where(p => p.Groups.Any(named.Contains))) wanted["member " + port.Id] = SecurityRenderer.Member(port, named);
        foreach (var network in present)
            if (dhcp.TryGetValue(network, out var mac))
                wanted["service " + network] = OwnedRules.None with { Elements = OwnedRules.None.Elements.Add(new RuleElement(SecurityTable.ServiceMacs, TenantNames.Text(mac)), "") };
        return wanted;
    }

    private static int Rank(string owner) => owner.Split(' ')[0] switch { "port" => 0, "member" => 1, "group" => 2, _ => 3 };

    private static bool Same(OwnedRules one, OwnedRules other) => one.Chains.SequenceEqual(other.Chains) && one.Sets.SequenceEqual(other.Sets)
        && one.Elements.Count == other.Elements.Count && one.Elements.All(e => other.Elements.TryGetValue(e.Key, out var value) && value == e.Value);
}
