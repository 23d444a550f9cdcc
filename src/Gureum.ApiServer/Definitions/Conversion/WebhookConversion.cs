using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Admission.Webhooks;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.State;
using Gureum.Objects.Json;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.Definitions.Conversion;

/// <summary>
/// Converts objects of one definition between its versions by asking its webhook. What was converted once is kept with the
/// stored object, so that lists and watches ask but once for each change. A new one is made when the definition changes. Thread-safe.
/// </summary>
/// <param name="reviewVersions">The versions of ConversionReview that the webhook reads, preferred first.</param>
internal sealed class WebhookConversion(WebhookClientConfig config, IReadOnlyList<string> reviewVersions, WebhookClient client, SchemaNode storageSchema) : IRemoteConversion
{
    /// <summary>Bytes of objects that go into one review, unless a single one is larger.</summary>
    private const int MostBytes = 1024 * 1024;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly SchemaNode Open = StructuralSchema.Root(null);

    private readonly ConditionalWeakTable<StoredObject, Shown> known = [];

    public SchemaNode StorageSchema => storageSchema;

    public async ValueTask<IReadOnlyList<StoredObject>> ShowAsync(Resource resource, IReadOnlyList<StoredObject> stored, CancellationToken cancel)
    {
        var result = new StoredObject[stored.Count];
        var (missing, values, bytes) = (new List<int>(), new List<JsonObject>(), 0);
        for (var i = 0; i < stored.Count; i++)
        {
            if (known.TryGetValue(stored[i], out var shown) && shown.Find(resource.Type.ApiVersion) is { } kept) { result[i] = kept; continue; }
            var value = ObjectDecoder.Decode(stored[i].Json, Open).Object;
            if (value.Text("apiVersion") == resource.Type.ApiVersion) { result[i] = Keep(resource, stored[i], value); continue; }
            if (values.Count > 0 && bytes + stored[i].Json.Length > MostBytes)
            {
                await FillAsync(resource, stored, missing, values, result, cancel);
                (missing, values, bytes) = ([], [], 0);
            }
            missing.Add(i);
            values.Add(value);
            bytes += stored[i].Json.Length;
        }
        if (values.Count > 0) await FillAsync(resource, stored, missing, values, result, cancel);
        return result;
    }

    private async ValueTask FillAsync(Resource resource, IReadOnlyList<StoredObject> stored, List<int> missing, List<JsonObject> values, StoredObject[] result, CancellationToken cancel)
    {
        var converted = await ConvertAsync(values, resource.Type.ApiVersion, cancel);
        for (var i = 0; i < missing.Count; i++) result[missing[i]] = Keep(resource, stored[missing[i]], converted[i]);
    }

    // As the served version's schema has it: pruned, and with its defaults.
    private StoredObject Keep(Resource resource, StoredObject stored, JsonObject value)
    {
        value.Child("metadata")?.Remove("resourceVersion");
        var shown = ObjectDecoder.Decode(ObjectEncoder.EncodeAny(value), resource.Schema).Object;
        Defaulting.Apply(shown, resource.Schema);
        var bytes = ObjectEncoder.Encode(shown, resource.Schema);
        var made = stored.Revision == 0 ? StoredObject.Unstored(stored.Key, bytes) : new StoredObject(stored.Key, bytes, stored.CreateRevision, stored.Revision);
        known.GetOrCreateValue(stored).Add(resource.Type.ApiVersion, made);
        return made;
    }

    public async ValueTask<JsonObject> ToStoredAsync(Resource resource, JsonObject value, CancellationToken cancel)
    {
        (value["kind"], value["apiVersion"]) = (resource.Type.Kind, resource.Type.ApiVersion);
        return resource.Type.ApiVersion == resource.StoredAs.ApiVersion ? value : (await ConvertAsync([value], resource.StoredAs.ApiVersion, cancel))[0];
    }

    public async ValueTask<JsonObject> ConvertAsync(JsonObject value, string apiVersion, CancellationToken cancel) =>
        value.Text("apiVersion") == apiVersion ? value : (await ConvertAsync([value], apiVersion, cancel))[0];

    /// <exception cref="ApiError">500: the webhook could not be asked, or did not convert.</exception>
    private async ValueTask<IReadOnlyList<JsonObject>> ConvertAsync(IReadOnlyList<JsonObject> values, string apiVersion, CancellationToken cancel)
    {
        var from = $"conversion webhook for {values[0].Text("apiVersion")}, Kind={values[0].Text("kind")}";
        var version = reviewVersions.FirstOrDefault(static v => v is "v1" or "v1beta1") ?? throw ApiError.Internal("no supported conversion review versions");
        var uid = Guid.NewGuid().ToString();
        IReadOnlyList<JsonNode?> answered;
        try { answered = ConversionReview.Read(await client.PostAsync(config, ConversionReview.Ask(values, apiVersion, uid, version), Limit, cancel), uid, version); }
        catch (WebhookCallException e) { throw ApiError.Internal($"{from} failed: {Bare(e.Message)}"); }
        catch (ConversionException e) { throw ApiError.Internal($"{from} failed: {e.Message}"); }
        if (answered.Count != values.Count) throw ApiError.Internal($"{from} returned {answered.Count} objects, expected {values.Count}");
        try { return [.. values.Select((value, i) => ConvertedObject.Accept(value, answered[i], apiVersion, values.Count == 1 ? "object" : $"converted object at index {i}"))]; }
        catch (ConversionException e) { throw ApiError.Internal($"{from} {e.Message}"); }
    }

    // Admission's webhooks say what they are; here the sentence has begun already.
    private static string Bare(string message) => message.StartsWith("failed to call webhook: ", StringComparison.Ordinal) ? message["failed to call webhook: ".Length..] : message;

    /// <summary>The forms of one stored object by version.</summary>
    private sealed class Shown
    {
        private volatile (string ApiVersion, StoredObject Object)[] forms = [];

        internal StoredObject? Find(string apiVersion)
        {
            foreach (var (version, form) in forms) if (version == apiVersion) return form;
            return null;
        }

        internal void Add(string apiVersion, StoredObject form)
        {
            lock (this) if (Find(apiVersion) is null) forms = [.. forms, (apiVersion, form)];
        }
    }
}
