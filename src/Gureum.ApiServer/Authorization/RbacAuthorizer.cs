using Gureum.ApiServer.State;
using Gureum.Objects.Models;
using Gureum.Objects.Rbac.V1;

namespace Gureum.ApiServer.Authorization;

/// <summary>
/// Role-based access control (https://kubernetes.io/docs/reference/access-authn-authz/rbac/) over an index of the bindings
/// that is made anew when a role or binding changed. Thread-safe.
/// </summary>
public sealed class RbacAuthorizer(ClusterState state) : IAuthorizer
{
    private static readonly string[] Collections =
    [
        Keys.Collection(ClusterRole.Resource), Keys.Collection(ClusterRoleBinding.Resource), Keys.Collection(Role.Resource), Keys.Collection(RoleBinding.Resource),
    ];

    private RbacIndex? index;

    public Decision Authorize(UserInfo user, AccessRequest request)
    {
        foreach (var grant in Current().Grants(user, request.Namespace))
            foreach (var rule in grant.Rules)
                if (RuleMatching.Allows(rule, request)) return new Decision(true, grant.Reason);
        return Decision.No;
    }

    /// <summary>Every rule that holds for a user in a namespace: for rules reviews and escalation checks.</summary>
    public IEnumerable<PolicyRule> Rules(UserInfo user, string ns) => Current().Grants(user, ns).SelectMany(g => g.Rules);

    /// <summary>The rules of a role as they stand now; empty when it does not exist.</summary>
    public IReadOnlyList<PolicyRule> RulesOf(RoleRef role, string ns) => Current().RulesOf(role, ns);

    /// <summary>The rules of a role; null when it does not exist.</summary>
    internal IReadOnlyList<PolicyRule>? FindRules(RoleRef role, string ns) => Current().FindRules(role, ns);

    private RbacIndex Current()
    {
        var changed = Collections.Max(state.LastChange);
        var known = Volatile.Read(ref index);
        if (known is not null && known.Revision >= changed) return known;
        var root = state.Newest;
        var made = RbacIndex.Build(root);
        Volatile.Write(ref index, made);
        return made;
    }
}

/// <summary>Who is bound to which rules (immutable).</summary>
internal sealed class RbacIndex
{
    internal sealed record Grant(string Namespace, IReadOnlyList<PolicyRule> Rules, string Reason);

    private readonly Dictionary<string, List<Grant>> bySubject = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyList<PolicyRule>> roles = new(StringComparer.Ordinal);

    internal long Revision { get; private init; }

    internal static RbacIndex Build(Root root)
    {
        var index = new RbacIndex { Revision = root.Revision };
        foreach (var role in Read<ClusterRole>(root)) index.roles["/" + role.Metadata.Name] = role.Rules;
        foreach (var role in Read<Role>(root)) index.roles[role.Metadata.Namespace + "/" + role.Metadata.Name] = role.Rules;
        foreach (var binding in Read<ClusterRoleBinding>(root))
            index.Bind("", binding.Subjects, binding.RoleRef, $"RBAC: allowed by ClusterRoleBinding \"{binding.Metadata.Name}\"", "");
        foreach (var binding in Read<RoleBinding>(root))
            index.Bind(binding.Metadata.Namespace!, binding.Subjects, binding.RoleRef, $"RBAC: allowed by RoleBinding \"{binding.Metadata.Name}/{binding.Metadata.Namespace}\"", binding.Metadata.Namespace!);
        return index;
    }

    private static IEnumerable<T> Read<T>(Root root) where T : IKubeObject<T> =>
        root.Under(Keys.Collection(T.Resource)).Select(p => ModelJson.Parse<T>(p.Value.Json));

    internal IReadOnlyList<PolicyRule> RulesOf(RoleRef? role, string ns) => FindRules(role, ns) ?? [];

    internal IReadOnlyList<PolicyRule>? FindRules(RoleRef? role, string ns) => role is null ? null : roles.GetValueOrDefault((role.Kind == "ClusterRole" ? "" : ns) + "/" + role.Name);

    private void Bind(string ns, IReadOnlyList<Subject> subjects, RoleRef? role, string reason, string roleNamespace)
    {
        var rules = RulesOf(role, roleNamespace);
        if (rules.Count == 0) return;
        foreach (var subject in subjects)
        {
            var who = subject.Kind == "ServiceAccount" ? $"{subject.Name}/{subject.Namespace ?? ns}" : subject.Name;
            var grant = new Grant(ns, rules, $"{reason} of {role!.Kind} \"{role.Name}\" to {subject.Kind} \"{who}\"");
            var key = subject.Kind switch
            {
                "User" => "u:" + subject.Name,
                "Group" => "g:" + subject.Name,
                _ => $"u:system:serviceaccount:{subject.Namespace ?? ns}:{subject.Name}",
            };
            if (!bySubject.TryGetValue(key, out var grants)) bySubject[key] = grants = [];
            grants.Add(grant);
        }
    }

    internal IEnumerable<Grant> Grants(UserInfo user, string ns)
    {
        foreach (var grant in Of("u:" + user.Name, ns)) yield return grant;
        foreach (var group in user.Groups)
            foreach (var grant in Of("g:" + group, ns)) yield return grant;
    }

    private IEnumerable<Grant> Of(string key, string ns) =>
        bySubject.TryGetValue(key, out var grants) ? grants.Where(g => g.Namespace.Length == 0 || g.Namespace == ns) : [];
}

/// <summary>Whether a rule covers a request.</summary>
internal static class RuleMatching
{
    internal static bool Allows(PolicyRule rule, AccessRequest request)
    {
        if (!Has(rule.Verbs, request.Verb)) return false;
        if (!request.IsResource) return rule.NonResourceURLs.Any(url => url == "*" || url == request.Path || (url.EndsWith('*') && request.Path.StartsWith(url[..^1], StringComparison.Ordinal)));
        return Has(rule.ApiGroups, request.Group) && Covers(rule.Resources, request)
            && (rule.ResourceNames.Count == 0 || (request.Name.Length > 0 && rule.ResourceNames.Contains(request.Name)));
    }

    private static bool Covers(IReadOnlyList<string> resources, AccessRequest request)
    {
        foreach (var resource in resources)
        {
            if (resource == "*" || resource == request.FullResource) return true;
            if (request.Subresource.Length > 0 && resource.StartsWith("*/", StringComparison.Ordinal) && resource.AsSpan(2).SequenceEqual(request.Subresource)) return true;
        }
        return false;
    }

    private static bool Has(IReadOnlyList<string> list, string value)
    {
        foreach (var item in list) if (item == "*" || item == value) return true;
        return false;
    }
}
