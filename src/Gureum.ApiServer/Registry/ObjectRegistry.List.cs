using Gureum.ApiServer.Errors;
using Gureum.ApiServer.State;
using Gureum.Objects.Selectors;
using Gureum.Store;

namespace Gureum.ApiServer.Registry;

/// <summary>A page of a list.</summary>
/// <param name="Remaining">Objects after this page, or null when that is not known.</param>
public sealed record ListPage(IReadOnlyList<StoredObject> Items, long Revision, string? Continue, long? Remaining);

public sealed partial class ObjectRegistry
{
    public ListPage List(Resource resource, string? ns, ListRequest request)
    {
        CheckFields(resource, request.Fields);
        var prefix = Keys.Collection(resource.StoredAs, ns);
        var (root, from) = Start(request, prefix);
        var all = request.Labels.IsEverything && request.Fields.IsEverything;
        // A list that grows leaves arrays behind that are as large as itself.
        var items = all ? new List<StoredObject>((int)Math.Min(request.Limit > 0 ? request.Limit : int.MaxValue, root.Objects.CountRange(from, Keys.EndOf(prefix)))) : [];
        foreach (var (key, stored) in root.Objects.Range(from, Keys.EndOf(prefix)))
        {
            if (!all && !Matches(resource, request, stored)) continue;
            if (request.Limit > 0 && items.Count == request.Limit)
                return new ListPage(items, root.Revision, ContinueToken.Encode(root.Revision, key, prefix), all ? root.Objects.CountRange(key, Keys.EndOf(prefix)) : null);
            items.Add(stored);
        }
        return new ListPage(items, root.Revision, null, null);
    }

    private (Root Root, string From) Start(ListRequest request, string prefix)
    {
        if (request.Continue is { } token)
        {
            var (revision, from) = ContinueToken.Decode(token, prefix);
            if (request.ResourceVersion is > 0) throw ApiError.BadRequest("specifying resource version is not allowed when using continue");
            return (revision < 0 ? state.Newest : state.At(revision) ?? throw ApiError.ExpiredContinue(ContinueToken.Encode(ContinueToken.Newest, from, prefix)), from);
        }
        var newest = state.Newest;
        if (request.ResourceVersion is not > 0) return (newest, prefix);
        RequireReached(request.ResourceVersion.Value);
        if (request.ResourceVersionMatch == "Exact" || (request.ResourceVersionMatch is null && request.Limit > 0))
            return (state.At(request.ResourceVersion.Value) ?? throw ApiError.Expired("The resourceVersion for the provided list is too old."), prefix);
        return (newest, prefix);
    }

    /// <exception cref="ApiError">504: nobody has been given this revision yet.</exception>
    private void RequireReached(long revision)
    {
        if (revision > state.Newest.Revision) throw ApiError.NotReached(revision, state.Newest.Revision);
    }

    /// <summary>Whether labels and fields of an object are what the request selects.</summary>
    public static bool Matches(Resource resource, ListRequest request, StoredObject stored) =>
        (request.Labels.IsEverything || request.Labels.Matches(stored.Labels))
        && (request.Fields.IsEverything || request.Fields.Matches(field => Field(resource, stored, field)));

    private static string Field(Resource resource, StoredObject stored, string field) => field switch
    {
        "metadata.name" => stored.Name,
        "metadata.namespace" => stored.Field(["metadata", "namespace"]),
        _ when !resource.Strategy.SelectableFields.ContainsKey(field) => "",
        _ => stored.Field(resource.Strategy.SelectableFields[field]) is { Length: > 0 } text ? text : resource.Strategy.MissingField(field, stored),
    };

    /// <exception cref="ApiError">400: the kind has no such field to select by.</exception>
    public static void CheckFields(Resource resource, FieldSelector fields)
    {
        foreach (var requirement in fields.Requirements)
            if (requirement.Field != "metadata.name" && !(requirement.Field == "metadata.namespace" && resource.Strategy.SelectsNamespace) && !resource.Strategy.SelectableFields.ContainsKey(requirement.Field))
                throw ApiError.BadRequest(resource.Strategy.FieldRefusal(requirement.Field));
    }

    /// <summary>Subscribes to a collection, or part of it, after a revision.</summary>
    /// <exception cref="ApiError">410: the revision is older than what is remembered.</exception>
    public (Watcher Watcher, IReadOnlyList<StateChange> Past, Root Root) Watch(Resource resource, string? ns, long afterRevision)
    {
        try { return state.Watch(Keys.Collection(resource.StoredAs, ns), afterRevision); }
        catch (RevisionCompactedException e) { throw ApiError.Expired($"too old resource version: {e.Asked} ({e.Compacted})"); }
    }
}
