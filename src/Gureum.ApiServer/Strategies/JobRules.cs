using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Strategies.Pods;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <summary>What the spec of a job must fulfil, in a Job or in a template.</summary>
internal static class JobRules
{
    private const int ManyCompletions = 100_000;
    private const int MostParallel = 10_000;
    private static readonly string[] Actions = ["Count", "FailIndex", "FailJob", "Ignore"];
    private static readonly string[] Operators = ["In", "NotIn"];
    private static readonly string[] Statuses = ["False", "True", "Unknown"];

    internal static void Validate(JsonObject spec, string path, FieldErrors errors)
    {
        foreach (var field in (ReadOnlySpan<string>)["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished", "backoffLimitPerIndex", "maxFailedIndexes"]) NumberRules.NotNegative(spec, field, path, errors);
        if (spec.ContainsKey("maxFailedIndexes") && !spec.ContainsKey("backoffLimitPerIndex")) errors.Required(path + ".backoffLimitPerIndex", "when maxFailedIndexes is specified");
        if (spec.Text("managedBy") is { } manager)
        {
            DomainPath(manager, path + ".managedBy", errors);
            if (manager.Length > 63) errors.TooLong(path + ".managedBy", 63);
        }
        SecurityRules.Choice(spec, "completionMode", ["NonIndexed", "Indexed"], path, errors);
        Indexes(spec, path, errors);
        if (spec.Child("podFailurePolicy") is { } failures) Failures(failures, spec, path + ".podFailurePolicy.rules", errors);
        if (spec.Child("successPolicy") is { } success)
        {
            if (spec.Text("completionMode") != "Indexed") errors.Invalid(path + ".successPolicy", GoText.Of(success, "batch.v1.SuccessPolicy"), "requires indexed completion mode");
            else Success(success, spec, path + ".successPolicy.rules", errors);
        }
        SecurityRules.Choice(spec, "podReplacementPolicy", spec.ContainsKey("podFailurePolicy") ? ["Failed"] : ["Failed", "TerminatingOrFailed"], path, errors);
        TemplateRules.Validate(spec.Child("template") ?? [], path + ".template", errors);
        var policy = spec.Child("template")?.Child("spec")?.Text("restartPolicy") ?? "";
        if (policy is "" or "Always") errors.Required(path + ".template.spec.restartPolicy", "valid values: \"OnFailure\", \"Never\"");
        else if (policy is not ("OnFailure" or "Never")) errors.Unsupported(path + ".template.spec.restartPolicy", policy, ["OnFailure", "Never"]);
        else if (policy != "Never" && spec.ContainsKey("podFailurePolicy")) errors.Invalid(path + ".template.spec.restartPolicy", policy, "only \"Never\" is supported when podFailurePolicy is specified");
    }

    /// <summary>A domain, a slash, and a path.</summary>
    internal static void DomainPath(string text, string path, FieldErrors errors)
    {
        if (text.Length == 0) { errors.Required(path); return; }
        if (text.IndexOf('/') is not (> 0 and var slash) || slash == text.Length - 1) { errors.Invalid(path, text, "must be a domain-prefixed path (such as \"acme.io/foo\")"); return; }
        errors.InvalidEach(path, text[..slash], Names.DnsSubdomainErrors(text[..slash]));
        if (!Names.IsUrlPath(text[(slash + 1)..])) errors.Invalid(path, text[(slash + 1)..], "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')");
    }

    private static void Indexes(JsonObject spec, string path, FieldErrors errors)
    {
        var (completions, parallel, failed) = (spec.Number("completions"), spec.Number("parallelism"), spec.Number("maxFailedIndexes"));
        if (spec.Text("completionMode") is null or "NonIndexed")
        {
            foreach (var field in (ReadOnlySpan<string>)["backoffLimitPerIndex", "maxFailedIndexes"])
                if (spec.Number(field) is { } number) errors.Invalid($"{path}.{field}", number, "requires indexed completion mode");
            return;
        }
        if (spec.Text("completionMode") != "Indexed") return;
        if (completions is null) errors.Required(path + ".completions", "when completion mode is Indexed");
        if (parallel > ManyCompletions) errors.Invalid(path + ".parallelism", parallel, $"must be less than or equal to {ManyCompletions} when completion mode is Indexed");
        if (failed > completions) errors.Invalid(path + ".maxFailedIndexes", failed, "must be less than or equal to completions");
        if (failed > ManyCompletions) errors.Invalid(path + ".maxFailedIndexes", failed, $"must be less than or equal to {ManyCompletions}");
        if (completions is not > ManyCompletions || !spec.ContainsKey("backoffLimitPerIndex")) return;
        const string high = "must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index";
        if (failed is null) errors.Required(path + ".maxFailedIndexes", $"must be specified when completions is above {ManyCompletions}");
        if (parallel > MostParallel) errors.Invalid(path + ".parallelism", parallel, high);
        if (failed > MostParallel) errors.Invalid(path + ".maxFailedIndexes", failed, high);
    }

    private static void Failures(JsonObject policy, JsonObject spec, string path, FieldErrors errors)
    {
        var rules = policy.Objects("rules").ToList();
        if (rules.Count > 20) errors.TooMany(path, rules.Count, 20);
        var pod = spec.Child("template")?.Child("spec") ?? [];
        var names = pod.Objects("containers").Concat(pod.Objects("initContainers")).Select(c => c.Text("name") ?? "").ToHashSet(StringComparer.Ordinal);
        foreach (var (i, rule) in rules.Index())
        {
            var place = $"{path}[{i}]";
            if (rule.Text("action") == "FailIndex") { if (!spec.ContainsKey("backoffLimitPerIndex")) errors.Invalid(place + ".action", "FailIndex", "requires the backoffLimitPerIndex to be set"); }
            else Choose(rule.Text("action"), Actions, place + ".action", errors);
            var (codes, conditions) = (rule.Child("onExitCodes"), rule.Objects("onPodConditions").ToList());
            if (codes is not null) ExitCodes(codes, names, place + ".onExitCodes", errors);
            if (conditions.Count > 20) errors.TooMany(place + ".onPodConditions", conditions.Count, 20);
            foreach (var (j, condition) in conditions.Index())
            {
                errors.InvalidEach($"{place}.onPodConditions[{j}].type", condition.Text("type") ?? "", Names.QualifiedNameErrors(condition.Text("type") ?? ""));
                Choose(condition.Text("status"), Statuses, $"{place}.onPodConditions[{j}].status", errors);
            }
            if (codes is not null && conditions.Count > 0) errors.InvalidUnshown(place, "specifying both OnExitCodes and OnPodConditions is not supported");
            if (codes is null && conditions.Count == 0) errors.InvalidUnshown(place, "specifying one of OnExitCodes and OnPodConditions is required");
        }
    }

    private static void Choose(string? chosen, string[] known, string path, FieldErrors errors)
    {
        if (chosen is not { Length: > 0 }) errors.Required(path, $"valid values: [{string.Join(' ', known.Select(FieldErrors.Quote))}]");
        else if (!known.Contains(chosen)) errors.Unsupported(path, chosen, known);
    }

    private static void ExitCodes(JsonObject codes, HashSet<string> names, string path, FieldErrors errors)
    {
        Choose(codes.Text("operator"), Operators, path + ".operator", errors);
        if (codes.Text("containerName") is { } name && !names.Contains(name)) errors.Invalid(path + ".containerName", name, "must be one of the container or initContainer names in the pod template");
        var values = (codes.Items("values") ?? []).Select(v => NumberRules.Count(v) ?? 0).ToList();
        if (values.Count == 0) errors.Invalid(path + ".values", null, "at least one value is required");
        else if (values.Count > 255) errors.TooMany(path + ".values", values.Count, 255);
        var (seen, ordered) = (new HashSet<long>(), true);
        foreach (var (i, value) in values.Index())
        {
            if (value == 0 && codes.Text("operator") == "In") errors.Invalid($"{path}.values[{i}]", value, "must not be 0 for the In operator");
            if (!seen.Add(value)) errors.Duplicate($"{path}.values[{i}]", value);
            ordered &= i == 0 || values[i - 1] <= value;
        }
        if (!ordered) errors.Invalid(path + ".values", codes["values"], "must be ordered");
    }

    private static void Success(JsonObject policy, JsonObject spec, string path, FieldErrors errors)
    {
        var rules = policy.Objects("rules").ToList();
        if (rules.Count == 0) errors.Required(path, "at least one rules must be specified when the successPolicy is specified");
        if (rules.Count > 20) errors.TooMany(path, rules.Count, 20);
        foreach (var (i, rule) in rules.Index())
        {
            var (place, count, most) = ($"{path}[{i}]", rule.Number("succeededCount"), spec.Number("completions") ?? 0);
            if (count is null && rule.Text("succeededIndexes") is null) errors.Required(place, "at least one of succeededCount or succeededIndexes must be specified");
            long indexes = 0;
            if (rule.Text("succeededIndexes") is { } listed)
            {
                if (listed.Length > 64 * 1024) errors.TooLong(place + ".succeededIndexes", 64 * 1024);
                if (!TryCount(listed, most, out indexes, out var why)) errors.Invalid(place + ".succeededIndexes", listed, $"error parsing succeededIndexes: {why}");
            }
            if (count is null) continue;
            NumberRules.NotNegative(rule, "succeededCount", place, errors);
            if (count > most) errors.Invalid(place + ".succeededCount", count, $"must be less than or equal to {most} (the number of specified completions)");
            if (rule.ContainsKey("succeededIndexes") && count > indexes) errors.Invalid(place + ".succeededCount", count, $"must be less than or equal to {indexes} (the number of indexes in the specified succeededIndexes field)");
        }
    }

    // "1,3-5": numbers and spans of them, rising.
    private static bool TryCount(string listed, long completions, out long count, out string why)
    {
        (count, why) = (0, "");
        if (listed.Length == 0) return true;
        long? last = null;
        foreach (var span in listed.Split(','))
        {
            var ends = span.Split('-');
            if (ends.Length > 2) { why = $"the fragment {FieldErrors.Quote(span)} violates the requirement that an index interval can have at most two parts separated by '-'"; return false; }
            if (!int.TryParse(ends[0], System.Globalization.NumberStyles.AllowLeadingSign, null, out var first)) { why = $"cannot convert string to integer for index: {FieldErrors.Quote(ends[0])}"; return false; }
            if (first >= completions) { why = $"too large index: {FieldErrors.Quote(ends[0])}"; return false; }
            if (last is { } before && before >= first) { why = $"non-increasing order, previous: {before}, current: {first}"; return false; }
            var end = first;
            if (ends.Length > 1)
            {
                if (!int.TryParse(ends[1], System.Globalization.NumberStyles.AllowLeadingSign, null, out end)) { why = $"cannot convert string to integer for index: {FieldErrors.Quote(ends[1])}"; return false; }
                if (end >= completions) { why = $"too large index: {FieldErrors.Quote(ends[1])}"; return false; }
                if (first >= end) { why = $"non-increasing order, previous: {first}, current: {end}"; return false; }
            }
            count += end - first + 1;
            last = end;
        }
        return true;
    }
}
