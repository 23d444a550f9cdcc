using System.Text.Json.Nodes;
using Gureum.ApiServer.Admission.Hooks;
using Gureum.ApiServer.Authorization;
using Gureum.ApiServer.State;
using Gureum.Cel.Evaluation;
using Gureum.Cel.Kubernetes;
using Gureum.Cel.Values;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Admission.Policies;

/// <summary>A policy could not be judged by; its failure policy decides what that means.</summary>
internal sealed class PolicyException(string message) : Exception(message);

/// <summary>One evaluation of a policy for one request and one parameter, within one budget.</summary>
internal sealed class PolicyRun
{
    private readonly Policy policy;
    private readonly AdmissionRequest request;
    private readonly HookActivation variables;
    private readonly PolicyVariables.BoundVariables bound;
    private ulong budget = KubernetesCel.CostOfObject, charged;

    /// <exception cref="PolicyException">Its variables do not compile.</exception>
    internal PolicyRun(Policy policy, HookView view, JsonObject? parameter, IAuthorizer authorizer, ClusterState state)
    {
        (this.policy, request) = (policy, view.Request);
        variables = new HookActivation(view, HookAuthorizer.Of(authorizer, view), () => NamespaceOf(view.Request, state));
        if (policy.ParamKind is not null) variables.Set("params", JsonValues.Of(parameter));
        if (policy.Variables is null) throw new PolicyException(policy.Problem!);
        bound = policy.Variables.Bind(variables, KubernetesCel.CostOfCall, request.Cancel);
    }

    private static CelValue NamespaceOf(AdmissionRequest request, ClusterState state) =>
        request.Namespace is { } ns && state.Newest.Get(Keys.Object(Namespace.Resource, null, ns)) is { } stored && ObjectDecoder.DecodeAny(stored.Json) is JsonObject value ? HookExpressions.NamespaceValue(value) : CelNull.Value;

    /// <summary>Whether the policy's conditions hold.</summary>
    /// <exception cref="PolicyException">They err, and none is false.</exception>
    internal bool IsMeant()
    {
        if (policy.Conditions.List.IsEmpty) return true;
        var holds = policy.Conditions.Hold(variables, request.Cancel, out var errors);
        return !holds ? false : errors.Count == 0 ? true : throw new PolicyException(string.Join(", ", errors));
    }

    /// <exception cref="PolicyException">It errs.</exception>
    internal CelValue Evaluate(HookExpression expression)
    {
        var value = expression.Evaluate(bound, ref budget, request.Cancel);
        var more = bound.Cost - charged;
        (charged, budget) = (bound.Cost, budget - Math.Min(more, budget));
        return value is CelError error ? throw new PolicyException($"expression '{expression.Text}' resulted in error: {error.Message}") : value;
    }

    /// <summary>What is said of a demand that is not met.</summary>
    internal string MessageOf(PolicyValidation validation)
    {
        try
        {
            if (validation.MessageExpression is { } expression && Evaluate(expression) is CelString { Value: var made } && made.Trim() is { Length: > 0 and <= 5 * 1024 } text && !text.Contains('\n')) return text;
        }
        catch (PolicyException) { /* the plain message stands in for one that cannot be made */ }
        return validation.Message ?? "failed expression: " + validation.Expression.Text.Trim();
    }
}
