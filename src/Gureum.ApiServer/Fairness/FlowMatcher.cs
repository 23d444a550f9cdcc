using Gureum.ApiServer.Requests;
using Gureum.Objects.Flowcontrol.V1;

namespace Gureum.ApiServer.Fairness;

/// <summary>Which requests a flow schema is for (immutable).</summary>
internal sealed class FlowMatcher
{
    private sealed record Texts(bool All, string[] List)
    {
        internal bool Has(string text)
        {
            if (All) return true;
            foreach (var item in List) if (item == text) return true;
            return false;
        }

        internal static Texts Of(IReadOnlyList<string> list) => new(list is ["*"], [.. list]);
    }

    private sealed record ResourceMatcher(Texts Verbs, Texts Groups, Texts Resources, Texts Namespaces, bool ClusterScope);

    private sealed record PathMatcher(Texts Verbs, string[] Paths);

    private sealed record RuleMatcher(string[] Users, string[] Groups, (string Namespace, string Name)[] Accounts, ResourceMatcher[] Resources, PathMatcher[] Paths);

    private readonly RuleMatcher[] rules;

    internal FlowMatcher(FlowSchema schema) => rules = [.. schema.Spec.Rules.Select(static rule => new RuleMatcher(
        [.. rule.Subjects.Where(static s => s.Kind == "User").Select(static s => s.User?.Name ?? "")], [.. rule.Subjects.Where(static s => s.Kind == "Group").Select(static s => s.Group?.Name ?? "")],
        [.. rule.Subjects.Where(static s => s.Kind == "ServiceAccount").Select(static s => (s.ServiceAccount?.Namespace ?? "", s.ServiceAccount?.Name ?? ""))],
        [.. rule.ResourceRules.Select(static r => new ResourceMatcher(Texts.Of(r.Verbs), Texts.Of(r.ApiGroups), Texts.Of(r.Resources), Texts.Of(r.Namespaces), r.ClusterScope == true))],
        [.. rule.NonResourceRules.Select(static r => new PathMatcher(Texts.Of(r.Verbs), [.. r.NonResourceURLs]))]))];

    internal bool Matches(UserInfo user, RequestTarget target)
    {
        foreach (var rule in rules)
            if (IsSubject(rule, user) && (target.IsResource ? IsResource(rule.Resources, target) : IsPath(rule.Paths, target))) return true;
        return false;
    }

    private static bool IsSubject(RuleMatcher rule, UserInfo user)
    {
        foreach (var wanted in rule.Groups)
        {
            if (wanted == "*") return true;
            for (var i = 0; i < user.Groups.Count; i++) if (user.Groups[i] == wanted) return true;
        }
        foreach (var wanted in rule.Users) if (wanted == "*" || wanted == user.Name) return true;
        foreach (var (ns, name) in rule.Accounts)
            if (user.Name.StartsWith("system:serviceaccount:", StringComparison.Ordinal) && user.Name.AsSpan("system:serviceaccount:".Length) is var rest && rest.StartsWith(ns) && rest.Length > ns.Length && rest[ns.Length] == ':'
                && (name == "*" || rest[(ns.Length + 1)..].SequenceEqual(name))) return true;
        return false;
    }

    private static bool IsResource(ResourceMatcher[] matchers, RequestTarget target)
    {
        foreach (var matcher in matchers)
        {
            if (!matcher.Verbs.Has(target.Verb) || !matcher.Groups.Has(target.Group)) continue;
            if (!matcher.Resources.All && !matcher.Resources.Has(target.Subresource.Length == 0 ? target.Plural : target.Plural + "/" + target.Subresource)) continue;
            if (target.Namespace.Length == 0 ? matcher.ClusterScope : matcher.Namespaces.Has(target.Namespace)) return true;
        }
        return false;
    }

    private static bool IsPath(PathMatcher[] matchers, RequestTarget target)
    {
        foreach (var matcher in matchers)
        {
            if (!matcher.Verbs.Has(target.Verb)) continue;
            foreach (var path in matcher.Paths)
            {
                if (path == "*" || path == target.Path) return true;
                var prefix = path.AsSpan().TrimEnd('*');
                if (target.Path.AsSpan().StartsWith(prefix) && (prefix.EndsWith("/") || (target.Path.Length > prefix.Length && target.Path[prefix.Length] == '/'))) return true;
            }
        }
        return false;
    }
}
