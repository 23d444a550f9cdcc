using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Rbac.V1;
using Gureum.Objects.Selectors;

namespace Gureum.Controllers.ClusterRoles;

/// <summary>Fills cluster roles that are made up of others (https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles).</summary>
public sealed class ClusterRoleAggregationController : IController
{
    private readonly ControllerContext context;
    private readonly Informer<ClusterRole> roles;
    private readonly WorkQueue<string> queue;

    public ClusterRoleAggregationController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<string>(context.Time);
        roles = context.Informers.Get<ClusterRole>();
        roles.AddHandler((_, _) =>
        {
            foreach (var role in roles.List())
                if (role.AggregationRule is not null) queue.AddAfter(role.Name(), context.Options.StatusDelay);
        });
    }

    public string Name => "clusterrole-aggregation-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<string>(Name, queue, SyncAsync).RunAsync(cancel);

    /// <summary>The rules of all roles that the aggregation selects, each once, in the order of the roles' names. Pure.</summary>
    public static IReadOnlyList<PolicyRule> Rules(ClusterRole role, IEnumerable<ClusterRole> all)
    {
        var selectors = (role.AggregationRule?.ClusterRoleSelectors ?? []).Select(selector => Selector.From(selector)).ToArray();
        var rules = new List<PolicyRule>();
        foreach (var other in all.OrderBy(other => other.Name(), StringComparer.Ordinal))
        {
            if (other.Name() == role.Name() || !Array.Exists(selectors, selector => selector.Matches(other.Metadata.Labels))) continue;
            foreach (var rule in other.Rules)
                if (!rules.Contains(rule)) rules.Add(rule);
        }
        return rules;
    }

    private async Task SyncAsync(string name, CancellationToken cancel)
    {
        if (roles.Get(null, name) is not { AggregationRule: not null } role) return;
        var rules = Rules(role, roles.List());
        if (rules.SequenceEqual(role.Rules)) return;
        try { await context.Client.UpdateAsync(role with { Rules = rules }, cancel); }
        catch (ApiException e) when (e.IsNotFound) { /* gone already */ }
    }
}
