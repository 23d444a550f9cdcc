using System.Collections.Immutable;

namespace Gureum.Network.Nftables;

/// <summary>One element of a set or map of the table.</summary>
public readonly record struct RuleElement(string Map, string Key);

/// <summary>
/// The rules of one owner, a Service say: chains and sets of its own, and elements of the table's maps. Immutable; everything is
/// nft text, so that equal text means nothing to do.
/// </summary>
/// <param name="Chains">Chain name to its rules, one in each line.</param>
/// <param name="Sets">Set name to its declaration.</param>
/// <param name="Elements">Element to its value; empty text for elements of sets.</param>
public sealed record OwnedRules(
    ImmutableSortedDictionary<string, string> Chains,
    ImmutableSortedDictionary<string, string> Sets,
    ImmutableDictionary<RuleElement, string> Elements)
{
    /// <summary>The rules of an owner that does not exist.</summary>
    public static OwnedRules None { get; } = new(
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal),
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal),
        ImmutableDictionary<RuleElement, string>.Empty);
}
