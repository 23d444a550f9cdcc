using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.State;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Admission.PodSecurity;

/// <summary>
/// Holds pods to the level that their namespace's labels name, and warns about templates whose pods would be refused
/// (https://kubernetes.io/docs/concepts/security/pod-security-admission/). Without labels everything is let through.
/// </summary>
internal sealed class PodSecurityAdmission(ClusterState state) : IAdmissionPlugin
{
    private const string Prefix = "pod-security.kubernetes.io/";
    private static readonly string[] Levels = ["privileged", "baseline", "restricted"];

    public ValueTask ValidateAsync(AdmissionRequest request)
    {
        if (request.Is("namespaces")) Labels(request);
        if (request.Namespace is not { } ns || request.Object is not { } value || request.Operation is not (AdmissionOperation.Create or AdmissionOperation.Update)) return ValueTask.CompletedTask;
        var pod = request.Resource.Type.GroupResource == "pods";
        if (pod && request.Subresource is not ("" or "ephemeralcontainers")) return ValueTask.CompletedTask;
        if (!pod && request.Subresource.Length > 0) return ValueTask.CompletedTask;
        if ((pod ? value.Child("spec") : Template(value)) is not { } spec) return ValueTask.CompletedTask;
        if (state.Newest.Get(Keys.Object(Namespace.Resource, null, ns))?.Labels is not { Count: > 0 } labels) return ValueTask.CompletedTask;
        // An update that leaves the spec alone is no news.
        if (request.OldObject is { } old && JsonNode.DeepEquals(pod ? old.Child("spec") : Template(old), spec)) return ValueTask.CompletedTask;
        if (request.Audit is not null)
        {
            if (pod) request.Annotate(Prefix + "enforce-policy", $"{labels.GetValueOrDefault(Prefix + "enforce", "privileged")}:{labels.GetValueOrDefault(Prefix + "enforce-version", "latest")}");
            if (Broken(labels, "audit", spec) is { } found) request.Annotate(Prefix + "audit-violations", "would violate PodSecurity " + found);
        }
        if (pod && Broken(labels, "enforce", spec) is { } refused) throw ApiError.Forbidden(request.Resource.Type, request.Name, "violates PodSecurity " + refused);
        if (Broken(labels, "warn", spec) is { } warning) request.Warnings.Add("would violate PodSecurity " + warning);
        return ValueTask.CompletedTask;
    }

    private static string? Broken(IReadOnlyDictionary<string, string> labels, string mode, JsonObject spec)
    {
        if (!labels.TryGetValue(Prefix + mode, out var level) || !Levels.Contains(level)) return null;
        var violations = PodSecurityRules.Violations(spec, level);
        return violations.Count == 0 ? null : $"\"{level}:{labels.GetValueOrDefault(Prefix + mode + "-version", "latest")}\": {string.Join(", ", violations)}";
    }

    private static JsonObject? Template(JsonObject workload) =>
        (workload.Child("spec")?.Child("jobTemplate")?.Child("spec") ?? workload.Child("spec"))?.Child("template")?.Child("spec") ?? workload.Child("template")?.Child("spec");

    private static void Labels(AdmissionRequest request)
    {
        var errors = new FieldErrors();
        foreach (var mode in (ReadOnlySpan<string>)["enforce", "audit", "warn"])
            if (request.Object?.Child("metadata")?.Child("labels")?.Text(Prefix + mode) is { } level && !Levels.Contains(level))
                errors.Invalid($"metadata.labels[{Prefix}{mode}]", level, "must be one of privileged, baseline, restricted");
        if (errors.Any) throw ApiError.Invalid(request.Resource.Type, request.Name, errors);
    }
}
