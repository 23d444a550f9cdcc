using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.State;
using Gureum.Objects.Flowcontrol.V1;

namespace Gureum.ApiServer.Fairness;

/// <summary>A flow schema ready for use (immutable but for its counts).</summary>
internal sealed record Flow(string Name, string Uid, int Precedence, string Distinguisher, FlowMatcher Matcher, PriorityLevel Level, string LevelUid, FlowCounts Counts);

/// <summary>
/// Sorts requests into flows and priority levels, and lets each level run so many at once
/// (https://kubernetes.io/docs/concepts/cluster-administration/flow-control/). Thread-safe holder of an immutable table.
/// </summary>
/// <param name="seats">Requests that run at once, in all levels together.</param>
internal sealed class RequestFairness(ClusterState state, ResourceCatalog catalog, int seats, TimeProvider time)
{
    /// <summary>How long a request may wait: a quarter of what clients wait for an answer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private const int ObjectsPerSeat = 100;

    private readonly Dictionary<(string Schema, string Level), FlowCounts> counts = [];
    private Flow[] flows = [];
    private Flow? fallback;

    internal SeatPool Pool { get; } = new(time);

    /// <summary>Flows in the order in which they are tried.</summary>
    internal IReadOnlyList<Flow> Flows => Volatile.Read(ref flows);

    /// <summary>Takes over schemas and levels; those that are missing though every server must have them are added. One caller at a time.</summary>
    internal void Configure(IReadOnlyCollection<FlowSchema> schemas, IReadOnlyCollection<PriorityLevelConfiguration> levels)
    {
        List<PriorityLevelConfiguration> all = [.. levels, .. FairnessDefaults.Levels.Where(d => FairnessDefaults.Mandatory.Contains(d.Metadata.Name!) && levels.All(l => l.Metadata.Name != d.Metadata.Name))];
        List<FlowSchema> known = [.. schemas, .. FairnessDefaults.Schemas.Where(d => FairnessDefaults.Mandatory.Contains(d.Metadata.Name!) && schemas.All(s => s.Metadata.Name != d.Metadata.Name))];
        var pooled = Pool.Configure(LevelLimits.Share(all, seats));
        var uids = all.ToDictionary(static l => l.Metadata.Name ?? "", static l => l.Metadata.Uid ?? "", StringComparer.Ordinal);
        Flow[] made =
        [
            .. known.Where(s => pooled.ContainsKey(s.Spec.PriorityLevelConfiguration?.Name ?? "")).Select(s => Make(s, pooled[s.Spec.PriorityLevelConfiguration!.Name!], uids))
                .OrderBy(static f => f.Precedence).ThenBy(static f => f.Name, StringComparer.Ordinal),
        ];
        fallback = made.Single(static f => f.Name == "catch-all");
        Volatile.Write(ref flows, made);
    }

    private Flow Make(FlowSchema schema, PriorityLevel level, Dictionary<string, string> uids)
    {
        var name = schema.Metadata.Name ?? "";
        if (!counts.TryGetValue((name, level.Name), out var known)) counts[(name, level.Name)] = known = new FlowCounts(name, level.Name);
        return new Flow(name, schema.Metadata.Uid ?? "", schema.Spec.MatchingPrecedence ?? 1000, schema.Spec.DistinguisherMethod?.Type ?? "", new FlowMatcher(schema), level, uids[level.Name], known);
    }

    /// <summary>The flow that a request belongs to.</summary>
    internal Flow Classify(UserInfo user, RequestTarget target)
    {
        foreach (var flow in Volatile.Read(ref flows))
            if (flow.Matcher.Matches(user, target)) return flow;
        return fallback!;
    }

    /// <summary>Whether seats are no use for a request: connections last as long as their users like.</summary>
    internal static bool IsUnbounded(RequestTarget target) => target.Subresource is "exec" or "attach" or "portforward" or "proxy" or "log" && target.IsResource;

    /// <summary>Waits until a request may run.</summary>
    /// <exception cref="RejectedException">It may not; the client should come again later.</exception>
    internal ValueTask<Seats> EnterAsync(Flow flow, UserInfo user, RequestTarget target, IReadOnlyDictionary<string, IReadOnlyList<string>> query, CancellationToken cancel)
    {
        var width = flow.Level.Limits.IsExempt || target.Verb is not ("list" or "watch") ? 1 : Width(flow, target, query);
        if (Pool.TryEnter(flow.Level, flow.Counts, width, out var seats)) return ValueTask.FromResult(seats);
        var hash = ShuffleShard.Hash(flow.Name, flow.Distinguisher switch { "ByUser" => user.Name, "ByNamespace" => target.Namespace, _ => "" });
        return Pool.EnterAsync(flow.Level, flow.Counts, width, hash, Patience, cancel);
    }

    // A seat for each hundred objects that are sent.
    private int Width(Flow flow, RequestTarget target, IReadOnlyDictionary<string, IReadOnlyList<string>> query)
    {
        if (target.Name.Length > 0 || catalog.Find(target.ApiVersion, target.Plural) is not { } resource) return 1;
        if (target.Verb == "watch" && query.TryGetValue("resourceVersion", out var version) && version[^1] is not ("" or "0") && !(query.TryGetValue("sendInitialEvents", out var initial) && initial[^1] == "true")) return 1;
        var objects = state.Newest.CountUnder(Keys.Collection(resource.StoredAs, resource.Type.Namespaced ? target.Namespace : null));
        if (query.TryGetValue("limit", out var limit) && int.TryParse(limit[^1], out var most) && most > 0) objects = Math.Min(objects, most);
        return Math.Clamp((objects + ObjectsPerSeat - 1) / ObjectsPerSeat, 1, flow.Level.Limits.MostSeats);
    }
}
