using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Strategies.Pods;
using Gureum.Objects;
using Gureum.Objects.Json;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;
using Gureum.Objects.Selectors;

namespace Gureum.ApiServer.Strategies;

internal sealed class JobStrategy : WorkloadStrategy
{
    private static readonly IReadOnlyDictionary<string, string[]> Fields = new Dictionary<string, string[]> { ["status.successful"] = ["status", "succeeded"] };

    public override IReadOnlyDictionary<string, string[]> SelectableFields => Fields;
    public override string FieldRefusal(string field) => $"field label \"{field}\" not supported for Job";
    public override string MissingField(string field, State.StoredObject stored) => "0";
    protected override string Shown => "job";

    public override void Default(JsonObject value)
    {
        base.Default(value);
        if (value.Child("spec") is not { } spec) return;
        if (value.Child("metadata")?.Child("labels") is null or { Count: 0 } && spec.Child("template")?.Child("metadata")?.Child("labels") is { Count: > 0 } labels) value.Need("metadata")["labels"] = labels.DeepClone();
        if (!spec.ContainsKey("completionMode")) spec["completionMode"] = "NonIndexed";
        if (!spec.ContainsKey("suspend")) spec["suspend"] = false;
        if (!spec.ContainsKey("manualSelector")) spec["manualSelector"] = false;
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
        var spec = value.Child("spec") ?? [];
        Generated(value, spec, errors);
        Spec(spec, errors);
        if (spec.Text("completionMode") != "Indexed" || spec.Number("completions") is not (> 0 and var completions)) return;
        var name = value.Child("metadata")?.Text("name") ?? "";
        if (Names.DnsLabelErrors($"{name}-{completions - 1}").Count > 0) errors.Invalid("metadata.name", name, $"will not able to create pod with invalid DNS label: {name}-{completions - 1}");
    }

    private static void Spec(JsonObject spec, FieldErrors errors)
    {
        JobRules.Validate(spec, "spec", errors);
        var selector = spec.Child("selector");
        if (selector is null) errors.Required("spec.selector");
        LabelRules.Selector(selector, "spec.selector", errors);
        if (!IsWrong(selector) && !Matches(selector, spec)) Mismatch(spec, errors);
    }

    // Unless its maker chose them, the labels of a job's pods are those that it was given.
    private static void Generated(JsonObject value, JsonObject spec, FieldErrors errors)
    {
        if (spec.Flag("manualSelector") == true || spec.Child("selector") is not { } selector) return;
        var (id, name) = (value.Child("metadata")?.Text("uid") ?? "", value.Child("metadata")?.Text("name") ?? "");
        var labels = (spec.Child("template")?.Child("metadata")?.Map("labels") ?? []).ToDictionary(p => p.Key, p => p.Value);
        var expected = new Dictionary<string, string> { ["controller-uid"] = id, ["job-name"] = name, ["batch.kubernetes.io/controller-uid"] = id, ["batch.kubernetes.io/job-name"] = name };
        foreach (var (key, wanted) in expected)
            if (!labels.TryGetValue(key, out var found)) errors.Required("spec.template.metadata.labels[" + key + "]", $"must be '{wanted}'");
            else if (found != wanted) errors.Invalid("spec.template.metadata.labels[" + key + "]", spec.Child("template")?.Child("metadata")?["labels"], $"must be '{wanted}'");
        try
        {
            if (!Selector.From(ModelJson.Parse<LabelSelector>(ObjectEncoder.EncodeAny(selector))).Matches(expected)) errors.Invalid("spec.selector", selector, "`selector` not auto-generated");
        }
        catch (FormatException) { /* told with the selector */ }
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        var (spec, before) = (value.Child("spec") ?? [], old.Child("spec") ?? []);
        // Upstream looks at it twice, and tells both times.
        Spec(spec, errors);
        if (spec.Text("completionMode") != "Indexed") Immutable(value, old, errors, "spec", "completions");
        else if (spec.Number("completions") is { } completions && completions != before.Number("completions") && completions != spec.Number("parallelism"))
            errors.Invalid("spec.completions", completions, "can only be modified in tandem with spec.parallelism");
        Immutable(value, old, errors, "spec", "selector");
        // One that waits and has not begun may still be placed elsewhere and asked to take more or less.
        var waits = before.Flag("suspend") == true && old.Child("status")?.ContainsKey("startTime") != true;
        var template = waits ? Placed(before.Child("template") ?? [], spec.Child("template") ?? []) : before.Child("template") ?? [];
        if (before.Flag("suspend") != true)
        {
            if (!JsonNode.DeepEquals(template, spec.Child("template") ?? [])) errors.Invalid("spec.template", GoText.Of(spec.Child("template") ?? [], "core.v1.PodTemplateSpec"), "field is immutable");
        }
        else if (!JsonNode.DeepEquals(Resized(template.Child("spec") ?? [], spec.Child("template")?.Child("spec") ?? []), spec.Child("template")?.Child("spec") ?? []))
            errors.Invalid("spec.template.spec", GoText.Of(spec.Child("template")?.Child("spec") ?? [], "core.v1.PodSpec"), "field is immutable");
        foreach (var (field, type) in (ReadOnlySpan<(string, string?)>)[("completionMode", null), ("podFailurePolicy", "batch.v1.PodFailurePolicy"), ("backoffLimitPerIndex", null), ("managedBy", null), ("successPolicy", "batch.v1.SuccessPolicy")])
            if (!JsonNode.DeepEquals(spec[field], before[field])) errors.Invalid("spec." + field, type is not null && spec.Child(field) is { } now ? GoText.Of(now, type) : spec[field], "field is immutable");
    }

    private static JsonObject Placed(JsonObject before, JsonObject now)
    {
        var placed = before.DeepClone().AsObject();
        var (spec, wished) = (placed.Need("spec"), now.Child("spec") ?? []);
        Take(wished.Child("affinity") ?? [], spec.Need("affinity"), "nodeAffinity");
        if (spec.Need("affinity").Count == 0 && wished.Child("affinity") is null) spec.Remove("affinity");
        foreach (var field in (ReadOnlySpan<string>)["nodeSelector", "tolerations", "schedulingGates"]) Take(wished, spec, field);
        foreach (var field in (ReadOnlySpan<string>)["annotations", "labels"]) Take(now.Child("metadata") ?? [], placed.Need("metadata"), field);
        return placed;
    }

    private static JsonObject Resized(JsonObject before, JsonObject now)
    {
        var sized = before.DeepClone().AsObject();
        foreach (var list in (ReadOnlySpan<string>)["containers", "initContainers"])
        {
            var (mine, theirs) = (sized.Objects(list).ToList(), now.Objects(list).ToList());
            if (mine.Count != theirs.Count) continue;
            foreach (var (container, other) in mine.Zip(theirs))
                if (container.Text("name") == other.Text("name")) Take(other, container, "resources");
        }
        return sized;
    }

    private static void Take(JsonObject from, JsonObject to, string field)
    {
        to.Remove(field);
        if (from[field] is { } taken) to[field] = taken.DeepClone();
    }
}

internal sealed partial class CronJobStrategy : Strategy
{
    private const int MostCharacters = 52;

    [System.Text.RegularExpressions.GeneratedRegex("^[A-Za-z.\\-_0-9+]{1,14}$")] private static partial System.Text.RegularExpressions.Regex ZonePart();

    public override bool DemandsSchema => false;

    public override void Default(JsonObject value)
    {
        if (value.Child("spec")?.Child("jobTemplate")?.Child("spec")?.Child("template")?.Child("spec") is { } pod) PodDefaults.Apply(pod);
    }

    public override void Validate(JsonObject value, FieldErrors errors) => Validate(value, null, errors);

    public override void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        var zone = spec.Text("timeZone");
        if (spec.Text("schedule") is not { Length: > 0 } schedule) errors.Required("spec.schedule");
        else
        {
            if (!CronSchedule.TryParse(schedule, out _, out var why)) errors.Invalid("spec.schedule", schedule, why);
            var zoned = old?.Child("spec")?.Text("schedule")?.Contains("TZ", StringComparison.Ordinal) == true;
            if (zoned && schedule.Contains("TZ", StringComparison.Ordinal) && zone is not null) errors.Invalid("spec.schedule", schedule, "cannot use both timeZone field and TZ or CRON_TZ in schedule");
            else if (!zoned && schedule.Contains("TZ", StringComparison.Ordinal)) errors.Invalid("spec.schedule", schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
        }
        NumberRules.NotNegative(spec, "startingDeadlineSeconds", "spec", errors);
        if (zone is not null && (old is null || old.Child("spec")?.Text("timeZone") != zone)) Zone(zone, "spec.timeZone", errors);
        ContainerRules.RequiredChoice(spec.Text("concurrencyPolicy"), ["Allow", "Forbid", "Replace"], "spec.concurrencyPolicy", errors);
        var job = spec.Child("jobTemplate")?.Child("spec") ?? [];
        JobRules.Validate(job, "spec.jobTemplate.spec", errors);
        if (job.Child("selector") is { } selector) errors.Invalid("spec.jobTemplate.spec.selector", selector, "`selector` will be auto-generated");
        if (job.Flag("manualSelector") == true) errors.Unsupported("spec.jobTemplate.spec.manualSelector", true, ["nil", "false"]);
        NumberRules.NotNegative(spec, "successfulJobsHistoryLimit", "spec", errors);
        NumberRules.NotNegative(spec, "failedJobsHistoryLimit", "spec", errors);
        if (old is null && value.Child("metadata")?.Text("name") is { Length: > MostCharacters } name) errors.Invalid("metadata.name", name, $"must be no more than {MostCharacters} characters");
    }

    private static void Zone(string zone, string path, FieldErrors errors)
    {
        if (zone.Length == 0) { errors.Invalid(path, zone, "timeZone must be nil or non-empty string"); return; }
        if (zone.Split('/').Any(p => p is "." or ".." || p.StartsWith('-') || !ZonePart().IsMatch(p))) { errors.Invalid(path, zone, $"unknown time zone {zone}"); return; }
        if (zone.Equals("Local", StringComparison.OrdinalIgnoreCase)) errors.Invalid(path, zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _)) errors.Invalid(path, zone, $"unknown time zone {zone}");
    }
}
