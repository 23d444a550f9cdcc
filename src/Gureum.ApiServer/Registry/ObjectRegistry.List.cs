using System.Text;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.State;
using Gureum.Objects.Json;
using Gureum.Objects.Selectors;
using Gureum.Store;

namespace Gureum.ApiServer.Registry;

/// <summary>What to list or watch (immutable), read from the query.</summary>
public sealed record ListRequest
{
    public Selector Labels { get; init; } = Selector.Everything;
    public FieldSelector Fields { get; init; } = FieldSelector.Everything;
    public long? ResourceVersion { get; init; }
    public string? ResourceVersionMatch { get; init; }
    public int Limit { get; init; }
    public string? Continue { get; init; }
    public bool Watch { get; init; }
    public bool Bookmarks { get; init; }
    public bool SendInitialEvents { get; init; }
    public TimeSpan? Timeout { get; init; }

    /// <exception cref="ApiError">400: a selector, revision or number cannot be read.</exception>
    public static ListRequest Parse(Func<string, string?> query)
    {
        try
        {
            var request = new ListRequest
            {
                Labels = Selector.Parse(query("labelSelector")),
                Fields = FieldSelector.Parse(query("fieldSelector")),
                ResourceVersion = Version(query("resourceVersion")),
                ResourceVersionMatch = query("resourceVersionMatch") is { Length: > 0 } match ? match : null,
                Limit = (int)Math.Min(int.MaxValue, Number("limit", query("limit"))),
                Continue = query("continue") is { Length: > 0 } token ? token : null,
                Watch = query("watch") is "true" or "1" or "",
                Bookmarks = query("allowWatchBookmarks") is "true" or "1",
                SendInitialEvents = query("sendInitialEvents") is "true" or "1",
                Timeout = query("timeoutSeconds") is { } seconds ? TimeSpan.FromSeconds(Math.Min(86_400, Number("timeoutSeconds", seconds))) : null,
            };
            request.CheckMatch();
            return request;
        }
        catch (FormatException e) { throw ApiError.BadRequest(e.Message); }
    }

    private void CheckMatch()
    {
        if (ResourceVersionMatch is null) return;
        if (ResourceVersionMatch is not ("Exact" or "NotOlderThan"))
            throw ApiError.BadRequest($"resourceVersionMatch \"{ResourceVersionMatch}\" is not supported; use Exact or NotOlderThan");
        if (ResourceVersion is null && !SendInitialEvents) throw ApiError.BadRequest("resourceVersionMatch is forbidden unless resourceVersion is provided");
        if (Continue is not null) throw ApiError.BadRequest("resourceVersionMatch is forbidden when continue is provided");
        if (ResourceVersionMatch == "Exact" && ResourceVersion == 0) throw ApiError.BadRequest("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
    }

    private static long? Version(string? text)
    {
        if (string.IsNullOrEmpty(text)) return null;
        return long.TryParse(text, System.Globalization.NumberStyles.None, null, out var version) ? version
            : throw ApiError.BadRequest($"Invalid value: \"{text}\": resourceVersion must be a number that the server gave out");
    }

    private static long Number(string name, string? text) =>
        string.IsNullOrEmpty(text) ? 0 : long.TryParse(text, System.Globalization.NumberStyles.None, null, out var number) ? number
            : throw ApiError.BadRequest($"{name} \"{text}\" is not a whole number that is not negative");
}

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
        var items = new List<StoredObject>();
        var all = request.Labels.IsEverything && request.Fields.IsEverything;
        foreach (var (key, stored) in root.Objects.Range(from, Keys.EndOf(prefix)))
        {
            if (!all && !Matches(resource, request, stored)) continue;
            if (request.Limit > 0 && items.Count == request.Limit)
                return new ListPage(items, root.Revision, ContinueToken.Encode(root.Revision, key), all ? root.Objects.CountRange(key, Keys.EndOf(prefix)) : null);
            items.Add(stored);
        }
        return new ListPage(items, root.Revision, null, null);
    }

    private (Root Root, string From) Start(ListRequest request, string prefix)
    {
        if (request.Continue is { } token)
        {
            var (revision, from) = ContinueToken.Decode(token);
            if (!from.StartsWith(prefix, StringComparison.Ordinal)) throw ApiError.BadRequest("continue key is not valid: it belongs to another list");
            var root = state.At(revision) ?? throw ApiError.Expired("The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.");
            return (root, from);
        }
        var newest = state.Newest;
        if (request.ResourceVersion is not > 0) return (newest, prefix);
        if (request.ResourceVersion > newest.Revision)
            throw ApiError.Make(504, "Timeout", $"Too large resource version: {request.ResourceVersion}, current: {newest.Revision}",
                new() { Causes = [new() { Reason = "ResourceVersionTooLarge", Message = "Too large resource version" }], RetryAfterSeconds = 1 });
        if (request.ResourceVersionMatch == "Exact" || (request.ResourceVersionMatch is null && request.Limit > 0))
            return (state.At(request.ResourceVersion.Value) ?? throw ApiError.Expired($"The resourceVersion for the provided list is too old: {request.ResourceVersion}"), prefix);
        return (newest, prefix);
    }

    /// <summary>Whether labels and fields of an object are what the request selects.</summary>
    public static bool Matches(Resource resource, ListRequest request, StoredObject stored) =>
        (request.Labels.IsEverything || request.Labels.Matches(stored.Labels))
        && (request.Fields.IsEverything || request.Fields.Matches(field => Field(resource, stored, field)));

    private static string Field(Resource resource, StoredObject stored, string field) => field switch
    {
        "metadata.name" => stored.Name,
        "metadata.namespace" => stored.Field(["metadata", "namespace"]),
        _ => stored.Field(resource.Strategy.SelectableFields[field]) is { Length: > 0 } text ? text : resource.Strategy.MissingField(field),
    };

    /// <exception cref="ApiError">400: the kind has no such field to select by.</exception>
    public static void CheckFields(Resource resource, FieldSelector fields)
    {
        foreach (var requirement in fields.Requirements)
            if (requirement.Field != "metadata.name" && !(requirement.Field == "metadata.namespace" && resource.Type.Namespaced) && !resource.Strategy.SelectableFields.ContainsKey(requirement.Field))
                throw ApiError.BadRequest($"field label not supported: {requirement.Field}; {resource.Type.Kind} can be selected by metadata.name, metadata.namespace"
                    + string.Concat(resource.Strategy.SelectableFields.Keys.Select(k => ", " + k)));
    }

    /// <summary>Subscribes to a collection, or part of it, after a revision.</summary>
    public (Watcher Watcher, IReadOnlyList<StateChange> Past, Root Root) Watch(Resource resource, string? ns, long afterRevision)
    {
        try { return state.Watch(Keys.Collection(resource.StoredAs, ns), afterRevision); }
        catch (RevisionCompactedException e) { throw ApiError.Expired($"too old resource version: {e.Asked} ({e.Compacted})"); }
    }
}

/// <summary>Where a list goes on: revision and next key, opaque to clients.</summary>
internal static class ContinueToken
{
    internal static string Encode(long revision, string key) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes($"1\n{revision}\n{key}")).Replace('+', '-').Replace('/', '_').TrimEnd('=');

    /// <exception cref="ApiError">400: not a token of this server.</exception>
    internal static (long Revision, string Key) Decode(string token)
    {
        try
        {
            var padded = token.Replace('-', '+').Replace('_', '/');
            var parts = Encoding.UTF8.GetString(Convert.FromBase64String(padded + new string('=', (4 - padded.Length % 4) % 4))).Split('\n');
            if (parts is ["1", var revision, var key] && long.TryParse(revision, out var number)) return (number, key);
        }
        catch (FormatException) { /* told below */ }
        throw ApiError.BadRequest("continue key is not valid: give the token of the page before unchanged");
    }
}
