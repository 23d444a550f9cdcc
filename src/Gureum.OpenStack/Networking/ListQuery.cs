using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Gureum.OpenStack.Http;

namespace Gureum.OpenStack.Networking;

/// <summary>What a list of Neutron's asks for: filters by any attribute, order, page, and which fields are shown (https://docs.openstack.org/api-ref/network/v2/#general-api-overview). Pure.</summary>
internal sealed partial class ListQuery(Call call, IReadOnlyCollection<string> attributes)
{
    private static readonly string[] Own = ["limit", "marker", "page_reverse", "sort_key", "sort_dir", "fields"], TagFilters = ["tags-any", "not-tags", "not-tags-any"];

    [GeneratedRegex("[A-Za-z0-9_:]+")] private static partial Regex FieldNames();

    /// <summary>The filters by attribute; several values of one are alternatives.</summary>
    /// <exception cref="Fault">400: the resource has no such attribute.</exception>
    internal List<JsonObject> Filter(IEnumerable<JsonObject> documents)
    {
        var filters = call.Context.Request.Query.Where(static q => !Own.Contains(q.Key)).Select(static q => (q.Key, Values: q.Value.Select(static v => v ?? "").ToList())).ToList();
        var unknown = filters.Where(f => !attributes.Contains(f.Key) && !TagFilters.Contains(f.Key)).Select(static f => f.Key).ToList();
        if (unknown.Count > 0) throw Neutron.Refusal(400, "HTTPBadRequest", $"[{string.Join(", ", unknown.Select(static u => $"'{u}'"))}] is invalid attribute for filtering");
        return [.. documents.Where(d => filters.All(f => Passes(d, f.Key, f.Values)))];
    }

    private static bool Passes(JsonObject document, string key, List<string> wanted) => key switch
    {
        "tags" => wanted.SelectMany(Split).All(t => Tags(document).Contains(t)),
        "tags-any" => wanted.SelectMany(Split).Any(t => Tags(document).Contains(t)),
        "not-tags" => !wanted.SelectMany(Split).All(t => Tags(document).Contains(t)),
        "not-tags-any" => !wanted.SelectMany(Split).Any(t => Tags(document).Contains(t)),
        "fixed_ips" => document[key] is JsonArray addresses && wanted.Select(static w => w.Split('=', 2)).GroupBy(static w => w[0]).All(g => addresses.OfType<JsonObject>().Any(a => g.Any(w => w.Length == 2 && FixedIp(a, w[0], w[1])))),
        _ => wanted.Any(w => Matches(document[key], w)),
    };

    private static bool FixedIp(JsonObject address, string field, string wanted) => field == "ip_address_substr" ? ((string?)address["ip_address"])?.Contains(wanted, StringComparison.Ordinal) == true : (string?)address[field] == wanted;

    private static IEnumerable<string> Split(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries);
    private static List<string> Tags(JsonObject document) => document["tags"] is JsonArray tags ? [.. tags.Select(static t => (string)t!)] : [];

    private static bool Matches(JsonNode? value, string wanted) => value switch
    {
        null => wanted.Length == 0 || wanted is "None" or "null",
        JsonArray list => list.Any(item => Matches(item, wanted)),
        _ => value.GetValueKind() switch
        {
            JsonValueKind.True => Flags.Parse(wanted) == true,
            JsonValueKind.False => Flags.Parse(wanted) == false,
            JsonValueKind.String => value.GetValue<string>() == wanted,
            _ => value.ToJsonString() == wanted,
        },
    };

    /// <summary>The answer, with the links to the pages beside it when a limit was given.</summary>
    internal Answer Answer(string name, List<JsonObject> documents)
    {
        var limit = call.Query("limit") is null ? int.MaxValue : Paging.Limit(call, int.MaxValue, int.MaxValue) is > 0 and var given ? given : int.MaxValue;
        var reverse = Flags.Parse(call.Query("page_reverse") ?? "") == true;
        var ordered = Sort(documents);
        if (reverse) ordered.Reverse();
        var page = Paging.After(ordered, call.Query("marker"), static d => (string)d["id"]!).Take(limit).ToList();
        if (reverse) page.Reverse();
        var shown = Fields();
        return Http.Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray(name);
            foreach (var document in page) Write(json, document, shown);
            json.WriteEndArray();
            if (limit < int.MaxValue && page.Count > 0)
            {
                (string Rel, string Marker) next = ("next", (string)page[^1]["id"]!), previous = ("previous", (string)page[0]["id"]!);
                json.Objects(name + "_links", page.Count == limit || reverse ? new[] { next, previous } : [previous], (_, link) => Link(json, link.Rel, link.Marker));
            }
            json.WriteEndObject();
        });
    }

    private void Link(Utf8JsonWriter json, string rel, string marker)
    {
        var query = call.Context.Request.Query.Where(static q => q.Key is not ("marker" or "page_reverse")).SelectMany(static q => q.Value.Select(v => $"{Uri.EscapeDataString(q.Key)}={Uri.EscapeDataString(v ?? "")}")).Append("marker=" + marker);
        json.WriteString("rel", rel);
        json.WriteString("href", $"{call.Origin}{call.Path}?{string.Join('&', query)}{(rel == "previous" ? "&page_reverse=True" : "")}");
    }

    private List<JsonObject> Sort(List<JsonObject> documents)
    {
        var (keys, directions) = (call.Queries("sort_key"), call.Queries("sort_dir"));
        if (keys.Count != directions.Count && directions.Count > 0 && keys.Count > 0) throw Neutron.Refusal(400, "HTTPBadRequest", $"The number of sort_keys and sort_dirs must be same: {keys.Count} and {directions.Count} were given");
        if (keys.FirstOrDefault(k => !attributes.Contains(k)) is { } unknown) throw Neutron.Refusal(400, "HTTPBadRequest", $"[{unknown}] is invalid attribute for sort_keys");
        if (directions.FirstOrDefault(static d => d is not ("asc" or "desc")) is { } direction) throw Neutron.Refusal(400, "HTTPBadRequest", $"'{direction}' is no direction to sort in; asc and desc are accepted");
        var ordered = documents.OrderBy(static _ => 0);
        for (var i = 0; i < keys.Count; i++)
        {
            var key = keys[i];
            ordered = directions.Count > i && directions[i] == "desc" ? ordered.ThenByDescending(d => Text(d[key]), StringComparer.Ordinal) : ordered.ThenBy(d => Text(d[key]), StringComparer.Ordinal);
        }
        return [.. ordered.ThenBy(static d => (string)d["id"]!, StringComparer.Ordinal)];
    }

    private static string Text(JsonNode? value) => value switch
    {
        null => "",
        _ => value.GetValueKind() switch { JsonValueKind.String => value.GetValue<string>(), JsonValueKind.Number => value.ToJsonString().PadLeft(20, '0'), _ => value.ToJsonString() },
    };

    /// <summary>The fields to show; null for all. Older clients send a whole list of Python's as one value.</summary>
    internal HashSet<string>? Fields()
    {
        var names = call.Queries("fields").SelectMany(static f => FieldNames().Matches(f).Select(static m => m.Value)).Where(attributes.Contains).ToHashSet();
        return names.Count == 0 ? null : names;
    }

    internal static void Write(Utf8JsonWriter json, JsonObject document, HashSet<string>? fields)
    {
        json.WriteStartObject();
        foreach (var (key, value) in document)
            if (fields is null || fields.Contains(key)) json.Node(key, value);
        json.WriteEndObject();
    }
}
