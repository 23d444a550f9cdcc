using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Strategies.Pods;
using Gureum.Objects;
using Gureum.Objects.Json;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;
using Gureum.Objects.Selectors;

namespace Gureum.ApiServer.Strategies;

/// <summary>What all kinds with a pod template and a selector share.</summary>
internal abstract class WorkloadStrategy : Strategy
{
    /// <summary>The kind's name where its refusals name it.</summary>
    protected abstract string Shown { get; }

    public override bool DemandsSchema => false;

    public override void Default(JsonObject value)
    {
        if (value.Child("spec")?.Child("template")?.Child("spec") is { } pod) PodDefaults.Apply(pod);
    }

    /// <summary>A selector, and a template that it selects.</summary>
    protected void Selects(JsonObject spec, string refused, FieldErrors errors)
    {
        var selector = spec.Child("selector");
        if (selector is null) errors.Required("spec.selector");
        LabelRules.Selector(selector, "spec.selector", errors);
        if (selector is not null && LabelRules.IsEmpty(selector)) errors.Invalid("spec.selector", selector, $"empty selector is invalid for {Shown}");
        if (IsWrong(selector)) { errors.Invalid("spec.selector", selector, refused); return; }
        if (!Matches(selector, spec)) Mismatch(spec, errors);
        Template(spec, errors);
    }

    // A selector that can select nothing because it cannot be read.
    private protected static bool IsWrong(JsonObject? selector)
    {
        var errors = new FieldErrors();
        LabelRules.Selector(selector, "", errors);
        return errors.Any;
    }

    // No selector selects nothing, one without conditions all.
    private protected static bool Matches(JsonObject? selector, JsonObject spec) =>
        selector is not null && LabelRules.IsEmpty(selector) || selector is not null && Selector.From(ModelJson.Parse<LabelSelector>(ObjectEncoder.EncodeAny(selector))).Matches((spec.Child("template")?.Child("metadata")?.Map("labels") ?? []).ToDictionary(p => p.Key, p => p.Value));

    private protected static void Mismatch(JsonObject spec, FieldErrors errors) =>
        errors.Invalid("spec.template.metadata.labels", spec.Child("template")?.Child("metadata")?["labels"], "`selector` does not match template `labels`");

    private protected virtual void Template(JsonObject spec, FieldErrors errors)
    {
        var template = spec.Child("template") ?? [];
        TemplateRules.Validate(template, "spec.template", errors);
        TemplateRules.Restarts(template, "spec.template", Kind, errors);
    }

    // What a template without a deadline belongs to, in words.
    private protected virtual string Kind => "ReplicaSet";

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors) => Immutable(value, old, errors, "spec", "selector");
}

internal sealed class DeploymentStrategy : WorkloadStrategy
{
    protected override string Shown => "deployment";

    public override void Default(JsonObject value)
    {
        base.Default(value);
        if (value.Child("spec")?.Child("strategy") is not { } strategy) return;
        if (strategy.Text("type") != "RollingUpdate") return;
        var rolling = strategy.Need("rollingUpdate");
        if (!rolling.ContainsKey("maxUnavailable")) rolling["maxUnavailable"] = "25%";
        if (!rolling.ContainsKey("maxSurge")) rolling["maxSurge"] = "25%";
    }

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        NumberRules.NotNegative(spec, "replicas", "spec", errors);
        Selects(spec, "invalid label selector", errors);
        Rollout(spec.Child("strategy") ?? [], errors);
        foreach (var field in (ReadOnlySpan<string>)["minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"]) NumberRules.NotNegative(spec, field, "spec", errors);
        if (spec.Number("progressDeadlineSeconds") is { } deadline && deadline <= (spec.Number("minReadySeconds") ?? 0)) errors.Invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds");
    }

    private static void Rollout(JsonObject strategy, FieldErrors errors)
    {
        const string path = "spec.strategy.rollingUpdate";
        var rolling = strategy.Child("rollingUpdate");
        switch (strategy.Text("type"))
        {
            case "Recreate":
                if (rolling is not null) errors.Forbidden(path, "may not be specified when strategy `type` is 'Recreate'");
                break;
            case "RollingUpdate":
                NumberRules.CountOrPercent(rolling?["maxUnavailable"], path + ".maxUnavailable", errors);
                NumberRules.CountOrPercent(rolling?["maxSurge"], path + ".maxSurge", errors);
                if (NumberRules.IsZero(rolling?["maxUnavailable"]) && NumberRules.IsZero(rolling?["maxSurge"])) errors.Invalid(path + ".maxUnavailable", rolling?["maxUnavailable"], "may not be 0 when `maxSurge` is 0");
                NumberRules.AtMostAll(rolling?["maxUnavailable"], path + ".maxUnavailable", errors);
                break;
            default: errors.Unsupported("spec.strategy", GoText.Of(strategy, "apps.v1.DeploymentStrategy"), ["Recreate", "RollingUpdate"]); break;
        }
    }
}

internal sealed class ReplicaSetStrategy : WorkloadStrategy
{
    protected override string Shown => "deployment";

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        NumberRules.NotNegative(spec, "replicas", "spec", errors);
        NumberRules.NotNegative(spec, "minReadySeconds", "spec", errors);
        Selects(spec, "invalid label selector", errors);
    }
}

internal sealed class ReplicationControllerStrategy : WorkloadStrategy
{
    private static readonly IReadOnlyDictionary<string, string[]> Fields = new Dictionary<string, string[]> { ["status.replicas"] = ["status", "replicas"] };
    public override IReadOnlyDictionary<string, string[]> SelectableFields => Fields;
    public override string MissingField(string field, State.StoredObject stored) => "0";

    public override void Default(JsonObject value)
    {
        base.Default(value);
        if (value.Child("spec") is not { } spec || spec.Child("template")?.Child("metadata")?.Child("labels") is not { Count: > 0 } labels) return;
        if (spec.Child("selector") is null or { Count: 0 }) spec["selector"] = labels.DeepClone();
        if (value.Need("metadata").Child("labels") is null or { Count: 0 }) value.Need("metadata")["labels"] = labels.DeepClone();
    }

    protected override string Shown => "replicationcontroller";
    private protected override string Kind => "ReplicationController";

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        NumberRules.NotNegative(spec, "minReadySeconds", "spec", errors);
        if (spec.Child("selector") is not { Count: > 0 }) errors.Required("spec.selector");
        NumberRules.NotNegative(spec, "replicas", "spec", errors);
        if (spec.Child("template") is not { } template) { errors.Required("spec.template"); return; }
        var labels = (template.Child("metadata")?.Map("labels") ?? []).ToDictionary(p => p.Key, p => p.Value);
        if (spec.Map("selector").Any(p => labels.GetValueOrDefault(p.Key) != p.Value)) Mismatch(spec, errors);
        Template(spec, errors);
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors) { }
}

internal sealed class StatefulSetStrategy : WorkloadStrategy
{
    public override void Default(JsonObject value)
    {
        base.Default(value);
        if (value.Child("spec")?.Child("updateStrategy") is { } strategy && strategy.Text("type") == "RollingUpdate" && !strategy.ContainsKey("rollingUpdate"))
            strategy["rollingUpdate"] = new JsonObject { ["partition"] = 0L };
        foreach (var claim in value.Child("spec")?.Objects("volumeClaimTemplates") ?? [])
        {
            claim["kind"] = "PersistentVolumeClaim";
            claim["apiVersion"] = "v1";
        }
    }

    protected override string Shown => "statefulset";
    private protected override string Kind => "StatefulSet";
    public override IReadOnlyList<string> NameErrors(string name) => Names.DnsLabelErrors(name);

    public override void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        var policy = spec.Text("podManagementPolicy") ?? "";
        if (policy.Length == 0) errors.Required("spec.podManagementPolicy");
        else if (policy is not ("OrderedReady" or "Parallel")) errors.Invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'");
        Rollout(spec.Child("updateStrategy") ?? [], errors);
        foreach (var field in (ReadOnlySpan<string>)["whenDeleted", "whenScaled"])
            if (spec.Child("persistentVolumeClaimRetentionPolicy") is { } kept && kept.Text(field) is not ("Retain" or "Delete"))
                errors.Unsupported("spec.persistentVolumeClaimRetentionPolicy." + field, kept.Text(field) ?? "", ["Retain", "Delete"]);
        if (old is null)
            foreach (var (i, claim) in spec.Objects("volumeClaimTemplates").Index()) ClaimRules.Validate(claim.Child("spec") ?? [], $"spec.volumeClaimTemplates[{i}].spec", errors);
        NumberRules.NotNegative(spec, "replicas", "spec", errors);
        NumberRules.NotNegative(spec, "minReadySeconds", "spec", errors);
        if (spec.Child("ordinals")?.Number("start") is < 0 and var start) errors.Invalid("spec.ordinals.start", start, NumberRules.NotNegativeReason);
        if (old is null && spec.Text("serviceName") is { Length: > 0 } service) errors.InvalidEach("spec.serviceName", service, Names.DnsLabelErrors(service));
        Selects(spec, "", errors);
        var pod = spec.Child("template")?.Child("spec");
        if (pod?.Text("restartPolicy") is var restart and not "Always") errors.Unsupported("spec.template.spec.restartPolicy", restart ?? "", ["Always"]);
        if (pod?.ContainsKey("activeDeadlineSeconds") == true) errors.Forbidden("spec.template.spec.activeDeadlineSeconds", "activeDeadlineSeconds in StatefulSet is not Supported");
    }

    private static void Rollout(JsonObject strategy, FieldErrors errors)
    {
        const string path = "spec.updateStrategy";
        var rolling = strategy.Child("rollingUpdate");
        switch (strategy.Text("type") ?? "")
        {
            case "": errors.Required(path); break;
            case "OnDelete":
                if (rolling is not null) errors.Invalid(path + ".rollingUpdate", GoText.Of(rolling, "apps.v1.RollingUpdateStatefulSetStrategy"), "only allowed for updateStrategy 'RollingUpdate'");
                break;
            case "RollingUpdate":
                if (rolling is null) break;
                NumberRules.NotNegative(rolling, "partition", path + ".rollingUpdate", errors);
                if (rolling["maxUnavailable"] is not { } most) break;
                NumberRules.CountOrPercent(most, path + ".rollingUpdate.maxUnavailable", errors);
                if (NumberRules.IsZero(most)) errors.Invalid(path + ".rollingUpdate.maxUnavailable", most, "cannot be 0");
                NumberRules.AtMostAll(most, path + ".rollingUpdate.maxUnavailable", errors);
                break;
            default: errors.Invalid(path, GoText.Of(strategy, "apps.v1.StatefulSetUpdateStrategy"), "must be 'RollingUpdate' or 'OnDelete'"); break;
        }
    }

    // The claims are volumes too; what the pods are called the set says itself.
    private protected override void Template(JsonObject spec, FieldErrors errors)
    {
        var template = (spec.Child("template") ?? []).DeepClone().AsObject();
        var pod = template.Need("spec");
        pod.Remove("hostname");
        pod.Remove("subdomain");
        var claims = spec.Objects("volumeClaimTemplates").Select(c => c.Child("metadata")?.Text("name") ?? "").ToHashSet(StringComparer.Ordinal);
        if (claims.Count > 0)
            pod["volumes"] = new JsonArray([.. claims.Select(n => (JsonNode)new JsonObject { ["name"] = n, ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = n } }), .. pod.Objects("volumes").Where(v => !claims.Contains(v.Text("name") ?? "")).Select(v => v.DeepClone())]);
        TemplateRules.Validate(template, "spec.template", errors);
        LabelRules.Labels(template.Child("metadata") ?? [], "labels", "spec.template.labels", errors);
        Registry.ObjectMetaRules.Annotations(template.Child("metadata") ?? [], "spec.template.annotations", errors);
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        var (after, before) = (Comparable(value), Comparable(old));
        if (!JsonNode.DeepEquals(after, before))
            errors.Forbidden("spec", "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden");
    }

    private static JsonObject Comparable(JsonObject value)
    {
        var spec = (value.Child("spec") ?? []).DeepClone().AsObject();
        foreach (var field in (ReadOnlySpan<string>)["replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy", "minReadySeconds"]) spec.Remove(field);
        foreach (var claim in spec.Objects("volumeClaimTemplates")) claim.Remove("status");
        return spec;
    }
}

internal sealed class DaemonSetStrategy : WorkloadStrategy
{
    public override void Default(JsonObject value)
    {
        base.Default(value);
        if (value.Child("spec")?.Child("updateStrategy") is not { } strategy || strategy.Text("type") != "RollingUpdate") return;
        var rolling = strategy.Need("rollingUpdate");
        if (!rolling.ContainsKey("maxUnavailable")) rolling["maxUnavailable"] = 1L;
        if (!rolling.ContainsKey("maxSurge")) rolling["maxSurge"] = 0L;
    }

    private const string TemplateGeneration = "deprecated.daemonset.template.generation";

    protected override string Shown => "daemonset";

    public override void PrepareForCreate(JsonObject value)
    {
        base.PrepareForCreate(value);
        value.Need("metadata").Need("annotations")[TemplateGeneration] = "1";
    }

    // How often the template has changed: an annotation that says what a field said once.
    public override void PrepareForUpdate(JsonObject value, JsonObject old)
    {
        base.PrepareForUpdate(value, old);
        var before = long.TryParse(old.Child("metadata")?.Child("annotations")?.Text(TemplateGeneration), out var number) ? number : 0;
        var now = value.DeepClone().AsObject();
        Default(now);
        var same = JsonNode.DeepEquals(now.Child("spec")?["template"], old.Child("spec")?["template"]);
        value.Need("metadata").Need("annotations")[TemplateGeneration] = (same ? before : before + 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        var selector = spec.Child("selector");
        LabelRules.Selector(selector, "spec.selector", errors);
        if (!IsWrong(selector) && !Matches(selector, spec)) Mismatch(spec, errors);
        if (selector is not null && LabelRules.IsEmpty(selector)) errors.Invalid("spec.selector", selector, "empty selector is invalid for daemonset");
        var template = spec.Child("template") ?? [];
        TemplateRules.Validate(template, "spec.template", errors);
        TemplateRules.Restarts(template, "spec.template", "DaemonSet", errors);
        NumberRules.NotNegative(spec, "minReadySeconds", "spec", errors);
        Rollout(spec.Child("updateStrategy") ?? [], errors);
        NumberRules.NotNegative(spec, "revisionHistoryLimit", "spec", errors);
    }

    private static void Rollout(JsonObject strategy, FieldErrors errors)
    {
        const string path = "spec.updateStrategy.rollingUpdate";
        if (strategy.Text("type") == "OnDelete") return;
        if (strategy.Text("type") != "RollingUpdate") { errors.Unsupported("spec.updateStrategy", GoText.Of(strategy, "apps.v1.DaemonSetUpdateStrategy"), ["RollingUpdate", "OnDelete"]); return; }
        var (most, surge) = (strategy.Child("rollingUpdate")?["maxUnavailable"], strategy.Child("rollingUpdate")?["maxSurge"]);
        NumberRules.CountOrPercent(most, path + ".maxUnavailable", errors);
        NumberRules.CountOrPercent(surge, path + ".maxSurge", errors);
        NumberRules.AtMostAll(most, path + ".maxUnavailable", errors);
        NumberRules.AtMostAll(surge, path + ".maxSurge", errors);
        if (!NumberRules.IsZero(most) && !NumberRules.IsZero(surge)) errors.Invalid(path + ".maxSurge", surge, "may not be set when maxUnavailable is non-zero");
        if (NumberRules.IsZero(most) && NumberRules.IsZero(surge)) errors.Required(path + ".maxUnavailable", "cannot be 0 when maxSurge is 0");
    }
}
