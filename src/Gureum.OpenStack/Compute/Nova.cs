using System.Globalization;
using System.Text.Json;
using Gureum.OpenStack.Http;

namespace Gureum.OpenStack.Compute;

/// <summary>What Nova's resources have in common.</summary>
internal static class Nova
{
    internal const int MostListed = 1000;

    internal static readonly Microversion V2_2 = new(2, 2), V2_3 = new(2, 3), V2_9 = new(2, 9), V2_10 = new(2, 10), V2_13 = new(2, 13), V2_14 = new(2, 14), V2_15 = new(2, 15), V2_16 = new(2, 16), V2_19 = new(2, 19), V2_21 = new(2, 21), V2_26 = new(2, 26), V2_36 = new(2, 36), V2_37 = new(2, 37), V2_39 = new(2, 39), V2_42 = new(2, 42), V2_45 = new(2, 45), V2_47 = new(2, 47), V2_50 = new(2, 50), V2_51 = new(2, 51),
        V2_52 = new(2, 52), V2_53 = new(2, 53), V2_54 = new(2, 54), V2_55 = new(2, 55), V2_57 = new(2, 57), V2_58 = new(2, 58), V2_61 = new(2, 61), V2_62 = new(2, 62), V2_63 = new(2, 63), V2_64 = new(2, 64), V2_71 = new(2, 71), V2_73 = new(2, 73), V2_75 = new(2, 75), V2_84 = new(2, 84), V2_86 = new(2, 86), V2_92 = new(2, 92);

    /// <summary>"self" and "bookmark" of a resource.</summary>
    internal static void Links(Utf8JsonWriter json, Call call, string path)
    {
        json.WriteStartArray("links");
        Link(json, "self", $"{call.Service}/v2.1/{path}");
        Link(json, "bookmark", $"{call.Service}/{path}");
        json.WriteEndArray();
    }

    internal static void Bookmark(Utf8JsonWriter json, Call call, string path)
    {
        json.WriteStartArray("links");
        Link(json, "bookmark", $"{call.Service}/{path}");
        json.WriteEndArray();
    }

    private static void Link(Utf8JsonWriter json, string rel, string href)
    {
        json.WriteStartObject();
        json.WriteString("rel", rel);
        json.WriteString("href", href);
        json.WriteEndObject();
    }

    /// <summary>A page of a list, with the link to the next one when it is full.</summary>
    internal static Answer Page<T>(Call call, string name, IReadOnlyList<T> all, Func<T, string> id, string path, Action<Utf8JsonWriter, T> write, string? links = null)
    {
        var limit = Paging.Limit(call, MostListed, MostListed);
        var page = Paging.After(all, call.Query("marker"), id).Take(limit).ToList();
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects(name, page, write);
            if (page.Count > 0 && page.Count == limit)
            {
                json.WriteStartArray(links ?? name + "_links");
                Link(json, "next", call.Service + "/v2.1/" + path + Paging.Query(call, id(page[^1])));
                json.WriteEndArray();
            }
            json.WriteEndObject();
        });
    }

    /// <summary>"2026-11-24T18:00:00Z".</summary>
    internal static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>"2026-11-24T18:00:00.000000": as Nova has it in its extensions.</summary>
    internal static string BareTime(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'.000000'", CultureInfo.InvariantCulture);
}
