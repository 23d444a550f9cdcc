using System.Globalization;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Requests;
using Gureum.Objects.Selectors;

namespace Gureum.ApiServer.Registry;

/// <summary>What to list or watch (immutable), read from the query: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions.</summary>
public sealed record ListRequest
{
    public Selector Labels { get; init; } = Selector.Everything;
    public FieldSelector Fields { get; init; } = FieldSelector.Everything;

    /// <summary>Null for the newest; 0 for any.</summary>
    public long? ResourceVersion { get; init; }

    /// <summary>Exact, NotOlderThan, or null for what is usual.</summary>
    public string? ResourceVersionMatch { get; init; }
    public int Limit { get; init; }
    public string? Continue { get; init; }
    public bool Bookmarks { get; init; }

    /// <summary>A watch sends first what is there; null leaves it to the revision that it starts from.</summary>
    public bool? SendInitialEvents { get; init; }
    public TimeSpan? Timeout { get; init; }

    /// <exception cref="ApiError">400: a selector, revision or number cannot be read. 422: the options do not go together.</exception>
    public static ListRequest Parse(Func<string, string?> query, bool watch = false)
    {
        try
        {
            var request = new ListRequest
            {
                Labels = Selector.Parse(query("labelSelector")),
                Fields = FieldSelector.Parse(query("fieldSelector")),
                ResourceVersionMatch = query("resourceVersionMatch") is { Length: > 0 } match ? match : null,
                Limit = (int)Math.Clamp(Number(query("limit")), 0, int.MaxValue),
                Continue = query("continue") is { Length: > 0 } token ? token : null,
                Bookmarks = QueryFlag.Read(query("allowWatchBookmarks")) == true,
                SendInitialEvents = QueryFlag.Read(query("sendInitialEvents")),
                Timeout = query("timeoutSeconds") is { Length: > 0 } seconds && Number(seconds) is var span and not 0 ? TimeSpan.FromSeconds(Math.Clamp(span, 0, 86_400)) : null,
            };
            var version = query("resourceVersion") ?? "";
            // A watch from nowhere in particular has always begun with what is there.
            if (watch && version is "" or "0" && request is { SendInitialEvents: null, ResourceVersionMatch: null }) request = request with { SendInitialEvents = true, ResourceVersionMatch = "NotOlderThan" };
            request.Check(version, watch);
            return request with { ResourceVersion = Revision(version) };
        }
        catch (FormatException e) { throw ApiError.BadRequest(e.Message); }
    }

    private void Check(string version, bool watch)
    {
        var errors = new FieldErrors();
        if (watch) CheckWatch(errors);
        else
        {
            if (ResourceVersionMatch is not null)
            {
                if (version.Length == 0) errors.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided");
                if (Continue is not null) errors.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
                if (ResourceVersionMatch is not ("Exact" or "NotOlderThan")) errors.Unsupported("resourceVersionMatch", ResourceVersionMatch, ["Exact", "NotOlderThan", ""]);
                if (ResourceVersionMatch == "Exact" && version == "0") errors.Forbidden("resourceVersionMatch", "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
            }
            if (SendInitialEvents is not null) errors.Forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
        }
        if (errors.Any) throw ApiError.InvalidOptions("ListOptions", errors);
    }

    private void CheckWatch(FieldErrors errors)
    {
        if (SendInitialEvents is not null && ResourceVersionMatch != "NotOlderThan") errors.Forbidden("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
        if (ResourceVersionMatch is null) return;
        if (SendInitialEvents is null) errors.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
        if (ResourceVersionMatch != "NotOlderThan") errors.Unsupported("resourceVersionMatch", ResourceVersionMatch, ["NotOlderThan"]);
        if (Continue is not null) errors.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
    }

    /// <summary>The revision that a resourceVersion names; null when it is empty.</summary>
    /// <exception cref="ApiError">400: it is no number that a server gives out.</exception>
    internal static long? Revision(string? text)
    {
        if (string.IsNullOrEmpty(text)) return null;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var revision)) return revision;
        var problem = text.All(char.IsAsciiDigit) ? "value out of range" : "invalid syntax";
        throw ApiError.BadRequest($"invalid resource version: resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": {problem}");
    }

    private static long Number(string? text) =>
        string.IsNullOrEmpty(text) ? 0 : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number
            : throw ApiError.BadRequest($"strconv.ParseInt: parsing \"{text}\": invalid syntax");
}
