using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Admission.Hooks;
using Gureum.Cel;
using Gureum.Cel.Checking;
using Gureum.Cel.Kubernetes;
using Gureum.Cel.Syntax;
using Gureum.Objects.Json;
using Gureum.Objects.Models;

namespace Gureum.ApiServer.Admission.Policies;

/// <summary>One demand of a validating policy (immutable).</summary>
internal sealed record PolicyValidation(HookExpression Expression, string? Message, HookExpression? MessageExpression, string Reason);

/// <summary>One change of a mutating policy (immutable): an apply configuration, or a JSON patch.</summary>
internal sealed record PolicyMutation(bool IsPatch, HookExpression Expression);

/// <summary>
/// A ValidatingAdmissionPolicy or MutatingAdmissionPolicy, compiled (immutable)
/// (https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/).
/// </summary>
/// <param name="Problem">Why no expression of it can be evaluated; null when they can.</param>
internal sealed record Policy(string Name, HookMatcher? Matcher, MatchConditions Conditions, PolicyVariables? Variables, string? Problem)
{
    internal static readonly ResourceType Validating = Type("ValidatingAdmissionPolicy", "validatingadmissionpolicies"), Mutating = Type("MutatingAdmissionPolicy", "mutatingadmissionpolicies");

    internal bool IgnoresFailure { get; private init; }
    internal bool AsksAgain { get; private init; }

    /// <summary>apiVersion and kind of parameters; null takes none.</summary>
    internal (string ApiVersion, string Kind)? ParamKind { get; private init; }
    internal ImmutableArray<PolicyValidation> Validations { get; private init; } = [];
    internal ImmutableArray<(string Key, HookExpression Value)> AuditAnnotations { get; private init; } = [];
    internal ImmutableArray<PolicyMutation> Mutations { get; private init; } = [];

    internal static ResourceType Type(string kind, string plural) => new("admissionregistration.k8s.io/v1", kind, plural, false);

    /// <summary>What its expressions may name, but for its own variables.</summary>
    internal static CelEnvironment EnvironmentOf(JsonObject spec)
    {
        var environment = spec.ContainsKey("mutations") ? HookExpressions.Policy.With(KubernetesCel.Patches) : HookExpressions.Policy;
        return spec.Child("paramKind") is null ? environment : environment.WithVariable("params", CelType.Dyn);
    }

    internal static IEnumerable<KeyValuePair<string, string>> VariablesOf(JsonObject spec) => spec.Objects("variables").Select(static v => KeyValuePair.Create(v.Text("name") ?? "", v.Text("expression") ?? ""));

    internal static CelType[] ResultOf(bool isPatch) => isPatch ? [CelType.List(KubernetesTypes.JsonPatch)] : [CelType.Struct("Object")];

    internal static Policy Compile(JsonObject policy)
    {
        var spec = policy.Child("spec") ?? [];
        var environment = EnvironmentOf(spec);
        PolicyVariables? variables = null;
        string? problem = null;
        try { variables = PolicyVariables.Compile(environment, VariablesOf(spec)); }
        catch (CelCompileException e) { problem = "compilation failed: " + e.Message; }
        var own = variables?.Environment ?? environment;
        var kind = spec.Child("paramKind");
        return new Policy(policy.Child("metadata")?.Text("name") ?? "", HookMatcher.OfPolicy(spec.Child("matchConstraints")), MatchConditions.Compile(spec, environment), variables, problem)
        {
            IgnoresFailure = spec.Text("failurePolicy") == "Ignore", AsksAgain = spec.Text("reinvocationPolicy") == "IfNeeded", ParamKind = kind is null ? null : (kind.Text("apiVersion") ?? "", kind.Text("kind") ?? ""),
            Validations = [.. spec.Objects("validations").Select(v => new PolicyValidation(HookExpression.Compile(own, v.Text("expression") ?? "", CelType.Bool), v.Text("message") is { Length: > 0 } m ? m : null,
                v.Text("messageExpression") is { Length: > 0 } made ? HookExpression.Compile(own, made, CelType.String) : null, v.Text("reason") ?? "Invalid"))],
            AuditAnnotations = [.. spec.Objects("auditAnnotations").Select(a => (a.Text("key") ?? "", HookExpression.Compile(own, a.Text("valueExpression") ?? "", CelType.String, CelType.Null)))],
            Mutations = [.. spec.Objects("mutations").Select(m => m.Child("jsonPatch") is { } patch
                ? new PolicyMutation(true, HookExpression.Compile(own, patch.Text("expression") ?? "", ResultOf(true)))
                : new PolicyMutation(false, HookExpression.Compile(own, m.Child("applyConfiguration")?.Text("expression") ?? "", ResultOf(false))))],
        };
    }
}

/// <summary>What puts a policy to work (immutable).</summary>
internal sealed record PolicyBinding(string Name, string PolicyName, HookMatcher? Matcher, JsonObject? ParamRef, ImmutableArray<string> Actions)
{
    internal static readonly ResourceType Validating = Policy.Type("ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings"), Mutating = Policy.Type("MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings");

    internal static PolicyBinding Compile(JsonObject binding)
    {
        var spec = binding.Child("spec") ?? [];
        return new PolicyBinding(binding.Child("metadata")?.Text("name") ?? "", spec.Text("policyName") ?? "", HookMatcher.OfPolicy(spec.Child("matchResources")), spec.Child("paramRef"), [.. spec.Texts("validationActions")]);
    }
}
