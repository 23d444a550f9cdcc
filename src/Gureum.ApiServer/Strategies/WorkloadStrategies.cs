using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;
using Gureum.Objects.Selectors;

namespace Gureum.ApiServer.Strategies;

/// <summary>What all kinds with a pod template and a selector share.</summary>
internal abstract class WorkloadStrategy : Strategy
{
    protected virtual string[] RestartPolicies => ["Always"];

    public override void Default(JsonObject value)
    {
        if (value.Child("spec")?.Child("template")?.Child("spec") is { } pod) PodDefaults.Apply(pod);
    }

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        if (value.Child("spec") is not { } spec) { errors.Required("spec"); return; }
        if (spec.Number("replicas") is < 0) errors.Invalid("spec.replicas", spec["replicas"], "must be greater than or equal to 0");
        if (spec.Number("minReadySeconds") is < 0) errors.Invalid("spec.minReadySeconds", spec["minReadySeconds"], "must be greater than or equal to 0");
        Selects(spec, errors);
        Template(spec, errors);
    }

    protected void Template(JsonObject spec, FieldErrors errors)
    {
        if (spec.Child("template") is not { } template) { errors.Required("spec.template"); return; }
        if (template.Child("spec") is not { } pod) { errors.Required("spec.template.spec.containers"); return; }
        PodRules.Validate(pod, "spec.template.spec", errors, spec.Objects("volumeClaimTemplates").Select(claim => claim.Child("metadata")?.Text("name")).OfType<string>());
        if (pod.Text("restartPolicy") is { } policy && !RestartPolicies.Contains(policy)) errors.Unsupported("spec.template.spec.restartPolicy", policy, RestartPolicies);
        foreach (var (key, label) in template.Child("metadata")?.Map("labels") ?? [])
        {
            errors.InvalidIf("spec.template.labels", key, Names.QualifiedNameError(key));
            errors.InvalidIf("spec.template.labels", label, Names.LabelValueError(label));
        }
    }

    protected virtual void Selects(JsonObject spec, FieldErrors errors)
    {
        if (spec.Child("selector") is not { } selector) { errors.Required("spec.selector"); return; }
        if (selector.Child("matchLabels") is not { Count: > 0 } && selector.Items("matchExpressions") is not { Count: > 0 }) { errors.Invalid("spec.selector", selector, "empty selector is invalid for this kind"); return; }
        var labels = (spec.Child("template")?.Child("metadata")?.Map("labels") ?? []).ToDictionary(p => p.Key, p => p.Value);
        try
        {
            if (!Selector.From(ModelJson.Parse<LabelSelector>(ObjectEncoder.EncodeAny(selector))).Matches(labels))
                errors.Invalid("spec.template.metadata.labels", spec.Child("template")?.Child("metadata")?["labels"] ?? new JsonObject(), "`selector` does not match template `labels`");
        }
        catch (FormatException e) { errors.Invalid("spec.selector", selector, e.Message); }
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors) => Immutable(value, old, errors, "spec", "selector");
}

internal sealed class DeploymentStrategy : WorkloadStrategy
{
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
        base.Validate(value, errors);
        var strategy = value.Child("spec")?.Child("strategy");
        if (strategy?.Text("type") == "Recreate" && strategy.ContainsKey("rollingUpdate")) errors.Forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'");
        if (strategy?.Child("rollingUpdate") is not { } rolling) return;
        foreach (var field in (ReadOnlySpan<string>)["maxUnavailable", "maxSurge"]) Percent(rolling, field, errors);
        if (IsZero(rolling["maxUnavailable"]) && IsZero(rolling["maxSurge"])) errors.Invalid("spec.strategy.rollingUpdate.maxUnavailable", rolling["maxUnavailable"], "may not be 0 when `maxSurge` is 0");
    }

    private static void Percent(JsonObject rolling, string field, FieldErrors errors)
    {
        var path = "spec.strategy.rollingUpdate." + field;
        if (rolling.Text(field) is { } text && !System.Text.RegularExpressions.Regex.IsMatch(text, "^[0-9]+%$"))
            errors.Invalid(path, text, "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')");
        if (rolling.Number(field) is < 0) errors.Invalid(path, rolling[field], "must be greater than or equal to 0");
    }

    private static bool IsZero(JsonNode? node) => node is JsonValue value && (value.TryGetValue<long>(out var number) ? number == 0 : value.TryGetValue<string>(out var text) && text is "0%" or "00%");
}

internal sealed class ReplicaSetStrategy : WorkloadStrategy;

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

    protected override void Selects(JsonObject spec, FieldErrors errors)
    {
        if (spec.Child("selector") is not { Count: > 0 }) { errors.Required("spec.selector"); return; }
        var labels = (spec.Child("template")?.Child("metadata")?.Map("labels") ?? []).ToDictionary(p => p.Key, p => p.Value);
        if (spec.Map("selector").Any(p => labels.GetValueOrDefault(p.Key) != p.Value)) errors.Invalid("spec.template.metadata.labels", new JsonObject(), "`selector` does not match template `labels`");
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
}

internal sealed class JobStrategy : WorkloadStrategy
{
    private static readonly IReadOnlyDictionary<string, string[]> Fields = new Dictionary<string, string[]> { ["status.successful"] = ["status", "succeeded"] };

    public override IReadOnlyDictionary<string, string[]> SelectableFields => Fields;
    public override string FieldRefusal(string field) => $"field label \"{field}\" not supported for Job";
    public override string MissingField(string field, State.StoredObject stored) => "0";
    protected override string[] RestartPolicies => ["OnFailure", "Never"];

    public override void Default(JsonObject value)
    {
        base.Default(value);
        if (value.Child("spec") is not { } spec) return;
        // Parallelism alone, 1 too, makes a work queue: its completions stay open.
        if (!spec.ContainsKey("parallelism"))
        {
            spec["parallelism"] = 1L;
            if (!spec.ContainsKey("completions")) spec["completions"] = 1L;
        }
        // With a limit for each index the one for all is off.
        if (!spec.ContainsKey("backoffLimit")) spec["backoffLimit"] = spec.ContainsKey("backoffLimitPerIndex") ? int.MaxValue : 6L;
        if (!spec.ContainsKey("podReplacementPolicy")) spec["podReplacementPolicy"] = spec.ContainsKey("podFailurePolicy") ? "Failed" : "TerminatingOrFailed";
    }

    // A job selects its pods by its own uid unless its maker says otherwise.
    public override void PrepareForCreate(JsonObject value)
    {
        base.PrepareForCreate(value);
        if (value.Child("spec") is not { } spec || spec.Flag("manualSelector") == true || value.Child("metadata")?.Text("uid") is not { } uid) return;
        var labels = spec.Need("template").Need("metadata").Need("labels");
        var name = value.Child("metadata")!.Text("name");
        labels["batch.kubernetes.io/controller-uid"] = uid;
        labels["controller-uid"] = uid;
        labels["batch.kubernetes.io/job-name"] = name;
        labels["job-name"] = name;
        spec["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["batch.kubernetes.io/controller-uid"] = uid } };
    }

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        base.Validate(value, errors);
        if (value.Child("spec") is not { } spec) return;
        foreach (var field in (ReadOnlySpan<string>)["parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"])
            if (spec.Number(field) is < 0) errors.Invalid("spec." + field, spec[field], "must be greater than or equal to 0");
        if (spec.Text("completionMode") == "Indexed" && spec.Number("completions") is null) errors.Required("spec.completions", "when completion mode is Indexed");
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        base.ValidateUpdate(value, old, errors);
        if (old.Child("spec")?.Flag("suspend") != true) Immutable(value, old, errors, "spec", "template");
        if (old.Child("spec")?.Text("completionMode") != "Indexed") Immutable(value, old, errors, "spec", "completions");
        Immutable(value, old, errors, "spec", "completionMode");
    }
}

internal sealed class CronJobStrategy : Strategy
{
    public override string? NameError(string name) => name.Length > 52 ? "must be no more than 52 characters" : base.NameError(name);

    public override void Default(JsonObject value)
    {
        if (value.Child("spec")?.Child("jobTemplate")?.Child("spec")?.Child("template")?.Child("spec") is { } pod) PodDefaults.Apply(pod);
    }

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        if (value.Child("spec") is not { } spec) { errors.Required("spec"); return; }
        var schedule = spec.Text("schedule") ?? "";
        if (schedule.Length == 0) errors.Required("spec.schedule");
        else if (CronSchedule.TryParse(schedule, out _, out var why) is false) errors.Invalid("spec.schedule", schedule, why);
        if (spec.Child("jobTemplate")?.Child("spec")?.Child("template")?.Child("spec") is { } pod)
        {
            PodRules.Validate(pod, "spec.jobTemplate.spec.template.spec", errors);
            if (pod.Text("restartPolicy") is not ("OnFailure" or "Never")) errors.Unsupported("spec.jobTemplate.spec.template.spec.restartPolicy", pod.Text("restartPolicy") ?? "", ["OnFailure", "Never"]);
        }
        else errors.Required("spec.jobTemplate.spec.template.spec");
    }
}
