using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Strategies.Pods;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <summary>How much a namespace may hold.</summary>
internal sealed class QuotaStrategy : SimpleStrategy
{
    private static readonly string[] Scopes = ["Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity", "VolumeAttributesClass"];
    private static readonly string[] OfPods = ["cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage", "pods"];

    public override bool DemandsSchema => false;

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        foreach (var (name, amount) in spec.Map("hard"))
        {
            if (ResourceRules.Name(name, $"spec.hard[{name}]", errors) | true && !name.Contains('/') && !IsQuota(name)) errors.Invalid($"spec.hard[{name}]", name, "must be a standard resource for quota");
            ResourceRules.Amount(name, amount, $"spec.hard[{name}]", errors);
        }
        var held = spec.Map("hard").Select(p => p.Key).Where(IsQuota).Order(StringComparer.Ordinal).ToList();
        var scopes = spec.Texts("scopes").ToList();
        foreach (var scope in scopes)
        {
            if (!Scopes.Contains(scope)) errors.Invalid("spec.scopes", spec["scopes"], "unsupported scope");
            foreach (var _ in held.Where(n => !Fits(scope, n)).ToList()) errors.Invalid("spec.scopes", spec["scopes"], "unsupported scope applied to resource");
        }
        Conflicts(scopes, spec, errors);
        Selector(spec, held, errors);
    }

    private static bool IsQuota(string name) => name != "storage" && ResourceRules.IsStandard(name) || name.StartsWith("requests.hugepages-", StringComparison.Ordinal);

    private static bool Fits(string scope, string name) => scope switch
    {
        "Terminating" or "NotTerminating" or "NotBestEffort" or "PriorityClass" or "CrossNamespacePodAffinity" => OfPods.Contains(name),
        "BestEffort" => name == "pods",
        "VolumeAttributesClass" => name is "persistentvolumeclaims" or "requests.storage",
        _ => true,
    };

    private static void Conflicts(List<string> scopes, JsonObject spec, FieldErrors errors)
    {
        foreach (var scope in (ReadOnlySpan<string>)["BestEffort", "Terminating"])
            if (scopes.Contains(scope) && scopes.Contains("Not" + scope)) errors.Invalid("spec.scopes", spec["scopes"], "conflicting scopes");
    }

    private static void Selector(JsonObject spec, List<string> held, FieldErrors errors)
    {
        const string path = "spec.scopeSelector.matchExpressions";
        if (spec.Child("scopeSelector") is not { } selector) return;
        foreach (var rule in selector.Objects("matchExpressions"))
        {
            var (scope, @operator) = (rule.Text("scopeName") ?? "", rule.Text("operator") ?? "");
            if (!Scopes.Contains(scope)) errors.Invalid(path + ".scopeName", scope, "unsupported scope");
            foreach (var _ in held.Where(n => !Fits(scope, n)).ToList()) errors.Invalid(path, GoText.Of(selector, "core.v1.ScopeSelector"), "unsupported scope applied to resource");
            if (scope is "BestEffort" or "NotBestEffort" or "Terminating" or "NotTerminating" or "CrossNamespacePodAffinity" && @operator != "Exists")
                errors.Invalid(path + ".operator", @operator, "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity");
            if (@operator is "In" or "NotIn") { if (rule.IsEmptyList("values")) errors.Required(path + ".values", "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"); }
            else if (@operator is "Exists" or "DoesNotExist") { if (!rule.IsEmptyList("values")) errors.Invalid(path + ".values", rule["values"], "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"); }
            else errors.Invalid(path + ".operator", @operator, "not a valid selector operator");
        }
        Conflicts([.. selector.Objects("matchExpressions").Select(r => r.Text("scopeName") ?? "")], spec, errors);
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        if (!(value.Child("spec")?.Texts("scopes") ?? []).ToHashSet().SetEquals(old.Child("spec")?.Texts("scopes") ?? [])) errors.Invalid("spec.scopes", value.Child("spec")?["scopes"], "field is immutable");
    }
}

/// <summary>How much one pod, container or claim may ask for.</summary>
internal sealed class LimitRangeStrategy : SimpleStrategy
{
    public override bool DemandsSchema => false;

    // What has a largest value has it as its limit too, and what has a limit or a smallest value asks for it.
    public override void Default(JsonObject value)
    {
        foreach (var limit in (value.Child("spec")?.Objects("limits") ?? []).Where(l => l.Text("type") == "Container"))
        {
            Fill(limit, "default", "max");
            Fill(limit, "defaultRequest", "default");
            Fill(limit, "defaultRequest", "min");
        }
    }

    private static void Fill(JsonObject limit, string field, string from)
    {
        foreach (var (name, amount) in (limit.Child(from) ?? []).ToList())
            if (limit.Child(field)?.ContainsKey(name) != true) limit.Need(field)[name] = amount?.DeepClone();
    }

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        var types = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, limit) in (value.Child("spec")?.Objects("limits") ?? []).Index())
        {
            var (path, type) = ($"spec.limits[{i}]", limit.Text("type") ?? "");
            var wrong = Names.QualifiedNameErrors(type);
            errors.InvalidEach(path + ".type", type, wrong);
            if (wrong.Count == 0 && !type.Contains('/') && type is not ("Pod" or "Container" or "PersistentVolumeClaim")) errors.Invalid(path + ".type", type, "must be a standard limit type or fully qualified");
            if (!types.Add(type)) errors.Duplicate(path + ".type", type);
            Limit(limit, type, path, errors);
        }
    }

    private static void Limit(JsonObject limit, string type, string path, FieldErrors errors)
    {
        var keys = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var field in (ReadOnlySpan<string>)["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"])
        {
            if (field == "maxLimitRequestRatio" && type == "PersistentVolumeClaim" && limit.Child("min")?.ContainsKey("storage") != true && limit.Child("max")?.ContainsKey("storage") != true)
                errors.Required(path + ".limits", "either minimum or maximum storage value is required, but neither was provided");
            if (type == "Pod" && field is "default" or "defaultRequest" && type == "Pod")
            {
                if (limit.Child(field) is { Count: > 0 }) errors.Forbidden($"{path}.{field}", "may not be specified when `type` is 'Pod'");
                continue;
            }
            foreach (var (name, _) in limit.Map(field))
            {
                if (type is "Pod" or "Container") ResourceRules.ContainerName(name, $"{path}.{field}[{name}]", errors);
                else ResourceRules.Name(name, $"{path}.{field}[{name}]", errors);
                keys.Add(name);
            }
        }
        foreach (var key in keys) Order(limit, key, type == "Pod", path, errors);
    }

    private static void Order(JsonObject limit, string key, bool pod, string path, FieldErrors errors)
    {
        Quantity? At(string field) => limit.Child(field)?.Text(key) is { } text && Quantity.TryParse(text, out var amount) ? amount : null;
        var (least, most, usual, asked, ratio) = (At("min"), At("max"), pod ? null : At("default"), pod ? null : At("defaultRequest"), At("maxLimitRequestRatio"));
        void Wrong(string field, Quantity? value, string detail) => errors.Invalid($"{path}.{field}[{key}]", value.ToString(), detail);
        if (least > most) Wrong("min", least, $"min value {least} is greater than max value {most}");
        if (least > asked) Wrong("defaultRequest", asked, $"min value {least} is greater than default request value {asked}");
        if (asked > most) Wrong("defaultRequest", asked, $"default request value {asked} is greater than max value {most}");
        if (asked > usual) Wrong("defaultRequest", asked, $"default request value {asked} is greater than default limit value {usual}");
        if (least > usual) Wrong("default", least, $"min value {least} is greater than default value {usual}");
        if (usual > most) Wrong("default", most, $"default value {usual} is greater than max value {most}");
        if (ratio < Quantity.FromWhole(1)) Wrong("maxLimitRequestRatio", ratio, $"ratio {ratio} is less than 1");
        if (ratio is { } times && least is { } low && most is { } high && low.Value != 0 && times.Value > high.Value / low.Value)
            Wrong("maxLimitRequestRatio", ratio, $"ratio {ratio} is greater than max/min = {(double)(high.Value / low.Value):F6}");
        if (!ResourceRules.MayExceed(key) && usual is not null && asked is not null && usual != asked) Wrong("defaultRequest", asked, $"default value {usual} must equal to defaultRequest value {asked} in {key}");
    }
}
