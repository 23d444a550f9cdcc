using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies.Pods;

/// <summary>Where a pod may and wants to run: affinity, tolerations, spreading.</summary>
internal static class PlacementRules
{
    private static readonly string[] Effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

    internal static void Validate(JsonObject spec, string path, FieldErrors errors)
    {
        if (spec.Child("affinity") is not { } affinity) return;
        path += ".affinity";
        if (affinity.Child("nodeAffinity") is { } nodes)
        {
            if (nodes.Child("requiredDuringSchedulingIgnoredDuringExecution") is { } required) NodeSelector(required, path + ".nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution", errors);
            foreach (var (i, term) in nodes.Objects("preferredDuringSchedulingIgnoredDuringExecution").Index())
            {
                var place = $"{path}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[{i}]";
                Weight(term, place, errors);
                Term(term.Child("preference") ?? [], place + ".preference", values: false, errors);
            }
        }
        foreach (var kind in (ReadOnlySpan<string>)["podAffinity", "podAntiAffinity"])
        {
            if (affinity.Child(kind) is not { } pods) continue;
            foreach (var (i, term) in pods.Objects("requiredDuringSchedulingIgnoredDuringExecution").Index()) PodTerm(term, $"{path}.{kind}.requiredDuringSchedulingIgnoredDuringExecution[{i}]", errors);
            foreach (var (i, term) in pods.Objects("preferredDuringSchedulingIgnoredDuringExecution").Index())
            {
                var place = $"{path}.{kind}.preferredDuringSchedulingIgnoredDuringExecution[{i}]";
                Weight(term, place, errors);
                PodTerm(term.Child("podAffinityTerm") ?? [], place + ".podAffinityTerm", errors);
            }
        }
    }

    private static void Weight(JsonObject term, string path, FieldErrors errors)
    {
        if (term.Number("weight") is null or <= 0 or > 100) errors.Invalid(path + ".weight", term.Number("weight") ?? 0, "must be in the range 1-100");
    }

    internal static void NodeSelector(JsonObject selector, string path, FieldErrors errors)
    {
        path += ".nodeSelectorTerms";
        if (selector.IsEmptyList("nodeSelectorTerms")) errors.Required(path, "must have at least one node selector term");
        foreach (var (i, term) in selector.Objects("nodeSelectorTerms").Index()) Term(term, $"{path}[{i}]", values: true, errors);
    }

    private static void Term(JsonObject term, string path, bool values, FieldErrors errors)
    {
        foreach (var (i, rule) in term.Objects("matchExpressions").Index()) NodeRule(rule, $"{path}.matchExpressions[{i}]", values, errors);
        foreach (var (i, rule) in term.Objects("matchFields").Index()) FieldRule(rule, $"{path}.matchFields[{i}]", errors);
    }

    private static void NodeRule(JsonObject rule, string path, bool values, FieldErrors errors)
    {
        var count = rule.Items("values")?.Count ?? 0;
        switch (rule.Text("operator"))
        {
            case "In" or "NotIn": if (count == 0) errors.Required(path + ".values", "must be specified when `operator` is 'In' or 'NotIn'"); break;
            case "Exists" or "DoesNotExist": if (count > 0) errors.Forbidden(path + ".values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"); break;
            case "Gt" or "Lt": if (count != 1) errors.Required(path + ".values", "must be specified single value when `operator` is 'Lt' or 'Gt'"); break;
            case var other: errors.Invalid(path + ".operator", other ?? "", "not a valid selector operator"); break;
        }
        errors.InvalidEach(path + ".key", rule.Text("key") ?? "", Names.QualifiedNameErrors(rule.Text("key") ?? ""));
        if (values)
            foreach (var (i, value) in rule.Texts("values").Index()) errors.InvalidEach($"{path}.values[{i}]", value, Names.LabelValueErrors(value));
    }

    private static void FieldRule(JsonObject rule, string path, FieldErrors errors)
    {
        if (rule.Text("operator") is not ("In" or "NotIn")) errors.Invalid(path + ".operator", rule.Text("operator") ?? "", "not a valid selector operator");
        else if (rule.Items("values") is not { Count: 1 }) errors.Required(path + ".values", "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
        if (rule.Text("key") != "metadata.name") errors.Invalid(path + ".key", rule.Text("key") ?? "", "not a valid field selector key");
        else
            foreach (var (i, value) in rule.Texts("values").Index()) errors.InvalidEach($"{path}.values[{i}]", value, Names.DnsSubdomainErrors(value));
    }

    private static void PodTerm(JsonObject term, string path, FieldErrors errors)
    {
        LabelRules.Selector(term.Child("labelSelector"), path + ".labelSelector", errors);
        LabelRules.Selector(term.Child("namespaceSelector"), path + ".namespaceSelector", errors);
        foreach (var name in term.Texts("namespaces")) errors.InvalidEach(path + ".namespace", name, Names.DnsLabelErrors(name));
        MatchKeys(term, path, errors);
        var key = term.Text("topologyKey") ?? "";
        if (key.Length == 0) errors.Required(path + ".topologyKey", "can not be empty");
        errors.InvalidEach(path + ".topologyKey", key, Names.QualifiedNameErrors(key));
    }

    private static void MatchKeys(JsonObject term, string path, FieldErrors errors)
    {
        var selector = term.Child("labelSelector");
        foreach (var field in (ReadOnlySpan<string>)["matchLabelKeys", "mismatchLabelKeys"])
        {
            if (term.IsEmptyList(field)) continue;
            if (selector is null) { errors.Forbidden($"{path}.{field}", "must not be specified when labelSelector is not set"); continue; }
            foreach (var (i, key) in term.Texts(field).Index()) errors.InvalidEach($"{path}.{field}[{i}]", key, Names.QualifiedNameErrors(key));
        }
        var (keys, others) = (term.Texts("matchLabelKeys").ToList(), term.Texts("mismatchLabelKeys").ToHashSet(StringComparer.Ordinal));
        var seen = (selector?.Map("matchLabels").Select(p => p.Key) ?? []).ToHashSet(StringComparer.Ordinal);
        foreach (var key in selector?.Objects("matchExpressions").Select(e => e.Text("key") ?? "") ?? [])
        {
            if (keys.LastIndexOf(key) is var at and >= 0 && seen.Contains(key)) errors.Invalid($"{path}[{at}]", key, "exists in both matchLabelKeys and labelSelector");
            seen.Add(key);
        }
        foreach (var (i, key) in keys.Index())
            if (others.Contains(key)) errors.Invalid($"{path}.matchLabelKeys[{i}]", key, "exists in both matchLabelKeys and mismatchLabelKeys");
    }

    internal static void Spreading(JsonObject spec, string path, FieldErrors errors)
    {
        var all = spec.Objects("topologySpreadConstraints").ToList();
        foreach (var (i, constraint) in all.Index())
        {
            var (place, key, action) = ($"{path}.topologySpreadConstraints[{i}]", constraint.Text("topologyKey") ?? "", constraint.Text("whenUnsatisfiable") ?? "");
            if (constraint.Number("maxSkew") is null or <= 0) errors.Invalid(place + ".maxSkew", constraint.Number("maxSkew") ?? 0, "must be greater than 0");
            if (key.Length == 0) errors.Required(place + ".topologyKey", "can not be empty");
            if (action is not ("DoNotSchedule" or "ScheduleAnyway")) errors.Unsupported(place + ".whenUnsatisfiable", action, ["DoNotSchedule", "ScheduleAnyway"]);
            if (all.Skip(i + 1).Any(c => (c.Text("topologyKey") ?? "") == key && (c.Text("whenUnsatisfiable") ?? "") == action)) errors.Duplicate(place + ".{topologyKey, whenUnsatisfiable}", $"{{{key}, {action}}}");
            if (constraint.Number("minDomains") is { } domains)
            {
                if (domains <= 0) errors.Invalid(place + ".minDomains", domains, "must be greater than 0");
                if (action != "DoNotSchedule") errors.Invalid(place + ".minDomains", domains, $"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
            }
            SecurityRules.Choice(constraint, "nodeAffinityPolicy", ["Honor", "Ignore"], place, errors);
            SecurityRules.Choice(constraint, "nodeTaintsPolicy", ["Honor", "Ignore"], place, errors);
            MatchKeys(constraint, place, errors);
            LabelRules.Selector(constraint.Child("labelSelector"), place + ".labelSelector", errors);
        }
    }

    internal static void Tolerations(JsonObject spec, string path, FieldErrors errors)
    {
        foreach (var (i, toleration) in spec.Objects("tolerations").Index())
        {
            var place = $"{path}.tolerations[{i}]";
            var (key, @operator, value, effect) = (toleration.Text("key") ?? "", toleration.Text("operator") ?? "", toleration.Text("value") ?? "", toleration.Text("effect") ?? "");
            if (key.Length > 0) errors.InvalidEach(place + ".key", key, Names.QualifiedNameErrors(key));
            else if (@operator != "Exists") errors.Invalid(place + ".operator", @operator, "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
            if (toleration.ContainsKey("tolerationSeconds") && effect != "NoExecute") errors.Invalid(place + ".effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
            switch (@operator)
            {
                case "" or "Equal": if (Names.LabelValueErrors(value) is { Count: > 0 } wrong) errors.Invalid(place + ".operator", value, string.Join(';', wrong)); break;
                case "Exists": if (value.Length > 0) errors.Invalid(place + ".operator", value, "value must be empty when `operator` is 'Exists'"); break;
                default: errors.Unsupported(place + ".operator", @operator, @operator is "Lt" or "Gt" ? ["Equal", "Exists", "Lt", "Gt"] : ["Equal", "Exists"]); break;
            }
            if (effect.Length > 0 && !Effects.Contains(effect)) errors.Unsupported(place + ".effect", effect, Effects);
        }
    }
}
