using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Client;
using Gureum.Objects;
using Gureum.Objects.Models;
using Gureum.OpenStack.Compute;
using Gureum.OpenStack.Http;

namespace Gureum.OpenStack.Volumes;

/// <summary>What Cinder's resources have in common.</summary>
internal static class Cinder
{
    internal const int MostListed = 1000;
    internal const long Gibi = 1L << 30;
    internal const string Zone = "nova", Pool = "claims";

    internal static readonly Microversion V3_13 = new(3, 13), V3_21 = new(3, 21), V3_27 = new(3, 27), V3_34 = new(3, 34), V3_36 = new(3, 36), V3_41 = new(3, 41), V3_42 = new(3, 42), V3_44 = new(3, 44), V3_45 = new(3, 45), V3_48 = new(3, 48), V3_55 = new(3, 55), V3_57 = new(3, 57),
        V3_61 = new(3, 61), V3_63 = new(3, 63), V3_65 = new(3, 65);

    /// <summary>Whole GiB, rounded up: what Cinder counts in.</summary>
    internal static long InGibi(Quantity size) => Math.Max(1, (size.Whole + Gibi - 1) / Gibi);

    internal static Quantity Size(long gibi) => Quantity.Parse(gibi.ToString(CultureInfo.InvariantCulture) + "Gi");

    // With the project in the path, when the client wrote it.
    private static string Root(Call call) => call.Part("project") is { } project ? "/" + project : "";

    internal static string Self(Call call, string path) => $"{call.Service}/v3{Root(call)}/{path}";

    internal static void Links(Utf8JsonWriter json, Call call, string path) => json.Objects("links", [("self", Self(call, path)), ("bookmark", $"{call.Service}{Root(call)}/{path}")], static (j, l) =>
    {
        j.WriteString("rel", l.Item1);
        j.WriteString("href", l.Item2);
    });

    /// <summary>A page of a list, with the link to the next one when it is full.</summary>
    internal static Answer Page<T>(Call call, string name, IReadOnlyList<T> all, Func<T, string> id, string path, Action<Utf8JsonWriter, T> write)
    {
        var limit = Paging.Limit(call, MostListed, MostListed);
        if (call.Query("marker") is { Length: > 0 } marker && all.All(i => id(i) != marker)) throw Fault.NotFound($"marker [{marker}] not found");
        var rest = Paging.After(all, call.Query("marker"), id);
        if (call.Query("offset") is { } text) rest = rest.Skip(int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var offset) ? offset : throw Fault.BadRequest($"Invalid input for query parameters offset. Value: {text}. A whole number from 0 is accepted."));
        var page = rest.Take(limit).ToList();
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects(name, page, write);
            if (page.Count > 0 && page.Count == limit)
                json.Objects(name + "_links", [Self(call, path) + Paging.Query(call, id(page[^1]))], static (j, href) =>
                {
                    j.WriteString("rel", "next");
                    j.WriteString("href", href);
                });
            if (call.Version >= V3_45 && call.Query("with_count") is { } count && Flags.Parse(count) == true) json.WriteNumber("count", all.Count);
            json.WriteEndObject();
        });
    }

    /// <summary>An answer of one object: {"volume": {…}}.</summary>
    internal static Answer One(string name, Action<Utf8JsonWriter> write, int status = 200) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Object(name, write);
        json.WriteEndObject();
    }, status);

    internal static Answer Metadata(IReadOnlyDictionary<string, string> metadata) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Map("metadata", metadata);
        json.WriteEndObject();
    });

    internal static Answer Item(string key, string value) => One("meta", json => json.WriteString(key, value));

    /// <summary>An annotation that is a JSON object of strings. Anybody who may change the object can have written it: what is none is left out.</summary>
    internal static IReadOnlyDictionary<string, string> Map(string? note) => Parse(note) is JsonObject map ? map.Where(static p => p.Value?.GetValueKind() == JsonValueKind.String).ToDictionary(static p => p.Key, static p => p.Value!.GetValue<string>(), StringComparer.Ordinal) : new Dictionary<string, string>();

    internal static JsonNode? Parse(string? note)
    {
        try { return note is null ? null : JsonNode.Parse(note, documentOptions: Body.Options); }
        catch (JsonException) { return null; }
    }

    /// <summary>A string of an object that an annotation holds.</summary>
    internal static string? Text(JsonObject value, string name) => value[name] is { } node && node.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : null;

    /// <summary>What was given, before it is stored as an annotation.</summary>
    internal static string? Note(IReadOnlyDictionary<string, string> map) => map.Count == 0 ? null : ServerCreation.Json(map);

    internal static string? Time(DateTimeOffset? time) => time is { } known ? Nova.BareTime(known) : null;

    internal static JsonArray Array(string? note) => Parse(note) as JsonArray ?? [];

    /// <summary>Puts a refusal that a project's ResourceQuota makes into Cinder's form.</summary>
    /// <param name="what">"volumes", "gigabytes", …: what was asked for.</param>
    internal static async Task<T> WithinQuotaAsync<T>(string what, Func<Task<T>> write)
    {
        try { return await write(); }
        catch (ApiException e) when (e.Code == 403 && e.Message.Contains("exceeded quota", StringComparison.Ordinal))
        {
            throw new Fault(413, $"Requested volume or snapshot exceeds the project's quota of {what}: {e.Message}");
        }
    }

    /// <summary>Whether the API server would take this: quota, rights and form, without making anything.</summary>
    internal static async Task TryAsync<T>(ApiClient client, T value, CancellationToken cancel) where T : class, IKubeObject<T> =>
        await client.SendAsync(new ApiRequest("POST", T.Resource.Path(value.Metadata.Namespace), "dryRun=All", ModelJson.Encode(value)), cancel);
}
