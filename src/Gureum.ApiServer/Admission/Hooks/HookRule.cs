using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Registry;
using Gureum.Objects.Json;
using Gureum.Objects.Models;

namespace Gureum.ApiServer.Admission.Hooks;

/// <summary>
/// Which operations on which resources a hook is for (immutable): RuleWithOperations, with the names of a
/// NamedRuleWithOperations (https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-rules).
/// </summary>
internal sealed record HookRule(uint Operations, ImmutableArray<string> Groups, ImmutableArray<string> Versions, ImmutableArray<(string Resource, string Subresource)> Resources, string Scope, ImmutableArray<string> Names)
{
    private const uint All = uint.MaxValue;

    internal static HookRule Compile(JsonObject rule) => new(
        rule.Texts("operations").Aggregate(0u, static (bits, name) => bits | Bit(name)),
        [.. rule.Texts("apiGroups")], [.. rule.Texts("apiVersions")],
        [.. rule.Texts("resources").Select(static text => text.IndexOf('/') is var slash and >= 0 ? (text[..slash], text[(slash + 1)..]) : (text, ""))],
        rule.Text("scope") ?? "*", [.. rule.Texts("resourceNames")]);

    private static uint Bit(string name) => name switch
    {
        "*" => All,
        "CREATE" => 1u << (int)AdmissionOperation.Create,
        "UPDATE" => 1u << (int)AdmissionOperation.Update,
        "DELETE" => 1u << (int)AdmissionOperation.Delete,
        "CONNECT" => 1u << (int)AdmissionOperation.Connect,
        _ => 0,
    };

    /// <summary>Whether the request is meant, were it for <paramref name="type"/>.</summary>
    internal bool Matches(AdmissionRequest request, ResourceType type) =>
        (Operations & (1u << (int)request.Operation)) != 0 && InScope(request) && Has(Groups, type.Group) && Has(Versions, type.Version) && HasResource(type.Plural, request.Subresource)
        && (Names.IsEmpty || Names.Contains(request.Name));

    private bool InScope(AdmissionRequest request) => Scope switch
    {
        // A namespace is an object of the cluster, though requests for it name one.
        "Namespaced" => request.Namespace is not null,
        "Cluster" => request.Namespace is null,
        _ => true,
    };

    private static bool Has(ImmutableArray<string> list, string value)
    {
        foreach (var item in list) if (item == "*" || item == value) return true;
        return false;
    }

    private bool HasResource(string plural, string subresource)
    {
        foreach (var (resource, sub) in Resources)
            if ((resource == "*" || resource == plural) && (sub == subresource || sub == "*")) return true;
        return false;
    }
}

/// <summary>Which requests a hook is for: rules first, which cost next to nothing, then selectors (immutable).</summary>
internal sealed record HookMatcher(ImmutableArray<HookRule> Rules, ImmutableArray<HookRule> Excluded, bool Equivalent, HookSelectors Selectors)
{
    /// <summary>Reads a webhook's rules.</summary>
    internal static HookMatcher OfWebhook(JsonObject hook) =>
        new([.. hook.Objects("rules").Select(HookRule.Compile)], [], hook.Text("matchPolicy") != "Exact", HookSelectors.Compile(hook));

    /// <summary>Reads MatchResources of a policy or binding; null matches everything.</summary>
    internal static HookMatcher? OfPolicy(JsonObject? match) => match is null ? null
        : new([.. match.Objects("resourceRules").Select(HookRule.Compile)], [.. match.Objects("excludeResourceRules").Select(HookRule.Compile)], match.Text("matchPolicy") != "Exact", HookSelectors.Compile(match));

    /// <summary>The resource in whose version the hook sees the request; null when no rule means it.</summary>
    internal Resource? Find(AdmissionRequest request, ResourceCatalog catalog)
    {
        foreach (var rule in Excluded) if (rule.Matches(request, request.Resource.Type)) return null;
        foreach (var rule in Rules) if (rule.Matches(request, request.Resource.Type)) return request.Resource;
        return Equivalent ? FindEquivalent(request, catalog) : null;
    }

    // Versions and groups that hold the same objects; most resources have but one.
    private Resource? FindEquivalent(AdmissionRequest request, ResourceCatalog catalog)
    {
        Resource? found = null;
        foreach (var other in catalog.Siblings(request.Resource))
        {
            foreach (var rule in Excluded) if (rule.Matches(request, other.Type)) return null;
            foreach (var rule in Rules)
                if (rule.Matches(request, other.Type)) { found ??= other; break; }
        }
        return found;
    }
}
