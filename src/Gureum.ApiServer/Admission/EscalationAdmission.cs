using System.Text.Json.Nodes;
using Gureum.ApiServer.Authorization;
using Gureum.ApiServer.Errors;
using Gureum.Objects.Json;
using Gureum.Objects.Models;
using Gureum.Objects.Rbac.V1;

namespace Gureum.ApiServer.Admission;

/// <summary>
/// Nobody grants what they do not have: roles may hold only rules that their author holds, and only such roles may be bound,
/// unless the author has the verb escalate or bind
/// (https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping).
/// </summary>
internal sealed class EscalationAdmission(RbacAuthorizer rbac, IAuthorizer authorizer) : IAdmissionPlugin
{
    private const string Group = "rbac.authorization.k8s.io";

    public async ValueTask ValidateAsync(AdmissionRequest request)
    {
        if (request.Object is not { } value || request.Resource.Type.Group != Group || request.User.Groups.Contains(UserInfo.Masters)) return;
        var ns = request.Namespace ?? "";
        switch (request.Resource.Type.Plural)
        {
            case "roles" or "clusterroles":
                if (Same(request, "rules") && Same(request, "aggregationRule")) return;
                if (await MayAsync(request.User, "escalate", request.Resource.Type.Plural, ns, request.Name)) return;
                Demand(request, ns, Rules(value));
                // Aggregation takes in rules that nobody has written yet.
                if ((value.ContainsKey("aggregationRule") || request.OldObject?.ContainsKey("aggregationRule") == true) && Missing(request.User, ns, Everything).Count > 0)
                    throw ApiError.Forbidden(request.Resource.Type, request.Name, "must have cluster-admin privileges to use the aggregationRule");
                break;
            case "rolebindings" or "clusterrolebindings":
                if (Same(request, "roleRef") && Same(request, "subjects")) return;
                var role = ModelJson.Parse<RoleRef>(ObjectEncoder.EncodeAny(value.Child("roleRef") ?? []));
                if (await MayAsync(request.User, "bind", role.Kind == "ClusterRole" ? "clusterroles" : "roles", ns, role.Name ?? "")) return;
                Demand(request, ns, rbac.FindRules(role, ns) ?? throw ApiError.NotFound(role.Kind == "ClusterRole" ? ClusterRole.Resource : Role.Resource, role.Name ?? ""));
                break;
            default: break;
        }
    }

    private static readonly PolicyRule[] Everything = [new() { ApiGroups = ["*"], Resources = ["*"], Verbs = ["*"] }, new() { NonResourceURLs = ["*"], Verbs = ["*"] }];

    private static bool Same(AdmissionRequest request, string field) => request.OldObject is { } old && JsonNode.DeepEquals(old[field], request.Object![field]);

    private async ValueTask<bool> MayAsync(UserInfo user, string verb, string plural, string ns, string name) =>
        (await authorizer.AuthorizeAsync(user, new AccessRequest(verb, Group, plural, "", ns, name, ""))).Allowed;

    private static IReadOnlyList<PolicyRule> Rules(JsonObject role) => [.. role.Objects("rules").Select(r => ModelJson.Parse<PolicyRule>(ObjectEncoder.EncodeAny(r)))];

    private void Demand(AdmissionRequest request, string ns, IReadOnlyList<PolicyRule> wanted)
    {
        var (user, lacking) = (request.User, Missing(request.User, ns, wanted));
        if (lacking.Count == 0) return;
        var missing = Compact(lacking).Select(Text).Distinct().Order(StringComparer.Ordinal);
        throw ApiError.Forbidden(request.Resource.Type, request.Name,
            $"user \"{user.Name}\" (groups=[{string.Join(' ', user.Groups.Select(g => $"\"{g}\""))}]) is attempting to grant RBAC permissions not currently held:\n{string.Join('\n', missing)}");
    }

    private List<PolicyRule> Missing(UserInfo user, string ns, IReadOnlyList<PolicyRule> wanted)
    {
        var held = rbac.Rules(user, ns).ToList();
        return [.. wanted.SelectMany(Single).Where(w => !held.Exists(h => Covers(h, w)))];
    }

    // What differs but in the verb is told as one.
    private static IEnumerable<PolicyRule> Compact(IEnumerable<PolicyRule> rules) =>
        rules.GroupBy(static r => string.Join('\n', r.ApiGroups) + '\0' + string.Join('\n', r.Resources) + '\0' + string.Join('\n', r.ResourceNames) + '\0' + string.Join('\n', r.NonResourceURLs)).Select(static g => g.First() with { Verbs = [.. g.SelectMany(static r => r.Verbs).Distinct()] });

    // One verb on one resource (or path) at a time, so that several rules together may cover one.
    private static IEnumerable<PolicyRule> Single(PolicyRule rule)
    {
        foreach (var verb in rule.Verbs)
        {
            foreach (var url in rule.NonResourceURLs) yield return new PolicyRule { Verbs = [verb], NonResourceURLs = [url] };
            foreach (var group in rule.ApiGroups)
                foreach (var resource in rule.Resources)
                    if (rule.ResourceNames.Count == 0) yield return new PolicyRule { Verbs = [verb], ApiGroups = [group], Resources = [resource] };
                    else foreach (var name in rule.ResourceNames) yield return new PolicyRule { Verbs = [verb], ApiGroups = [group], Resources = [resource], ResourceNames = [name] };
        }
    }

    private static bool Covers(PolicyRule held, PolicyRule one)
    {
        if (!Has(held.Verbs, one.Verbs[0])) return false;
        if (one.NonResourceURLs.Count > 0) return held.NonResourceURLs.Any(h => h == "*" || h == one.NonResourceURLs[0] || (h.EndsWith('*') && one.NonResourceURLs[0].StartsWith(h[..^1], StringComparison.Ordinal)));
        return Has(held.ApiGroups, one.ApiGroups[0]) && CoversResource(held.Resources, one.Resources[0])
            && (held.ResourceNames.Count == 0 || (one.ResourceNames.Count > 0 && held.ResourceNames.Contains(one.ResourceNames[0])));
    }

    private static bool CoversResource(IReadOnlyList<string> held, string resource) =>
        Has(held, resource) || (resource.IndexOf('/') is var slash and > 0 && held.Contains("*" + resource[slash..]));

    private static bool Has(IReadOnlyList<string> list, string value) => list.Contains("*") || list.Contains(value);

    private static string Text(PolicyRule rule) => rule.NonResourceURLs.Count > 0 ? $"{{NonResourceURLs:[\"{rule.NonResourceURLs[0]}\"], Verbs:[{Quoted(rule.Verbs)}]}}"
        : $"{{APIGroups:[\"{rule.ApiGroups[0]}\"], Resources:[\"{rule.Resources[0]}\"]{(rule.ResourceNames.Count > 0 ? $", ResourceNames:[\"{rule.ResourceNames[0]}\"]" : "")}, Verbs:[{Quoted(rule.Verbs)}]}}";

    private static string Quoted(IReadOnlyList<string> texts) => string.Join(' ', texts.Select(static t => $"\"{t}\""));
}
