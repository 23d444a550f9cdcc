using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Fairness;
using Gureum.Objects;
using Gureum.Objects.Json;
using Gureum.Objects.Models;

namespace Gureum.ApiServer.Strategies;

/// <summary>FlowSchemas: whom and what they are for, and the two that nobody may change.</summary>
internal sealed class FlowSchemaStrategy : Strategy
{
    private static readonly string[] Verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"], Kinds = ["Group", "ServiceAccount", "User"];

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        var (name, spec) = (value.Child("metadata")?.Text("name") ?? "", value.Child("spec") ?? []);
        var precedence = spec.Number("matchingPrecedence") ?? 0;
        if (precedence <= 0) errors.Invalid("spec.matchingPrecedence", precedence, "must be a positive value");
        if (precedence > 10_000) errors.Invalid("spec.matchingPrecedence", precedence, "must not be greater than 10000");
        if (precedence == 1 && name != "exempt") errors.Invalid("spec.matchingPrecedence", precedence, "only the schema named 'exempt' may have matchingPrecedence 1");
        if (spec.Child("distinguisherMethod") is { } method && method.Text("type") is not ("ByNamespace" or "ByUser")) errors.Unsupported("spec.distinguisherMethod.type", method, ["ByNamespace", "ByUser"]);
        if (spec.Child("priorityLevelConfiguration")?.Text("name") is not { Length: > 0 } level) errors.Required("spec.priorityLevelConfiguration.name", "must reference a priority level");
        else errors.InvalidIf("spec.priorityLevelConfiguration.name", level, Names.DnsSubdomainError(level));
        foreach (var (rule, i) in spec.Objects("rules").Select((r, i) => (r, i))) Rule(rule, $"spec.rules[{i}]", errors);
        if (FairnessDefaults.Schemas.FirstOrDefault(s => s.Metadata.Name == name && FairnessDefaults.Mandatory.Contains(name)) is { } fixedOne && !Fixed.Same(spec, fixedOne.Spec, Fixed.SchemaSpec)) errors.Invalid("spec", spec, $"spec of '{name}' must equal the fixed value");
    }

    private static void Rule(JsonObject rule, string path, FieldErrors errors)
    {
        if (rule.IsEmptyList("subjects")) errors.Required(path + ".subjects", "subjects must contain at least one value");
        foreach (var (subject, i) in rule.Objects("subjects").Select((s, i) => (s, i))) Subject(subject, $"{path}.subjects[{i}]", errors);
        if (rule.IsEmptyList("resourceRules") && rule.IsEmptyList("nonResourceRules")) errors.Required(path, "at least one of resourceRules and nonResourceRules has to be non-empty");
        foreach (var (inner, i) in rule.Objects("resourceRules").Select((r, i) => (r, i)))
        {
            var at = $"{path}.resourceRules[{i}]";
            VerbsOf(inner, at, errors);
            Some(inner, "apiGroups", at, "resource rules must supply at least one api group", "api groups", errors);
            Some(inner, "resources", at, "resource rules must supply at least one resource", "resources", errors);
            if (inner.Flag("clusterScope") != true || !inner.IsEmptyList("namespaces")) Some(inner, "namespaces", at, "resource rules that are not cluster scoped must supply at least one namespace", "namespaces", errors);
            foreach (var (ns, j) in inner.Texts("namespaces").Select((n, j) => (n, j)))
                if (ns != "*" && Names.DnsLabelError(ns) is { } wrong) errors.Invalid($"{at}.namespaces[{j}]", ns, "each member of this list must be '*' or a DNS-1123 label; " + wrong);
        }
        foreach (var (inner, i) in rule.Objects("nonResourceRules").Select((r, i) => (r, i)))
        {
            var at = $"{path}.nonResourceRules[{i}]";
            VerbsOf(inner, at, errors);
            Some(inner, "nonResourceURLs", at, "nonResourceURLs must contain at least one value", "non-resource URLs", errors);
            foreach (var (url, j) in inner.Texts("nonResourceURLs").Select((u, j) => (u, j)))
                if (url != "*" && !url.StartsWith('/')) errors.Invalid($"{at}.nonResourceURLs[{j}]", url, "must start with slash");
        }
    }

    private static void Subject(JsonObject subject, string path, FieldErrors errors)
    {
        var kind = subject.Text("kind") ?? "";
        if (!Kinds.Contains(kind)) { errors.Unsupported(path + ".kind", kind, Kinds); return; }
        foreach (var other in Kinds)
        {
            var field = char.ToLowerInvariant(other[0]) + other[1..];
            var given = subject.Child(field);
            if (other != kind) { if (given is not null) errors.Forbidden($"{path}.{field}", $"{field} is forbidden when subject kind is not '{other}'"); continue; }
            if (given is null) { errors.Required($"{path}.{field}", $"{field} is required when subject kind is '{other}'"); continue; }
            if (given.Text("name") is not { Length: > 0 }) errors.Required($"{path}.{field}.name");
            if (other != "ServiceAccount") continue;
            if (given.Text("namespace") is not { Length: > 0 } ns) errors.Required($"{path}.{field}.namespace", "must specify namespace for service account");
            else errors.InvalidIf($"{path}.{field}.namespace", ns, Names.DnsLabelError(ns));
        }
    }

    private static void VerbsOf(JsonObject rule, string path, FieldErrors errors)
    {
        Some(rule, "verbs", path, "verbs must contain at least one value", "verbs", errors);
        if (!rule.Texts("verbs").Contains("*") && rule.Texts("verbs").Any(v => !Verbs.Contains(v))) errors.Unsupported(path + ".verbs", rule["verbs"], Verbs);
    }

    private static void Some(JsonObject rule, string field, string path, string needed, string others, FieldErrors errors)
    {
        var list = rule.Texts(field).ToList();
        if (list.Count == 0) errors.Required($"{path}.{field}", needed);
        else if (list.Count > 1 && list.Contains("*")) errors.Invalid($"{path}.{field}", rule[field], $"if '*' is present, must not specify other {others}");
    }
}

/// <summary>PriorityLevelConfigurations: their limits, and the two that nobody may change.</summary>
internal sealed class PriorityLevelStrategy : Strategy
{
    private const int MostQueues = 10_000_000, HashBits = 60;

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        var (name, spec) = (value.Child("metadata")?.Text("name") ?? "", value.Child("spec") ?? []);
        var (type, limited, exempt) = (spec.Text("type") ?? "", spec.Child("limited"), spec.Child("exempt"));
        if (name == "exempt" != (type == "Exempt")) errors.Invalid("spec.type", type, "must be 'Exempt' if and only if `name` is 'exempt'");
        switch (type)
        {
            case "Exempt":
                if (limited is not null) errors.Forbidden("spec.limited", "must be nil if the type is not Limited");
                if (exempt is not null) Shares(exempt, "spec.exempt", errors);
                break;
            case "Limited":
                if (exempt is not null) errors.Forbidden("spec.exempt", "must be nil if the type is Limited");
                if (limited is null) errors.Required("spec.limited", "must not be empty when type is Limited");
                else Limited(limited, errors);
                break;
            default: errors.Unsupported("spec.type", type, ["Exempt", "Limited"]); break;
        }
        if (FairnessDefaults.Levels.FirstOrDefault(l => l.Metadata.Name == name && FairnessDefaults.Mandatory.Contains(name)) is not { } fixedOne) return;
        if (name == "exempt" ? limited is not null || type != "Exempt" : !Fixed.Same(spec, fixedOne.Spec, Fixed.LevelSpec)) errors.Invalid("spec", spec, name == "exempt" ? "spec of 'exempt' except the 'spec.exempt' field must equal the fixed value" : $"spec of '{name}' must equal the fixed value");
    }

    private static void Shares(JsonObject holder, string path, FieldErrors errors)
    {
        if (holder.Number("nominalConcurrencyShares") is < 0 and var shares) errors.Invalid(path + ".nominalConcurrencyShares", shares, "must be a non-negative integer");
        if (holder.Number("lendablePercent") is < 0 or > 100) errors.Invalid(path + ".lendablePercent", holder.Number("lendablePercent"), "must be between 0 and 100, inclusive");
    }

    private static void Limited(JsonObject limited, FieldErrors errors)
    {
        Shares(limited, "spec.limited", errors);
        if (limited.Number("borrowingLimitPercent") is < 0 and var percent) errors.Invalid("spec.limited.borrowingLimitPercent", percent, "if specified, must be a non-negative integer");
        var response = limited.Child("limitResponse");
        var queuing = response?.Child("queuing");
        switch (response?.Text("type"))
        {
            case "Reject":
                if (queuing is not null) errors.Forbidden("spec.limited.limitResponse.queuing", "must be nil if limited.limitResponse.type is not Limited");
                break;
            case "Queue":
                if (queuing is null) errors.Required("spec.limited.limitResponse.queuing", "must not be empty if limited.limitResponse.type is Limited");
                else Queuing(queuing, "spec.limited.limitResponse.queuing", errors);
                break;
            default: errors.Unsupported("spec.limited.limitResponse.type", response?.Text("type") ?? "", ["Queue", "Reject"]); break;
        }
    }

    private static void Queuing(JsonObject queuing, string path, FieldErrors errors)
    {
        var (queues, hand, length) = (queuing.Number("queues") ?? 0, queuing.Number("handSize") ?? 0, queuing.Number("queueLengthLimit") ?? 0);
        if (length <= 0) errors.Invalid(path + ".queueLengthLimit", length, "must be positive");
        if (queues <= 0) errors.Invalid(path + ".queues", queues, "must be positive");
        else if (queues > MostQueues) errors.Invalid(path + ".queues", queues, $"must not be greater than {MostQueues}");
        if (hand <= 0) errors.Invalid(path + ".handSize", hand, "must be positive");
        else if (hand > queues) errors.Invalid(path + ".handSize", hand, $"should not be greater than queues ({queues})");
        else if (ShuffleShard.EntropyBits((int)Math.Min(queues, MostQueues), (int)hand) > HashBits) errors.Invalid(path + ".handSize", hand, $"required entropy bits of deckSize {queues} and handSize {hand} should not be greater than {HashBits}");
    }
}

/// <summary>Compares a spec with one that is fixed.</summary>
internal static class Fixed
{
    internal const string SchemaSpec = "flowcontrol.v1.FlowSchemaSpec", LevelSpec = "flowcontrol.v1.PriorityLevelConfigurationSpec";

    internal static bool Same(JsonObject spec, IModel wanted, string type)
    {
        var schema = Gureum.Objects.Schemas.KubernetesSchema.Instance.Type(type);
        return ObjectEncoder.Encode(spec, schema).AsSpan().SequenceEqual(ObjectEncoder.Encode(ObjectDecoder.Decode(ModelJson.Encode(wanted), schema).Object, schema));
    }
}
