using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;
using Gureum.Objects.Protobuf;
using Gureum.Objects.Schemas;
using Gureum.Objects.Yaml;

namespace Gureum.ApiServer.Tests.Hostile;

/// <summary>
/// Objects and patches of every kind that can be made, right and wrong, from a fixed seed: the server never fails, answers
/// with what it promises, stores only what it would take again, and what it says it stored is there.
/// GUREUM_FUZZ_SEED tries another seed, GUREUM_FUZZ_CASES another number of objects for each kind.
/// </summary>
public sealed class FuzzTests(OwnServer own) : IClassFixture<OwnServer>
{
    private const int Workers = 4, MostShown = 40;

    // Bad hooks may rightly spoil everybody's writes: these are tried without being kept.
    private static readonly string[] Unkept = ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy", "MutatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "MutatingAdmissionPolicyBinding"];

    private static readonly ulong Seed = ulong.Parse(Environment.GetEnvironmentVariable("GUREUM_FUZZ_SEED") ?? "20260701", CultureInfo.InvariantCulture);
    private static readonly int Cases = int.Parse(Environment.GetEnvironmentVariable("GUREUM_FUZZ_CASES") ?? "12", CultureInfo.InvariantCulture);

    private static readonly string[] Patches = [Api.JsonPatch, Api.Merge, Api.Strategic, Api.Apply];

    private readonly ConcurrentDictionary<string, string> found = new();
    private int requests, stored;

    [Fact]
    public async Task AnyObjectAndAnyPatch_OfAnyKind_IsRefusedOrStoredWhole()
    {
        List<Resource> resources = [.. new ResourceCatalog().All.Where(r => r.Facts.Verbs.Contains("create")).OrderBy(r => r.Type.ApiVersion + r.Type.Plural, StringComparer.Ordinal)];
        Assert.True(resources.Count > 60, $"{resources.Count} kinds can be made");
        await Parallel.ForAsync(0, resources.Count, new ParallelOptions { MaxDegreeOfParallelism = Workers }, async (i, _) =>
        {
            var ns = await own.Server.NamespaceAsync();
            for (var n = 0; n < Cases; n++) await TryAsync(resources[i], ns, n, new Draw((uint)(i * 100_000 + n), Seed));
        });
        Assert.True(found.IsEmpty, $"seed {Seed}, {found.Count} findings in {requests} requests:\n\n{string.Join("\n\n", found.Values.Order(StringComparer.Ordinal).Take(MostShown))}");
        Assert.True(requests > 2000 && stored > 1000, $"{requests} requests stored {stored} times");
    }

    private async Task TryAsync(Resource resource, string ns, int number, Draw draw)
    {
        var type = resource.Type;
        var values = new ObjectFuzz(draw, draw.Of([0, 0, 2, 10]));
        var at = (type.Namespaced ? $"/namespaces/{ns}" : "") is var within && type.Group.Length == 0 ? $"/api/v1{within}/{type.Plural}" : $"/apis/{type.ApiVersion}{within}/{type.Plural}";
        var isKept = resource.Facts.Verbs.Contains("get");
        var dry = Unkept.Contains(type.Kind) ? "?dryRun=All" : "";

        // The first of each kind is whole: it must be taken.
        var value = ValidObjects.Make(type.ApiVersion, type.Kind, number, ns);
        if (number > 0) Change(resource, value, values, draw, ns);
        var name = value.Child("metadata")?.Text("name");
        var made = await SendAsync(resource, HttpMethod.Post, at + (number == 0 ? "" : dry), value, isKept ? Encoding(draw, number) : "application/json", draw);
        if (!isKept) return;
        if (number == 0 && made.Code != 201) Report(resource, "a whole object is refused", made.Text);
        if (made.Code != 201)
        {
            if (name is { Length: > 0 and < 60 } && name == ValidObjects.Name(type.Kind, number) && made.Code is >= 400 and < 500 and not 409 && (await own.Server.Admin.GetAsync($"{at}/{name}")).Code != 404)
                Report(resource, $"refused with {made.Code}, and yet there", made.Text);
            return;
        }
        if (number > 0 && dry.Length > 0) return;
        var path = $"{at}/{Uri.EscapeDataString(made.Json.Child("metadata")!.Text("name")!)}";
        if (!await IsStableAsync(resource, path, "created")) return;

        for (var n = 0; n < 2; n++)
        {
            foreach (var media in (string[])["PUT", .. Patches])
            {
                if ((await own.Server.Admin.GetAsync(path)) is not { Code: 200 } now) return;
                var current = now.Json;
                Answer answer;
                if (media == "PUT")
                {
                    values.Spoil(current, resource.Schema, 1 + draw.Below(3));
                    answer = await SendAsync(resource, HttpMethod.Put, path + dry, current, Encoding(draw, 1), draw);
                }
                else
                {
                    var patch = new PatchFuzz(draw, values, resource.Schema).Next(media, current);
                    var query = media == Api.Apply ? (dry.Length > 0 ? dry + "&" : "?") + "fieldManager=fuzz" + (draw.Chance(70) ? "&force=true" : "") : dry;
                    answer = await SendAsync(resource, HttpMethod.Patch, path + query, patch, media, draw);
                }
                if (answer.Code is 200 or 201 && !await IsStableAsync(resource, path, media)) return;
            }
        }
    }

    private static void Change(Resource resource, JsonObject value, ObjectFuzz values, Draw draw, string ns)
    {
        if (draw.Chance(25) && values.Value(resource.Schema, "") is JsonObject made)
        {
            // All of it by the schema, under the name that is looked for.
            var named = value["metadata"]!.DeepClone();
            value.Clear();
            foreach (var (key, part) in made.ToList()) value[key] = part?.DeepClone();
            (value["apiVersion"], value["kind"], value["metadata"]) = (resource.Type.ApiVersion, resource.Type.Kind, named);
        }
        else values.Spoil(value, resource.Schema, 1 + draw.Below(4));
        if (draw.Chance(5)) value.Need("metadata")["namespace"] = ns;
    }

    private static string Encoding(Draw draw, int number) => number == 0 || draw.Chance(60) ? "application/json" : draw.Of(["application/yaml", "application/yaml", "application/vnd.kubernetes.protobuf"]);

    // What is stored is taken again as it is, and that changes nothing.
    private async Task<bool> IsStableAsync(Resource resource, string path, string after)
    {
        Interlocked.Increment(ref stored);
        for (var tries = 1; ; tries++)
        {
            var got = await own.Server.Admin.GetAsync(path);
            // An update that ends the last finalizer of what is being deleted removes it; nothing here deletes.
            if (got.Code != 200) { Report(resource, $"{after}, but not there", got.Text); return false; }
            if (got.Json.Text("kind") != resource.Type.Kind || got.Json.Text("apiVersion") != resource.Type.ApiVersion) Report(resource, $"{after}, of another kind", got.Text);
            var put = await own.Server.Admin.PutAsync(path, got.Text);
            // The server itself writes conditions of some kinds.
            if (put.Code == 409 && tries < 20) continue;
            if (put.Code != 200) { Report(resource, $"{after}, but not taken again: {Cut(put.Text, 400)}", got.Text); return false; }
            if (put.Json.Child("metadata")?.Text("resourceVersion") == got.Json.Child("metadata")!.Text("resourceVersion")) return true;
            Report(resource, $"{after}, and changed by being put back", got.Text + "\n   became " + put.Text);
            return true;
        }
    }

    private async Task<Answer> SendAsync(Resource resource, HttpMethod method, string path, JsonNode? value, string media, Draw draw)
    {
        var body = Body(resource, value, media, draw);
        using var request = new HttpRequestMessage(method, path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(media);
        request.Headers.UserAgent.ParseAdd("fuzz/1.0");
        Interlocked.Increment(ref requests);
        using var response = await own.Server.Admin.Http.SendAsync(request);
        var answer = new Answer((int)response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers);
        var sent = $"{method} {path} {media}\n   {Cut(System.Text.Encoding.UTF8.GetString(body), 1500)}";
        JsonObject? document = null;
        try { document = answer.Json; }
        catch (System.Text.Json.JsonException) { Report(resource, $"{answer.Code} is no document", sent + "\n   " + answer.Text); }
        if (answer.Code >= 500) Report(resource, $"{answer.Code} {Cut(answer.Text, 300)}", sent);
        else if (answer.Code >= 400 && document is not null && (document.Text("kind") != "Status" || document.Text("status") != "Failure" || document.Number("code") != answer.Code || document.Text("message") is not { Length: > 0 } || document.Text("reason") is null))
            Report(resource, $"{answer.Code} with another document", sent + "\n   " + answer.Text);
        else if (answer.Code < 400 && resource.Facts.Verbs.Contains("get") && document is not null && document.Text("kind") != resource.Type.Kind) Report(resource, $"{answer.Code} of another kind", sent + "\n   " + answer.Text);
        return answer;
    }

    private static byte[] Body(Resource resource, JsonNode? value, string media, Draw draw)
    {
        var json = System.Text.Encoding.UTF8.GetBytes((value?.ToJsonString() ?? "null").Replace(ObjectFuzz.HalfACharacter, "\\ud800", StringComparison.Ordinal));
        if (media == "application/yaml")
        {
            // JSON is YAML; the other half goes as blocks.
            if (draw.Chance(50)) return json;
            try { return YamlWriter.FromJson(json); }
            catch (Exception e) when (e is InvalidOperationException or System.Text.Json.JsonException or DecodeException) { return json; }
        }
        if (media != "application/vnd.kubernetes.protobuf") return json;
        byte[] wire;
        try { wire = ProtobufWriter.Write(ObjectEncoder.Encode(ObjectDecoder.Decode(json, resource.Schema).Object, resource.Schema), resource.Schema); }
        catch (Exception e) when (e is DecodeException or InvalidOperationException or System.Text.Json.JsonException) { wire = [.. "k8s\0"u8, .. json]; }
        for (var flips = draw.Below(4); flips > 0; flips--) wire[4 + draw.Below(wire.Length - 4)] = (byte)draw.Below(256);
        return draw.Chance(15) ? wire[..draw.Below(wire.Length)] : wire;
    }

    // One of a sort: a fault that every kind has is told once for each.
    private void Report(Resource resource, string what, string how) => found.TryAdd($"{(what.StartsWith('5') ? "" : resource.Type.Kind)} {Cut(what, 180)}", $"{resource.Type.ApiVersion} {resource.Type.Kind}: {what}\n   {Cut(how, 3000)}");

    private static string Cut(string text, int length) => text.Length <= length ? text : text[..length] + "…";
}
