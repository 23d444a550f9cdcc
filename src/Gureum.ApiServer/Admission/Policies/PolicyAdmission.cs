using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Admission.Hooks;
using Gureum.ApiServer.Authorization;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.State;
using Gureum.Cel.Values;
using Gureum.Objects.Json;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Patches;

namespace Gureum.ApiServer.Admission.Policies;

/// <summary>Judges requests by ValidatingAdmissionPolicies, and changes them by MutatingAdmissionPolicies. Thread-safe.</summary>
internal sealed class PolicyAdmission(ClusterState state, ResourceCatalog catalog, IAuthorizer authorizer) : IAdmissionPlugin
{
    private readonly HookCollection<Policy> validating = new(state, Policy.Validating, Policy.Compile), mutating = new(state, Policy.Mutating, Policy.Compile);
    private readonly HookCollection<PolicyBinding> validatingBindings = new(state, PolicyBinding.Validating, PolicyBinding.Compile), mutatingBindings = new(state, PolicyBinding.Mutating, PolicyBinding.Compile);

    public ValueTask MutateAsync(AdmissionRequest request)
    {
        var bindings = mutatingBindings.Current;
        if (bindings.IsEmpty || request.Object is null || request.Operation == AdmissionOperation.Connect || Exemptions.Covers(request.Resource.Type)) return ValueTask.CompletedTask;
        return MutateAsync(request, bindings);
    }

    private async ValueTask MutateAsync(AdmissionRequest request, ImmutableArray<PolicyBinding> bindings)
    {
        foreach (var policy in mutating.Current)
        {
            if (policy.Matcher?.Find(request, catalog) is not { } seenAs || !policy.Matcher.Selectors.Match(request, state) || (request.Hooks?.Skips(policy, request) ?? false)) continue;
            var changed = false;
            foreach (var binding in bindings)
                if (IsBound(policy, binding, request)) changed |= await MutateAsync(policy, binding, request, seenAs);
            HookState.Of(request).Asked(policy, policy.AsksAgain, changed);
        }
    }

    public ValueTask ValidateAsync(AdmissionRequest request)
    {
        var bindings = validatingBindings.Current;
        if (bindings.IsEmpty || Exemptions.Covers(request.Resource.Type)) return ValueTask.CompletedTask;
        return ValidateAsync(request, bindings);
    }

    private async ValueTask ValidateAsync(AdmissionRequest request, ImmutableArray<PolicyBinding> bindings)
    {
        ApiError? refusal = null;
        foreach (var policy in validating.Current)
        {
            if (policy.Matcher?.Find(request, catalog) is not { } seenAs || !policy.Matcher.Selectors.Match(request, state)) continue;
            foreach (var binding in bindings)
                if (IsBound(policy, binding, request)) refusal = await ValidateAsync(policy, binding, request, seenAs, refusal);
        }
        if (refusal is not null) throw refusal;
    }

    // A binding may narrow down what its policy is for.
    private bool IsBound(Policy policy, PolicyBinding binding, AdmissionRequest request)
    {
        if (binding.PolicyName != policy.Name) return false;
        if (binding.Matcher is not { } matcher) return true;
        foreach (var rule in matcher.Excluded) if (rule.Matches(request, request.Resource.Type)) return false;
        return (matcher.Rules.IsEmpty || matcher.Find(request, catalog) is not null) && matcher.Selectors.Match(request, state);
    }

    // Warnings and annotations of all are given; the first refusal stands.
    private async ValueTask<ApiError?> ValidateAsync(Policy policy, PolicyBinding binding, AdmissionRequest request, Resource seenAs, ApiError? refusal)
    {
        foreach (var (message, reason, index) in await FaultsAsync(policy, binding, request, seenAs))
            foreach (var action in binding.Actions)
                switch (action)
                {
                    case "Deny": refusal ??= Denied(request, $"ValidatingAdmissionPolicy '{policy.Name}' with binding '{binding.Name}' denied request: {message}", message, reason); break;
                    case "Warn": request.Warnings.Add($"Validation failed for ValidatingAdmissionPolicy '{policy.Name}' with binding '{binding.Name}': {message}"); break;
                    case "Audit": request.Annotate("validation.policy.admission.k8s.io/validation_failure", FailureOf(policy, binding, message, index)); break;
                }
        return refusal;
    }

    private async ValueTask<List<(string Message, string Reason, int Index)>> FaultsAsync(Policy policy, PolicyBinding binding, AdmissionRequest request, Resource seenAs)
    {
        List<(string, string, int)> faults = [];
        try
        {
            foreach (var parameter in PolicyParameters.Find(policy, binding, request, catalog, state))
            {
                var run = new PolicyRun(policy, await HookView.OfAsync(request, seenAs), parameter, authorizer, state);
                if (!run.IsMeant()) continue;
                foreach (var (validation, index) in policy.Validations.Select(static (v, i) => (v, i)))
                    try
                    {
                        if (run.Evaluate(validation.Expression) is not CelBool { Value: true }) faults.Add((run.MessageOf(validation), validation.Reason, index));
                    }
                    catch (PolicyException e) when (!policy.IgnoresFailure) { faults.Add((e.Message, "Invalid", index)); }
                    catch (PolicyException) { /* ignored, as the policy says */ }
                foreach (var (key, value) in policy.AuditAnnotations)
                    if (run.Evaluate(value) is CelString { Value: { Length: > 0 } text }) request.Annotate(policy.Name + "/" + key, text);
            }
        }
        catch (PolicyException e) when (!policy.IgnoresFailure) { faults.Add((e.Message, "Invalid", 0)); }
        catch (PolicyException) { /* ignored, as the policy says */ }
        return faults;
    }

    private static string FailureOf(Policy policy, PolicyBinding binding, string message, int index) => new JsonArray((JsonNode)new JsonObject
    {
        ["message"] = message, ["policy"] = policy.Name, ["binding"] = binding.Name, ["expressionIndex"] = index, ["validationActions"] = new JsonArray([.. binding.Actions.Select(static a => (JsonNode)JsonValue.Create(a))]),
    }).ToJsonString();

    private async ValueTask<bool> MutateAsync(Policy policy, PolicyBinding binding, AdmissionRequest request, Resource seenAs)
    {
        var changed = false;
        try
        {
            foreach (var parameter in PolicyParameters.Find(policy, binding, request, catalog, state))
            {
                if (!new PolicyRun(policy, await HookView.OfAsync(request, seenAs), parameter, authorizer, state).IsMeant()) continue;
                foreach (var mutation in policy.Mutations)
                {
                    // Each sees what the one before it left.
                    var view = await HookView.OfAsync(request, seenAs);
                    changed |= await view.AcceptAsync(PolicyChanges.Apply(mutation, new PolicyRun(policy, view, parameter, authorizer, state).Evaluate(mutation.Expression), view.Object!, seenAs.Schema));
                }
            }
        }
        catch (Exception e) when (e is PolicyException or PatchException or DecodeException)
        {
            if (!policy.IgnoresFailure) throw Denied(request, $"policy '{policy.Name}' with binding '{binding.Name}' denied request: {e.Message}", e.Message, "Invalid");
        }
        return changed;
    }

    private static ApiError Denied(AdmissionRequest request, string text, string cause, string reason)
    {
        var forbidden = ApiError.Forbidden(request.Resource.Type, request.Name, text).Status;
        var code = reason switch { "Unauthorized" => 401, "Forbidden" => 403, "RequestEntityTooLarge" => 413, _ => 422 };
        return new ApiError(forbidden with { Reason = reason, Code = code, Details = (forbidden.Details ?? new StatusDetails()) with { Causes = [new StatusCause { Message = cause }] } });
    }
}
