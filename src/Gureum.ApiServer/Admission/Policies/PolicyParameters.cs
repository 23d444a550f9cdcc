using System.Text.Json.Nodes;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.State;
using Gureum.Objects.Json;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;
using Gureum.Objects.Selectors;

namespace Gureum.ApiServer.Admission.Policies;

/// <summary>Finds the parameters that a binding gives its policy.</summary>
internal static class PolicyParameters
{
    private static readonly IReadOnlyList<JsonObject?> Nothing = [null];

    /// <returns>One for each time that the policy is to be judged by; a single null for a policy without parameters.</returns>
    /// <exception cref="PolicyException">The kind is not served, or parameters that must be there are not.</exception>
    internal static IReadOnlyList<JsonObject?> Find(Policy policy, PolicyBinding binding, AdmissionRequest request, ResourceCatalog catalog, ClusterState state)
    {
        if (policy.ParamKind is not { } kind || binding.ParamRef is not { } reference) return Nothing;
        var resource = catalog.FindKind(kind.ApiVersion, kind.Kind) ?? throw new PolicyException($"failed to configure policy: failed to find resource referenced by paramKind: '{kind.ApiVersion}, Kind={kind.Kind}'");
        var ns = resource.Type.Namespaced ? reference.Text("namespace") is { Length: > 0 } named ? named : request.Namespace : null;
        if (resource.Type.Namespaced && ns is null) throw new PolicyException("failed to configure binding: cannot use namespaced paramRef in policy binding that matches cluster-scoped resources");
        List<JsonObject?> found = [];
        if (reference.Text("name") is { Length: > 0 } name)
        {
            if (state.Newest.Get(Keys.Object(resource.StoredAs, ns, name)) is { } one) found.Add(ObjectRegistry.Decode(resource, one.Json));
        }
        else
        {
            var selector = reference.Child("selector") is { } labels ? Selector.From(ModelJson.Parse<LabelSelector>(ObjectEncoder.EncodeAny(labels))) : Selector.Everything;
            found.AddRange(state.Newest.Under(Keys.Collection(resource.StoredAs, ns)).Where(p => selector.Matches(p.Value.Labels)).Select(p => ObjectRegistry.Decode(resource, p.Value.Json)));
        }
        return found.Count > 0 || reference.Text("parameterNotFoundAction") == "Allow" ? found
            : throw new PolicyException("failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction");
    }
}
