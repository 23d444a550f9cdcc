using System.Globalization;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Gureum.ApiServer.State;
using Gureum.Objects.Autoscaling.V1;
using Gureum.Objects.Json;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;
using Gureum.Objects.Patches;
using Gureum.Objects.Schemas;
using Gureum.Objects.Selectors;

namespace Gureum.ApiServer.Subresources;

/// <summary>Where a kind keeps what a Scale shows, as paths in the object (immutable).</summary>
public sealed record ScalePaths(string[] SpecReplicas, string[] StatusReplicas, string[]? Selector)
{
    public static ScalePaths Workload { get; } = new(["spec", "replicas"], ["status", "replicas"], ["spec", "selector"]);
}

/// <summary>autoscaling/v1 Scale of workloads and of custom resources: one number to read and to set.</summary>
internal sealed class ScaleSubresource(ObjectRegistry registry)
{
    private static SchemaNode Schema => KubernetesSchema.Instance.Type("autoscaling.v1.Scale");

    internal async ValueTask<ApiResult> HandleAsync(ApiCall call, RequestTarget target, Resource resource, string? ns, CancellationToken cancel)
    {
        var warnings = new List<string>();
        var paths = resource.Scale ?? ScalePaths.Workload;
        if (target.Verb == "get") return new BodyResult(200, Encode(Show(resource, await ObjectRegistry.ShowAsync(resource, registry.Get(resource, ns, target.Name), cancel), paths)));
        Func<JsonObject, JsonObject> wish = target.Verb == "update" ? Replacement(RequestBody.Read(call, Schema, "autoscaling/v1", "Scale", warnings)) : Patched(call);
        var (stored, _) = await registry.UpdateAsync(new UpdateRequest(resource, ns, target.Name, current =>
        {
            var scale = wish(ToTree(current, resource, paths));
            var replicas = scale.Child("spec")?.Number("replicas") ?? 0;
            if (replicas < 0)
            {
                var errors = new FieldErrors();
                errors.Invalid("spec.replicas", replicas, "must be greater than or equal to 0");
                throw ApiError.Invalid(Autoscaling, target.Name, errors);
            }
            if (scale.Child("metadata")?.Text("resourceVersion") is { Length: > 0 } version) current.Need("metadata")["resourceVersion"] = version;
            Set(current, paths.SpecReplicas, replicas);
            return current;
        }) { Subresource = "scale", Narrow = true }, new WriteOptions(call.User) { Audit = call.Audit, FieldManager = call.FieldManager, DryRun = call.DryRun, Warnings = warnings, Cancel = cancel });
        return new BodyResult(200, Encode(Show(resource, stored, paths))) { Warnings = warnings };
    }

    private static ResourceType Autoscaling { get; } = new("autoscaling/v1", "Scale", "scales", true);

    private static Func<JsonObject, JsonObject> Replacement(JsonObject scale) => _ => scale;

    private static Func<JsonObject, JsonObject> Patched(ApiCall call)
    {
        JsonNode? patch;
        try { patch = ObjectDecoder.DecodeAny(RequestBody.MediaType(call.ContentType) == "application/apply-patch+yaml" ? RequestBody.ToJson(call).Span : call.Body.Span); }
        catch (DecodeException e) { throw ApiError.BadRequest(e.Message); }
        return scale =>
        {
            try { return (RequestBody.MediaType(call.ContentType) == "application/json-patch+json" ? JsonPatch.Apply(scale, patch) : MergePatch.Apply(scale, patch)) as JsonObject ?? throw ApiError.BadRequest("the patch must leave an object"); }
            catch (PatchException e) { throw ApiError.Make(e.Code, e.Code == 422 ? "Invalid" : "BadRequest", e.Message); }
        };
    }

    private static JsonObject ToTree(JsonObject current, Resource resource, ScalePaths paths) =>
        ObjectDecoder.Decode(ModelJson.Encode(Show(resource, current, paths, null)), Schema).Object;

    private static Scale Show(Resource resource, StoredObject stored, ScalePaths paths) =>
        Show(resource, ObjectRegistry.Decode(resource, stored.Json), paths, stored.Revision.ToString(CultureInfo.InvariantCulture));

    private static Scale Show(Resource resource, JsonObject value, ScalePaths paths, string? version)
    {
        _ = resource;
        var metadata = ModelJson.Parse<ObjectMeta>(ObjectEncoder.EncodeAny(value["metadata"]));
        return new Scale
        {
            Metadata = new ObjectMeta
            {
                Name = metadata.Name, Namespace = metadata.Namespace, Uid = metadata.Uid, CreationTimestamp = metadata.CreationTimestamp, ResourceVersion = version,
            },
            Spec = new ScaleSpec { Replicas = (int)(Number(value, paths.SpecReplicas) ?? 0) },
            Status = new ScaleStatus { Replicas = (int)(Number(value, paths.StatusReplicas) ?? 0), Selector = SelectorText(value, paths.Selector) },
        };
    }

    private static string? SelectorText(JsonObject value, string[]? path) => path is null ? null : value.At(path) switch
    {
        JsonValue text => text.GetValue<string>(),
        JsonObject map when map.ContainsKey("matchLabels") || map.ContainsKey("matchExpressions") => Selector.From(ModelJson.Parse<LabelSelector>(ObjectEncoder.EncodeAny(map))).ToString(),
        JsonObject labels => string.Join(",", labels.Select(p => p.Key + "=" + p.Value)),
        _ => null,
    };

    private static long? Number(JsonObject value, string[] path) => value.At(path) is JsonValue number && number.TryGetValue<long>(out var found) ? found : null;

    private static void Set(JsonObject value, string[] path, long number)
    {
        var at = value;
        foreach (var name in path[..^1]) at = at.Need(name);
        at[path[^1]] = number;
    }

    // A Scale lives in no collection of its own, so its model does not write what it is.
    private static byte[] Encode(Scale scale)
    {
        var value = ObjectDecoder.Decode(ModelJson.Encode(scale), Schema).Object;
        (value["kind"], value["apiVersion"]) = ("Scale", "autoscaling/v1");
        return ObjectEncoder.Encode(value, Schema);
    }
}
