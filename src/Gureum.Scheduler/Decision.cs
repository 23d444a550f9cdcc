using Gureum.Scheduler.Filters;

namespace Gureum.Scheduler;

/// <summary>Where a pod goes, or why nowhere (immutable).</summary>
/// <param name="Node">The node chosen, or null.</param>
/// <param name="Rejections">For each node that was looked at and refused; only complete when <paramref name="Node"/> is null.</param>
/// <param name="Everywhere">A refusal that holds for the whole cluster.</param>
/// <param name="Nodes">How many nodes there are.</param>
public sealed record Decision(string? Node, IReadOnlyDictionary<string, Rejection> Rejections, Rejection? Everywhere, int Nodes)
{
    /// <summary>Names of the rules that refused something: what must change before trying again makes sense.</summary>
    public IReadOnlySet<string> Rules
    {
        get
        {
            var rules = new HashSet<string>(StringComparer.Ordinal);
            if (Everywhere is not null) rules.Add(Everywhere.Rule);
            foreach (var (_, rejection) in Rejections) rules.Add(rejection.Rule);
            return rules;
        }
    }
}
