using System.Text.Json.Nodes;
using Gureum.ApiServer.Admission.Hooks;
using Gureum.ApiServer.Errors;
using Gureum.Cel.Checking;
using Gureum.Cel;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <summary>Mutating- and ValidatingWebhookConfigurations: what would never be called, or never answer, is refused at once.</summary>
internal sealed class WebhookConfigurationStrategy : Strategy
{
    public override void Validate(JsonObject value, FieldErrors errors)
    {
        var names = new HashSet<string>();
        foreach (var (hook, i) in value.Objects("webhooks").Select((h, i) => (h, i)))
        {
            var path = $"webhooks[{i}]";
            Name(hook.Text("name") ?? "", path + ".name", names, errors);
            Client(hook.Child("clientConfig"), path + ".clientConfig", errors);
            foreach (var (rule, j) in hook.Objects("rules").Select((r, j) => (r, j))) HookValidation.Rule(rule, $"{path}.rules[{j}]", errors);
            if (hook.Text("sideEffects") is not { Length: > 0 } effects) errors.Required(path + ".sideEffects", "must specify one of None, NoneOnDryRun");
            else if (effects is not ("None" or "NoneOnDryRun")) errors.Unsupported(path + ".sideEffects", effects, ["None", "NoneOnDryRun"]);
            if (hook.Number("timeoutSeconds") is { } seconds and (< 1 or > 30)) errors.Invalid(path + ".timeoutSeconds", seconds, "the timeout value must be between 1 and 30 seconds");
            HookValidation.Choice(hook, "failurePolicy", path, ["Fail", "Ignore"], errors);
            HookValidation.Choice(hook, "matchPolicy", path, ["Equivalent", "Exact"], errors);
            HookValidation.Choice(hook, "reinvocationPolicy", path, ["IfNeeded", "Never"], errors);
            HookValidation.Selector(hook, "namespaceSelector", path, errors);
            HookValidation.Selector(hook, "objectSelector", path, errors);
            Versions([.. hook.Texts("admissionReviewVersions")], path + ".admissionReviewVersions", errors);
            HookValidation.Conditions(hook, path, HookExpressions.Webhook, errors);
        }
    }

    private static void Name(string name, string path, HashSet<string> names, FieldErrors errors)
    {
        if (name.Length == 0) errors.Required(path);
        else if (Names.DnsSubdomainError(name) is { } wrong) errors.Invalid(path, name, wrong);
        else if (name.Split('.').Length < 3) errors.Invalid(path, name, "should be a domain with at least three segments separated by dots");
        if (!names.Add(name)) errors.Duplicate(path, name);
    }

    private static void Client(JsonObject? config, string path, FieldErrors errors)
    {
        if (config is null) { errors.Required(path, "exactly one of url or service is required"); return; }
        var (url, service) = (config.Text("url"), config.Child("service"));
        if (url is null == service is null) errors.Required(path, "exactly one of url or service is required");
        if (url is not null) Url(url, path + ".url", errors);
        if (service is null) return;
        if (service.Text("name") is not { Length: > 0 }) errors.Required(path + ".service.name", "service name is required");
        if (service.Text("namespace") is not { Length: > 0 }) errors.Required(path + ".service.namespace", "service namespace is required");
        if (service.Number("port") is { } port and (< 1 or > 65535)) errors.Invalid(path + ".service.port", port, "port is not valid: must be between 1 and 65535, inclusive");
        if (service.Text("path") is { Length: > 0 } at && !at.StartsWith('/')) errors.Invalid(path + ".service.path", at, "must start with a '/'");
    }

    internal static void Url(string url, string path, FieldErrors errors)
    {
        const string form = "; desired format: https://host[/path]";
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri)) { errors.Invalid(path, url, "url must be a valid URL" + form); return; }
        if (uri.Scheme != "https") errors.Invalid(path, uri.Scheme, "'https' is the only allowed URL scheme" + form);
        if (uri.Host.Length == 0) errors.Invalid(path, uri.Host, "host must be specified" + form);
        if (uri.UserInfo.Length > 0) errors.Invalid(path, uri.UserInfo, "user information is not permitted in the URL");
        if (uri.Fragment.Length > 0) errors.Invalid(path, uri.Fragment, "fragments are not permitted in the URL");
        if (uri.Query.Length > 0) errors.Invalid(path, uri.Query, "query parameters are not permitted in the URL");
    }

    private static void Versions(IReadOnlyList<string> versions, string path, FieldErrors errors)
    {
        if (versions.Count == 0) { errors.Required(path, "must specify one of v1, v1beta1"); return; }
        var seen = new HashSet<string>();
        for (var i = 0; i < versions.Count; i++)
        {
            if (!seen.Add(versions[i])) errors.Invalid($"{path}[{i}]", versions[i], "duplicate version");
            errors.InvalidIf($"{path}[{i}]", versions[i], Names.Dns1035LabelError(versions[i]));
        }
        if (!versions.Any(static v => v is "v1" or "v1beta1")) errors.Invalid(path, new JsonArray([.. versions.Select(v => (JsonNode)JsonValue.Create(v))]), "must include at least one of v1, v1beta1");
    }
}

/// <summary>What holds for webhooks and policies alike.</summary>
internal static class HookValidation
{
    private const int MostConditions = 64;

    internal static void Choice(JsonObject value, string field, string path, string[] choices, FieldErrors errors)
    {
        if (value.Text(field) is { } given && !choices.Contains(given)) errors.Unsupported($"{path}.{field}", given, choices);
    }

    internal static void Rule(JsonObject rule, string path, FieldErrors errors)
    {
        var operations = rule.Texts("operations").ToList();
        if (operations.Count == 0) errors.Required(path + ".operations");
        if (operations.Count > 1 && operations.Contains("*")) errors.Invalid(path + ".operations", rule["operations"], "if '*' is present, must not specify other operations");
        for (var i = 0; i < operations.Count; i++)
            if (operations[i] is not ("*" or "CREATE" or "UPDATE" or "DELETE" or "CONNECT")) errors.Unsupported($"{path}.operations[{i}]", operations[i], ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"]);
        foreach (var (field, what) in ((string, string)[])[("apiGroups", "groups"), ("apiVersions", "versions")])
        {
            var list = rule.Texts(field).ToList();
            if (list.Count == 0) errors.Required($"{path}.{field}");
            if (list.Count > 1 && list.Contains("*")) errors.Invalid($"{path}.{field}", rule[field], $"if '*' is present, must not specify other API {what}");
        }
        if (rule.IsEmptyList("resources")) errors.Required(path + ".resources");
        foreach (var (resource, i) in rule.Texts("resources").Select((r, i) => (r, i)))
            if (resource.Length == 0) errors.Required($"{path}.resources[{i}]");
        Choice(rule, "scope", path, ["*", "Cluster", "Namespaced"], errors);
    }

    internal static void Selector(JsonObject value, string field, string path, FieldErrors errors)
    {
        foreach (var (expression, i) in (value.Child(field)?.Objects("matchExpressions") ?? []).Select((e, i) => (e, i)))
        {
            var place = $"{path}.{field}.matchExpressions[{i}]";
            var count = expression.Items("values")?.Count ?? 0;
            switch (expression.Text("operator"))
            {
                case "In" or "NotIn" when count == 0: errors.Required(place + ".values", "must be specified when `operator` is 'In' or 'NotIn'"); break;
                case "Exists" or "DoesNotExist" when count > 0: errors.Forbidden(place + ".values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"); break;
                case "In" or "NotIn" or "Exists" or "DoesNotExist": break;
                default: errors.Invalid(place + ".operator", expression.Text("operator") ?? "", "not a valid selector operator"); break;
            }
        }
    }

    internal static void Conditions(JsonObject value, string path, CelEnvironment environment, FieldErrors errors)
    {
        if (value.Items("matchConditions") is { Count: > MostConditions } many) { errors.Invalid(path + ".matchConditions", many.Count, $"must have at most {MostConditions} items"); return; }
        var names = new HashSet<string>();
        foreach (var (condition, i) in value.Objects("matchConditions").Select((c, i) => (c, i)))
        {
            var place = $"{path}.matchConditions[{i}]";
            if (condition.Text("name") is not { Length: > 0 } name) errors.Required(place + ".name");
            else if (!names.Add(name)) errors.Duplicate(place + ".name", name);
            else errors.InvalidIf(place + ".name", name, Names.QualifiedNameError(name));
            Expression(condition.Text("expression"), place + ".expression", environment, errors, CelType.Bool);
        }
    }

    internal static void Expression(string? text, string path, CelEnvironment environment, FieldErrors errors, params ReadOnlySpan<CelType> wanted)
    {
        if (string.IsNullOrWhiteSpace(text)) errors.Required(path);
        else errors.InvalidIf(path, text, HookExpression.Compile(environment, text, wanted).Problem);
    }
}
