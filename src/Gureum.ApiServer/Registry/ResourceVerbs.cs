using System.Text;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Ownership;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Gureum.ApiServer.State;
using Gureum.Objects.Fields;
using Gureum.Objects.Json;
using Gureum.Objects.Patches;
using Gureum.Objects.Schemas;
using Gureum.Objects.Selectors;

namespace Gureum.ApiServer.Registry;

/// <summary>The verbs of one collection for one call: from the request's terms to the registry's and back.</summary>
internal readonly struct ResourceVerbs(ObjectRegistry registry, ApiCall call, Resource resource, string? ns, CancellationToken cancel)
{
    private readonly List<string> warnings = [];

    private WriteOptions Options() => new(call.User)
    {
        DryRun = call.DryRun, FieldManager = call.FieldManager, Audit = call.Audit, Force = QueryFlag.Read(call.Parameter("force")) == true, Warnings = warnings, Cancel = cancel,
    };

    internal ApiResult Get(string name)
    {
        var stored = registry.Get(resource, ns, name, ListRequest.Revision(call.Parameter("resourceVersion")));
        return Negotiation.Object(call, resource, stored, 200, []);
    }

    internal ApiResult List()
    {
        var request = ListRequest.Parse(call.Parameter);
        return Negotiation.List(call, resource, registry.List(resource, ns, request));
    }

    internal ApiResult Watch(string name)
    {
        var request = Named(ListRequest.Parse(call.Parameter, watch: true), name);
        ObjectRegistry.CheckFields(resource, request.Fields);
        var form = Negotiation.WatchForm(call, resource);
        var newest = registry.State.Newest;
        // As upstream, what stands against the revision is said in the stream: clients look for it there.
        try
        {
            if (request is { SendInitialEvents: true, ResourceVersion: { } wanted } && wanted > newest.Revision) throw ApiError.NotReached(wanted, newest.Revision);
            var now = request.SendInitialEvents == true || request.ResourceVersion is null or 0;
            var (watcher, past, root) = registry.Watch(resource, ns, now ? newest.Revision : request.ResourceVersion!.Value);
            if (request.SendInitialEvents != true) return new WatchResult(new WatchStream(resource, request, watcher, now ? [] : past, root, form));
            var theResource = resource;
            var initial = root.Under(Keys.Collection(resource.StoredAs, ns)).Select(p => p.Value).Where(o => theResource.Remote is not null || ObjectRegistry.Matches(theResource, request, o)).ToList();
            return new WatchResult(new WatchStream(resource, request, watcher, [], root, form) { Initial = initial });
        }
        catch (ApiError e) when (e.Code is 410 or 504) { return new WatchResult(WatchStream.Failed(resource, request, newest, form, e)); }
    }

    // A watch of one object is one of its collection, by its name.
    private static ListRequest Named(ListRequest request, string name)
    {
        if (name.Length == 0) return request;
        if (request.Fields.IsEverything) return request with { Fields = new FieldSelector([new FieldRequirement("metadata.name", name, true)]) };
        return request.Fields.Requirements.Any(r => r is { Field: "metadata.name", Equal: true } && r.Value == name) ? request : throw ApiError.BadRequest("fieldSelector metadata.name doesn't match requested name");
    }

    internal async ValueTask<ApiResult> CreateAsync()
    {
        var (theCall, theResource) = (call, resource);
        var value = RequestBody.Read(call, resource, warnings);
        var stored = await registry.CreateAsync(resource, ns, value, Options(), () => RequestBody.Read(theCall, theResource, []));
        return Negotiation.Object(call, resource, stored, 201, warnings);
    }

    internal ValueTask<ApiResult> UpdateAsync(string name, string subresource = "")
    {
        var (theCall, theResource) = (call, resource);
        JsonObject? read = WithName(RequestBody.Read(call, resource, warnings), name);
        // The first try uses up what was read; another one gets a tree of its own.
        JsonObject Body() => Interlocked.Exchange(ref read, null) ?? WithName(RequestBody.Read(theCall, theResource, []), name);
        var mayCreate = resource.Strategy.CreatesOnUpdate && subresource.Length == 0;
        return StoreAsync(new UpdateRequest(resource, ns, name, _ => Body()) { Subresource = subresource, OnlyLooks = true, Make = mayCreate ? Body : null });
    }

    private static JsonObject WithName(JsonObject value, string name)
    {
        if (value.Child("metadata")?.Text("name") is not { Length: > 0 }) value.Need("metadata")["name"] = name;
        return value;
    }

    internal ValueTask<ApiResult> PatchAsync(string name, string subresource = "")
    {
        var type = RequestBody.MediaType(call.ContentType);
        if (type == "application/apply-patch+yaml") return ApplyAsync(name, subresource);
        JsonNode? patch;
        List<string> issues = [];
        try
        {
            patch = ObjectDecoder.DecodeAny(call.Body.Span);
            if (!FieldValidation.IsIgnored(call)) issues = PatchIssues(call.Body.Span, patch, type);
        }
        catch (DecodeException e) { throw ApiError.BadRequest("error decoding patch: " + e.Message); }
        var (theResource, theCall, theWarnings) = (resource, call, warnings);
        Func<JsonObject, JsonNode?> apply = type switch
        {
            "application/json-patch+json" => current => Patch(current, patch, theResource),
            "application/merge-patch+json" => current => MergePatch.Apply(current, patch),
            "application/strategic-merge-patch+json" when resource.Definition is null => current => StrategicMergePatch.Apply(current, AsObject(patch), theResource.Schema),
            _ => throw ApiError.UnsupportedMediaType(type, resource.Definition is null
                ? ["application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json", "application/apply-patch+yaml"]
                : ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"]),
        };
        // A refusal shows a strategic patch, and of other patches what they left.
        var shown = type == "application/strategic-merge-patch+json" ? FieldValidation.GoText(patch) : null;
        return StoreAsync(new UpdateRequest(resource, ns, name, current => Patched(apply, current, theResource, theCall, issues, shown, theWarnings)) { Subresource = subresource });
    }

    // What is wrong with a patch as a text of JSON, before anything is applied.
    private static List<string> PatchIssues(ReadOnlySpan<byte> body, JsonNode? patch, string type)
    {
        var issues = DuplicateFields.Find(body).Select(d => $"duplicate field \"{d}\"").ToList();
        if (type != "application/json-patch+json" || patch is not JsonArray operations) return issues;
        for (var i = 0; i < operations.Count; i++)
            issues.AddRange((operations[i] as JsonObject ?? []).Where(p => p.Key is not ("op" or "path" or "from" or "value")).Select(p => $"unknown field \"[{i}].{p.Key}\""));
        return [.. issues.Select(m => "json patch " + m)];
    }

    // Go's structs are there even when they are empty, so that a path may go through them; what stays empty is taken out again.
    private static JsonNode? Patch(JsonObject current, JsonNode? patch, Resource resource)
    {
        string[] added = resource.Definition is not null ? [] : [.. ((string[])["spec", "status"]).Where(p => !current.ContainsKey(p) && resource.Schema.Fields.TryGetValue(p, out var field) && field.Node.Kind == SchemaKind.Object)];
        foreach (var part in added) current[part] = new JsonObject();
        var result = JsonPatch.Apply(current, patch);
        if (result is JsonObject patched)
            foreach (var part in added) if (patched[part] is JsonObject { Count: 0 }) patched.Remove(part);
        return result;
    }

    // A patch may leave anything behind: it is decoded anew by the schema, as a body would be.
    private static JsonObject Patched(Func<JsonObject, JsonNode?> apply, JsonObject current, Resource resource, ApiCall call, List<string> issues, string? shown, List<string> warnings)
    {
        byte[] left = [];
        try
        {
            left = ObjectEncoder.EncodeAny(AsObject(apply(current)));
            var decoded = ObjectDecoder.Decode(left, resource.Schema);
            warnings.Clear();
            FieldValidation.ReportPatch(call, [.. issues, .. decoded.Issues.Select(i => i.Message)], () => shown ?? Encoding.UTF8.GetString(left), warnings);
            return decoded.Object;
        }
        catch (PatchException e) { throw e.Code == 422 ? ApiError.Make(422, "Invalid", "the server rejected our request due to an error in our request: " + e.Message) : ApiError.Make(e.Code, e.Code == 413 ? "RequestEntityTooLarge" : "BadRequest", e.Message); }
        catch (DecodeException e) { throw ApiError.InvalidPatch(shown ?? Encoding.UTF8.GetString(left), e.Message); }
    }

    private ValueTask<ApiResult> ApplyAsync(string name, string subresource)
    {
        var applied = ReadApplied(name);
        if (applied.Child("metadata")?.Text("name") is { Length: > 0 } given && given != name)
            throw ApiError.BadRequest($"the name of the object ({given}) does not match the name on the URL ({name})");
        if (applied.Child("metadata")?.Items("managedFields") is { Count: > 0 }) throw ApiError.BadRequest("metadata.managedFields must be nil: what an apply owns is what it sends");
        applied.Need("metadata")["name"] = name;
        var options = Options();
        var (theResource, theRegistry) = (resource, registry);
        return StoreAsync(new UpdateRequest(resource, ns, name, current => FieldManagers.Apply(theResource, current, applied, options, subresource, theRegistry.Now))
        {
            Subresource = subresource, OwnersKept = true, OnlyLooks = true,
            Make = subresource.Length > 0 ? null : () => FieldManagers.ApplyNew(theResource, applied, options, theRegistry.Now),
        });
    }

    // Fields that the schema does not have cannot be owned: whatever the request wishes to become of them, they are refused.
    private JsonObject ReadApplied(string name) => ReadPlain() ?? ReadAny(name);

    // What programs apply is JSON in which all is well: one pass reads it. Null when it is anything else, or something is to be said about it.
    private JsonObject? ReadPlain()
    {
        var body = call.Body.Span;
        var type = resource.Type;
        if (body.IsEmpty || body[0] != '{' || RequestBody.MediaType(call.ContentType) != "application/apply-patch+yaml") return null;
        try
        {
            var decoded = ObjectDecoder.Decode(body, resource.Schema);
            var (value, fits) = (decoded.Object, decoded.Issues.Count == 0 && decoded.Object.Text("kind") == type.Kind && decoded.Object.Text("apiVersion") == type.ApiVersion);
            // Free-form content may hold a name twice without an issue.
            return fits && DeclaredFields.Problems(value, resource.Schema).Count == 0 && DuplicateFields.None(body) ? value : null;
        }
        catch (DecodeException) { return null; }
    }

    private JsonObject ReadAny(string name)
    {
        var duplicates = new List<string>();
        JsonObject raw;
        try { raw = AsObject(ObjectDecoder.DecodeAny(RequestBody.ToJson(call, duplicates).Span)); }
        catch (DecodeException e) { throw ApiError.BadRequest("error decoding YAML: " + e.Message); }
        catch (PatchException e) { throw ApiError.BadRequest("error decoding YAML: " + e.Message); }
        var problems = DeclaredFields.Problems(raw, resource.Schema);
        var type = resource.Type;
        if (problems.Count > 0)
            throw ApiError.BadRequest($"failed to create typed patch object ({ns}/{name}; {type.ApiVersion}, Kind={type.Kind}): {(problems.Count == 1 ? problems[0] : "errors:\n  " + string.Join("\n  ", problems))}");
        var applied = RequestBody.Read(call with { Query = Ignoring(call.Query) }, resource, warnings);
        if (duplicates.Count == 0 || FieldValidation.IsIgnored(call)) return applied;
        if (FieldValidation.IsStrict(call)) throw ApiError.BadRequest("error strict decoding YAML: error converting YAML to JSON: " + FieldValidation.OfYaml(duplicates).First());
        warnings.AddRange(duplicates);
        return applied;
    }

    private static Dictionary<string, IReadOnlyList<string>> Ignoring(IReadOnlyDictionary<string, IReadOnlyList<string>> query) => new(query, StringComparer.Ordinal) { ["fieldValidation"] = ["Ignore"] };

    private async ValueTask<ApiResult> StoreAsync(UpdateRequest request)
    {
        var (stored, created) = await registry.UpdateAsync(request, Options());
        return Negotiation.Object(call, resource, stored, created ? 201 : 200, warnings);
    }

    internal async ValueTask<ApiResult> DeleteAsync(string name)
    {
        var request = DeleteRequest.Parse(RequestBody.ToJson(call).Span, call.Query);
        var deletion = await registry.DeleteAsync(resource, ns, name, request, Options() with { DryRun = request.DryRun });
        if (!deletion.Gone || resource.Facts.ReturnsDeleted) return Negotiation.Object(call, resource, deletion.Object, 200, warnings);
        var uid = JsonPeek.Text(deletion.Object.Json, ["metadata", "uid"]);
        return new BodyResult(200, StatusDocument.Success(name, resource.Type.Plural, resource.Type.Group, uid)) { Warnings = warnings };
    }

    internal async ValueTask<ApiResult> DeleteCollectionAsync()
    {
        var list = ListRequest.Parse(call.Parameter);
        var request = DeleteRequest.Parse(RequestBody.ToJson(call).Span, call.Query);
        var deleted = await registry.DeleteCollectionAsync(resource, ns, list, request, Options() with { DryRun = request.DryRun });
        return Negotiation.List(call, resource, deleted);
    }

    private static JsonObject AsObject(JsonNode? node) => node as JsonObject ?? throw new PatchException(400, "the patch must be, and leave, an object");
}
