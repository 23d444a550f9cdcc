using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.State;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Json;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;
using Gureum.Objects.Selectors;

namespace Gureum.ApiServer.Admission.Hooks;

/// <summary>namespaceSelector and objectSelector of a hook (immutable).</summary>
internal sealed record HookSelectors(Selector Namespaces, Selector Objects)
{
    private static readonly IReadOnlyDictionary<string, string> NoLabels = new Dictionary<string, string>();

    internal static HookSelectors Compile(JsonObject match) => new(Read(match.Child("namespaceSelector")), Read(match.Child("objectSelector")));

    private static Selector Read(JsonObject? selector) =>
        selector is null ? Selector.Everything : Selector.From(ModelJson.Parse<LabelSelector>(ObjectEncoder.EncodeAny(selector)));

    /// <exception cref="ApiError">The request's namespace does not exist, so that nobody knows its labels.</exception>
    internal bool Match(AdmissionRequest request, ClusterState state) =>
        (Namespaces.IsEverything || InNamespace(request, state)) && (Objects.IsEverything || HasMatch(request.Object) || HasMatch(request.OldObject));

    private bool HasMatch(JsonObject? value) => value?.Child("metadata") is { } metadata && Objects.Matches(Labels(metadata));

    // Objects of the cluster other than namespaces have no namespace to select by: hooks are for them whatever they select.
    private bool InNamespace(AdmissionRequest request, ClusterState state)
    {
        if (request.Resource.Type.GroupResource == "namespaces") return Namespaces.Matches((request.Object ?? request.OldObject)?.Child("metadata") is { } metadata ? Labels(metadata) : NoLabels);
        if (request.Namespace is null) return true;
        var found = state.Newest.Get(Keys.Object(Namespace.Resource, null, request.Namespace)) ?? throw ApiError.NotFound(Namespace.Resource, request.Namespace);
        return Namespaces.Matches(found.Labels);
    }

    private static Dictionary<string, string> Labels(JsonObject metadata) => metadata.Map("labels").ToDictionary(p => p.Key, p => p.Value);
}
