using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <param name="namespaced">Roles, not ClusterRoles; a body need not say which.</param>
internal sealed class RoleStrategy(bool namespaced) : SimpleStrategy
{
    public override IReadOnlyList<string> NameErrors(string name) => Names.PathSegmentErrors(name);
    public override bool DemandsSchema => false;

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        foreach (var (i, rule) in value.Objects("rules").Index()) Rule(rule, namespaced, $"rules[{i}]", errors);
        if (value.Child("aggregationRule") is not { } aggregation) return;
        if (aggregation.IsEmptyList("clusterRoleSelectors")) errors.Required("aggregationRule.clusterRoleSelectors", "at least one clusterRoleSelector required if aggregationRule is non-nil");
        foreach (var (i, selector) in aggregation.Objects("clusterRoleSelectors").Index()) LabelRules.Selector(selector, $"aggregationRule.clusterRoleSelectors[{i}]", errors);
    }

    private static void Rule(JsonObject rule, bool namespaced, string path, FieldErrors errors)
    {
        if (rule.IsEmptyList("verbs")) errors.Required(path + ".verbs", "verbs must contain at least one value");
        if (rule.Items("nonResourceURLs") is { Count: > 0 } urls)
        {
            if (namespaced) errors.Invalid(path + ".nonResourceURLs", urls, "namespaced rules cannot apply to non-resource URLs");
            if (!rule.IsEmptyList("apiGroups") || !rule.IsEmptyList("resources") || !rule.IsEmptyList("resourceNames")) errors.Invalid(path + ".nonResourceURLs", urls, "rules cannot apply to both regular resources and non-resource URLs");
            return;
        }
        if (rule.IsEmptyList("apiGroups")) errors.Required(path + ".apiGroups", "resource rules must supply at least one api group");
        if (rule.IsEmptyList("resources")) errors.Required(path + ".resources", "resource rules must supply at least one resource");
    }
}

/// <param name="namespaced">RoleBindings, not ClusterRoleBindings.</param>
internal sealed class RoleBindingStrategy(bool namespaced) : SimpleStrategy
{
    private const string Group = "rbac.authorization.k8s.io";

    public override IReadOnlyList<string> NameErrors(string name) => Names.PathSegmentErrors(name);
    public override bool DemandsSchema => false;

    public override void Default(JsonObject value)
    {
        foreach (var subject in value.Objects("subjects"))
            if (subject.Text("apiGroup") is not { Length: > 0 } && subject.Text("kind") is "User" or "Group") subject["apiGroup"] = Group;
    }

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        var role = value.Child("roleRef") ?? [];
        if (role.Text("apiGroup") is var group and not Group) errors.Unsupported("roleRef.apiGroup", group ?? "", [Group]);
        if (role.Text("kind") is var kind && kind != "ClusterRole" && !(namespaced && kind == "Role")) errors.Unsupported("roleRef.kind", kind ?? "", namespaced ? ["Role", "ClusterRole"] : ["ClusterRole"]);
        errors.RequiredText("roleRef.name", role.Text("name"), Names.PathSegmentErrors);
        foreach (var (i, subject) in value.Objects("subjects").Index()) Subject(subject, namespaced, $"subjects[{i}]", errors);
    }

    private static void Subject(JsonObject subject, bool namespaced, string path, FieldErrors errors)
    {
        var (name, group) = (subject.Text("name") ?? "", subject.Text("apiGroup") ?? "");
        if (name.Length == 0) errors.Required(path + ".name");
        switch (subject.Text("kind"))
        {
            case "ServiceAccount":
                if (name.Length > 0) errors.InvalidEach(path + ".name", name, Names.DnsSubdomainErrors(name));
                if (group.Length > 0) errors.Unsupported(path + ".apiGroup", group, [""]);
                if (!namespaced && subject.Text("namespace") is not { Length: > 0 }) errors.Required(path + ".namespace");
                break;
            case "User" or "Group": if (group != Group) errors.Unsupported(path + ".apiGroup", group, [Group]); break;
            case var other: errors.Unsupported(path + ".kind", other ?? "", ["ServiceAccount", "User", "Group"]); break;
        }
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        if (!JsonNode.DeepEquals(value["roleRef"], old["roleRef"])) errors.Invalid("roleRef", GoText.Of(value.Child("roleRef") ?? [], "rbac.v1.RoleRef"), "cannot change roleRef");
    }
}
