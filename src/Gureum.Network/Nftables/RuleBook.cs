using System.Collections.Immutable;
using System.Text;

namespace Gureum.Network.Nftables;

/// <summary>
/// What a table holds: every owner's rules, and who claims each element. Turns a change into the nft commands that
/// bring the table there. Not thread-safe; no I/O.
/// </summary>
/// <remarks>
/// Two owners may ask for one element (two Services for an external address and port, two pods for one address while a guest
/// migrates). The one that sorts first has it; when it goes the next one gets it.
/// </remarks>
/// <param name="table">The table's name.</param>
/// <param name="family">The table's family.</param>
public sealed class RuleBook<TOwner>(string table, string family = "ip") where TOwner : notnull, IComparable<TOwner>
{
    private readonly Dictionary<TOwner, OwnedRules> _rules = [];
    private readonly Dictionary<RuleElement, ImmutableSortedDictionary<TOwner, string>> _claims = [];

    /// <summary>How many owners have rules.</summary>
    public int Count => _rules.Count;

    /// <summary>The rules of an owner as the book has them.</summary>
    public OwnedRules this[TOwner key] => _rules.GetValueOrDefault(key, OwnedRules.None);

    /// <summary>The names of the sets that belong to owners.</summary>
    internal HashSet<string> SetNames => _rules.Values.SelectMany(r => r.Sets.Keys).ToHashSet(StringComparer.Ordinal);

    /// <summary>
    /// Enters the new rules and returns the transaction: sets and chains first, then elements, then what nothing refers
    /// to any more. Empty when nothing changes.
    /// </summary>
    public string Change(IEnumerable<KeyValuePair<TOwner, OwnedRules>> changes)
    {
        StringBuilder make = new(), fill = new(), link = new(), drop = new();
        foreach (var (key, next) in changes)
        {
            var last = this[key];
            if (next.Chains.IsEmpty && next.Sets.IsEmpty && next.Elements.IsEmpty) _rules.Remove(key);
            else _rules[key] = next;

            foreach (var (name, declaration) in next.Sets)
                if (!last.Sets.ContainsKey(name)) make.Append($"add set {family} {table} {name} {{ {declaration} }}\n");
            foreach (var (name, body) in next.Chains)
            {
                var had = last.Chains.TryGetValue(name, out var before);
                if (had && before == body) continue;
                make.Append(had ? $"flush chain {family} {table} {name}\n" : $"add chain {family} {table} {name}\n");
                foreach (var rule in body.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                    fill.Append($"add rule {family} {table} {name} {rule}\n");
            }
            foreach (var element in last.Elements.Keys.Union(next.Elements.Keys)) Claim(element, key, next.Elements.GetValueOrDefault(element), link);
            foreach (var name in last.Chains.Keys.Where(n => !next.Chains.ContainsKey(n))) drop.Append($"flush chain {family} {table} {name}\n");
            foreach (var name in last.Chains.Keys.Where(n => !next.Chains.ContainsKey(n))) drop.Append($"delete chain {family} {table} {name}\n");
            foreach (var name in last.Sets.Keys.Where(n => !next.Sets.ContainsKey(n))) drop.Append($"delete set {family} {table} {name}\n");
        }
        return make.Append(fill).Append(link).Append(drop).ToString();
    }

    /// <summary>The whole table as one transaction that replaces what is there.</summary>
    /// <param name="before">Commands that make the table with what no owner changes.</param>
    public string Everything(string before)
    {
        var text = new StringBuilder(before);
        text.Append($"table {family} {table} {{\n");
        var all = _rules.OrderBy(r => r.Key).Select(r => r.Value).ToList();
        foreach (var rules in all)
            foreach (var (name, declaration) in rules.Sets) text.Append($"set {name} {{ {declaration} }}\n");
        foreach (var rules in all)
            foreach (var (name, body) in rules.Chains) text.Append($"chain {name} {{\n{body}\n}}\n");
        text.Append("}\n");
        foreach (var map in _claims.GroupBy(c => c.Key.Map).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var elements = map.Select(c => Text(c.Key, First(c.Value))).Order(StringComparer.Ordinal);
            text.Append($"add element {family} {table} {map.Key} {{ {string.Join(", ", elements)} }}\n");
        }
        return text.ToString();
    }

    private void Claim(RuleElement element, TOwner owner, string? value, StringBuilder commands)
    {
        var before = _claims.GetValueOrDefault(element, ImmutableSortedDictionary<TOwner, string>.Empty);
        var after = value is null ? before.Remove(owner) : before.SetItem(owner, value);
        if (after.IsEmpty) _claims.Remove(element);
        else _claims[element] = after;

        string? had = before.IsEmpty ? null : First(before), has = after.IsEmpty ? null : First(after);
        if (had == has) return;
        if (had is not null) commands.Append($"delete element {family} {table} {element.Map} {{ {element.Key} }}\n");
        if (has is not null) commands.Append($"add element {family} {table} {element.Map} {{ {Text(element, has)} }}\n");
    }

    private static string First(ImmutableSortedDictionary<TOwner, string> claims)
    {
        foreach (var claim in claims) return claim.Value;
        throw new InvalidOperationException("a claimed element without a claimant");
    }

    private static string Text(RuleElement element, string value) => value.Length == 0 ? element.Key : $"{element.Key} : {value}";
}
