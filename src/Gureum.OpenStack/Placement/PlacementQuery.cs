using System.Globalization;
using Gureum.Objects.Core.V1;
using Gureum.OpenStack.Http;

namespace Gureum.OpenStack.Placement;

/// <summary>What a query asks of providers: amounts, traits, aggregates (https://docs.openstack.org/api-ref/placement/#list-resource-providers).</summary>
internal sealed record PlacementQuery(IReadOnlyDictionary<string, long> Resources, IReadOnlyList<string> Required, IReadOnlyList<string> Forbidden, IReadOnlyList<IReadOnlyList<string>> AnyOf, IReadOnlyList<IReadOnlyList<string>> MemberOf, string? Tree)
{
    internal static PlacementQuery Of(Call call)
    {
        var resources = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var part in (call.Query("resources") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part.Split(':') is not [var name, var text] || !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var amount) || amount < 1) throw Fault.BadRequest($"Badly formed resources parameter. Expected resources query string parameter in form: ?resources=VCPU:2,MEMORY_MB:1024. Got: {part}.");
            if (!ProviderInventory.Classes.Contains(name)) throw Fault.BadRequest($"Invalid resource class in resources parameter: {name}. {string.Join(", ", ProviderInventory.Classes)} are known.");
            resources[name] = amount;
        }
        var (required, forbidden, any) = (new List<string>(), new List<string>(), new List<IReadOnlyList<string>>());
        foreach (var wish in call.Queries("required"))
        {
            if (wish.StartsWith("in:", StringComparison.Ordinal) && call.Version >= new Microversion(1, 39)) { any.Add(wish["in:".Length..].Split(',')); continue; }
            foreach (var trait in wish.Split(',', StringSplitOptions.RemoveEmptyEntries))
            {
                if (trait[0] == '!') forbidden.Add(trait[1..]);
                else required.Add(trait);
            }
        }
        var members = call.Queries("member_of").Select(static m => (IReadOnlyList<string>)(m.StartsWith("in:", StringComparison.Ordinal) ? m["in:".Length..] : m).Split(',')).ToList();
        if (members.SelectMany(static m => m).FirstOrDefault(static m => !Guid.TryParse(m.TrimStart('!'), out _)) is { } wrong) throw Fault.BadRequest($"Invalid query string parameters: Expected 'member_of' parameter to contain valid UUID(s): {wrong}.");
        return new PlacementQuery(resources, required, forbidden, any, members, call.Query("in_tree"));
    }

    internal bool Passes(Node node, IReadOnlyDictionary<string, long> used)
    {
        var (has, traits, groups) = (ProviderInventory.Of(node), ProviderInventory.Traits(node), ProviderInventory.Aggregates(node));
        return Resources.All(r => has.TryGetValue(r.Key, out var inventory) && r.Value <= inventory.Most && used.GetValueOrDefault(r.Key) + r.Value <= inventory.Capacity)
            && Required.All(traits.Contains) && !Forbidden.Any(traits.Contains) && AnyOf.All(any => any.Any(traits.Contains)) && MemberOf.All(m => m.Any(g => g.StartsWith('!') ? !groups.Contains(g[1..]) : groups.Contains(g))) && (Tree is null || Tree == node.Metadata.Uid);
    }
}
