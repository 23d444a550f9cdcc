using System.Text.Json.Nodes;
using Gureum.ApiServer.Admission.Hooks;
using Gureum.ApiServer.Admission.Policies;
using Gureum.ApiServer.Errors;
using Gureum.Cel;
using Gureum.Cel.Checking;
using Gureum.Cel.Kubernetes;
using Gureum.Cel.Syntax;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <summary>Validating- and MutatingAdmissionPolicies: every expression compiles, and says what to do.</summary>
internal sealed class PolicyStrategy(bool mutates) : Strategy
{
    private static readonly string[] Reasons = ["Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"];

    public override void Default(JsonObject value)
    {
        var spec = value.Need("spec");
        if (!spec.ContainsKey("failurePolicy")) spec["failurePolicy"] = "Fail";
        if (spec.Child("matchConstraints") is { } match) DefaultMatch(match);
    }

    internal static void DefaultMatch(JsonObject match)
    {
        if (!match.ContainsKey("matchPolicy")) match["matchPolicy"] = "Equivalent";
        match.Need("namespaceSelector");
        match.Need("objectSelector");
        foreach (var rule in match.Objects("resourceRules").Concat(match.Objects("excludeResourceRules")))
            if (!rule.ContainsKey("scope")) rule["scope"] = "*";
    }

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        if (value.Child("spec") is not { } spec) { errors.Required("spec"); return; }
        HookValidation.Choice(spec, "failurePolicy", "spec", ["Fail", "Ignore"], errors);
        if (spec.Child("matchConstraints") is not { } match) errors.Required("spec.matchConstraints");
        else Match(match, "spec.matchConstraints", errors, needsRules: true);
        if (spec.Child("paramKind") is { } kind && (kind.Text("apiVersion") is not { Length: > 0 } || kind.Text("kind") is not { Length: > 0 })) errors.Required("spec.paramKind", "apiVersion and kind must be specified");
        HookValidation.Conditions(spec, "spec", Policy.EnvironmentOf(spec), errors);
        var environment = Variables(spec, errors);
        if (environment is null) return;
        if (mutates) Mutations(spec, environment, errors);
        else Validations(spec, environment, errors);
    }

    internal static void Match(JsonObject match, string path, FieldErrors errors, bool needsRules)
    {
        if (needsRules && match.IsEmptyList("resourceRules")) errors.Required(path + ".resourceRules");
        HookValidation.Choice(match, "matchPolicy", path, ["Equivalent", "Exact"], errors);
        HookValidation.Selector(match, "namespaceSelector", path, errors);
        HookValidation.Selector(match, "objectSelector", path, errors);
        foreach (var list in (string[])["resourceRules", "excludeResourceRules"])
            foreach (var (rule, i) in match.Objects(list).Select((r, i) => (r, i))) HookValidation.Rule(rule, $"{path}.{list}[{i}]", errors);
    }

    // Null when one does not compile: what follows could not be judged.
    private static CelEnvironment? Variables(JsonObject spec, FieldErrors errors)
    {
        var environment = Policy.EnvironmentOf(spec);
        var given = Policy.VariablesOf(spec).ToList();
        for (var i = 0; i < given.Count; i++)
        {
            try { PolicyVariables.Compile(environment, given.Take(i + 1)); }
            catch (CelCompileException e)
            {
                errors.Invalid($"spec.variables[{i}].expression", given[i].Value, "compilation failed: " + e.Message);
                return null;
            }
        }
        return PolicyVariables.Compile(environment, given).Environment;
    }

    private static void Validations(JsonObject spec, CelEnvironment environment, FieldErrors errors)
    {
        if (spec.IsEmptyList("validations") && spec.IsEmptyList("auditAnnotations")) errors.Required("spec.validations", "validations or auditAnnotations must be specified");
        foreach (var (validation, i) in spec.Objects("validations").Select((v, i) => (v, i)))
        {
            var path = $"spec.validations[{i}]";
            HookValidation.Expression(validation.Text("expression"), path + ".expression", environment, errors, CelType.Bool);
            if (validation.Text("messageExpression") is { Length: > 0 } made) HookValidation.Expression(made, path + ".messageExpression", environment, errors, CelType.String);
            HookValidation.Choice(validation, "reason", path, Reasons, errors);
        }
        foreach (var (annotation, i) in spec.Objects("auditAnnotations").Select((a, i) => (a, i)))
        {
            if (annotation.Text("key") is not { Length: > 0 }) errors.Required($"spec.auditAnnotations[{i}].key");
            HookValidation.Expression(annotation.Text("valueExpression"), $"spec.auditAnnotations[{i}].valueExpression", environment, errors, CelType.String, CelType.Null);
        }
    }

    private static void Mutations(JsonObject spec, CelEnvironment environment, FieldErrors errors)
    {
        if (spec.IsEmptyList("mutations")) errors.Required("spec.mutations", "mutations must contain at least one item");
        if (spec.Text("reinvocationPolicy") is not { Length: > 0 }) errors.Required("spec.reinvocationPolicy");
        HookValidation.Choice(spec, "reinvocationPolicy", "spec", ["IfNeeded", "Never"], errors);
        foreach (var (mutation, i) in spec.Objects("mutations").Select((m, i) => (m, i)))
        {
            var path = $"spec.mutations[{i}]";
            var (type, apply, patch) = (mutation.Text("patchType"), mutation.Child("applyConfiguration"), mutation.Child("jsonPatch"));
            if (type is not ("ApplyConfiguration" or "JSONPatch")) errors.Unsupported(path + ".patchType", type ?? "", ["ApplyConfiguration", "JSONPatch"]);
            else if (type == "JSONPatch" && patch is null) errors.Required(path + ".jsonPatch", "must be specified when patchType is JSONPatch");
            else if (type == "ApplyConfiguration" && apply is null) errors.Required(path + ".applyConfiguration", "must be specified when patchType is ApplyConfiguration");
            else if (apply is not null && patch is not null) errors.Invalid(path, type, "exactly one of applyConfiguration and jsonPatch may be specified");
            else HookValidation.Expression((patch ?? apply)!.Text("expression"), path + (patch is null ? ".applyConfiguration.expression" : ".jsonPatch.expression"), environment, errors, Policy.ResultOf(patch is not null));
        }
    }
}

/// <summary>What binds policies: a policy's name, its parameters, and what a fault leads to.</summary>
internal sealed class PolicyBindingStrategy(bool mutates) : Strategy
{
    private static readonly string[] Actions = ["Audit", "Deny", "Warn"];

    public override void Default(JsonObject value)
    {
        if (value.Child("spec")?.Child("matchResources") is { } match) PolicyStrategy.DefaultMatch(match);
    }

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        if (value.Child("spec") is not { } spec) { errors.Required("spec"); return; }
        if (spec.Text("policyName") is not { Length: > 0 }) errors.Required("spec.policyName");
        if (spec.Child("matchResources") is { } match) PolicyStrategy.Match(match, "spec.matchResources", errors, needsRules: false);
        if (spec.Child("paramRef") is { } reference)
        {
            if (reference.Text("name") is { Length: > 0 } == reference.Child("selector") is not null) errors.Required("spec.paramRef", "one of name or selector must be specified, but not both");
            if (reference.Text("parameterNotFoundAction") is not { Length: > 0 }) errors.Required("spec.paramRef.parameterNotFoundAction");
            HookValidation.Choice(reference, "parameterNotFoundAction", "spec.paramRef", ["Allow", "Deny"], errors);
            HookValidation.Selector(reference, "selector", "spec.paramRef", errors);
        }
        if (mutates) return;
        var actions = spec.Texts("validationActions").ToList();
        if (actions.Count == 0) errors.Required("spec.validationActions", "at least one validation action is required");
        for (var i = 0; i < actions.Count; i++)
            if (!Actions.Contains(actions[i])) errors.Unsupported($"spec.validationActions[{i}]", actions[i], Actions);
        if (actions.Contains("Deny") && actions.Contains("Warn")) errors.Invalid("spec.validationActions", spec["validationActions"], "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)");
    }
}
