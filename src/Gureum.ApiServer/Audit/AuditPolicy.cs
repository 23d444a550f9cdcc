using Gureum.ApiServer.Requests;

namespace Gureum.ApiServer.Audit;

/// <summary>How much of a request is recorded.</summary>
internal enum AuditLevel { None, Metadata, Request, RequestResponse }

/// <summary>The points of a request's life at which it is recorded.</summary>
[Flags]
internal enum AuditStages { None = 0, RequestReceived = 1, ResponseStarted = 2, ResponseComplete = 4, Panic = 8 }

/// <summary>Resources of a group that a rule is for (immutable).</summary>
internal sealed record AuditResources(string Group, IReadOnlyList<string> Resources, IReadOnlyList<string> Names);

/// <summary>One rule (immutable); empty lists are for everything.</summary>
internal sealed record AuditRule(AuditLevel Level)
{
    internal IReadOnlyList<string> Users { get; init; } = [];
    internal IReadOnlyList<string> Groups { get; init; } = [];
    internal IReadOnlyList<string> Verbs { get; init; } = [];
    internal IReadOnlyList<AuditResources> Resources { get; init; } = [];
    internal IReadOnlyList<string> Namespaces { get; init; } = [];
    internal IReadOnlyList<string> Paths { get; init; } = [];
    internal AuditStages Omitted { get; init; }
    internal bool OmitsManagedFields { get; init; }

    internal bool Matches(UserInfo? user, RequestTarget target)
    {
        if (Users.Count > 0 && (user is null || !Users.Contains(user.Name))) return false;
        if (Groups.Count > 0 && (user is null || !user.Groups.Any(Groups.Contains))) return false;
        if (Verbs.Count > 0 && !Verbs.Contains(target.Verb)) return false;
        if (Namespaces.Count > 0 || Resources.Count > 0) return target.IsResource && IsOneOf(target);
        return Paths.Count == 0 || (!target.IsResource && Paths.Any(p => p == "*" || p == target.Path || (p.EndsWith('*') && target.Path.StartsWith(p[..^1], StringComparison.Ordinal))));
    }

    private bool IsOneOf(RequestTarget target)
    {
        // What has no namespace goes by the empty one.
        if (Namespaces.Count > 0 && !Namespaces.Contains(target.Namespace)) return false;
        if (Resources.Count == 0) return true;
        var full = target.Subresource.Length == 0 ? target.Plural : target.Plural + "/" + target.Subresource;
        foreach (var some in Resources)
        {
            if (some.Group != target.Group) continue;
            if (some.Resources.Count == 0) return true;
            if (some.Names.Count > 0 && !some.Names.Contains(target.Name)) continue;
            foreach (var resource in some.Resources)
                if (resource == "*" || resource == full || (target.Subresource.Length > 0 && resource == "*/" + target.Subresource) || resource == target.Plural + "/*") return true;
        }
        return false;
    }
}

/// <summary>
/// Which requests are recorded, and how much of them: the first rule that matches decides
/// (https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/#audit-policy). Immutable.
/// </summary>
internal sealed record AuditPolicy(IReadOnlyList<AuditRule> Rules)
{
    /// <summary>The rule for a request, or null when nothing of it is recorded.</summary>
    /// <param name="user">Null when who asks is not known.</param>
    internal AuditRule? Find(UserInfo? user, RequestTarget target)
    {
        foreach (var rule in Rules)
            if (rule.Matches(user, target)) return rule.Level == AuditLevel.None ? null : rule;
        return null;
    }
}
