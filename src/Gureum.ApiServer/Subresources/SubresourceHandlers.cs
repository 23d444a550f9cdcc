using System.Text.Json.Nodes;
using Gureum.ApiServer.Authentication;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Gureum.Objects;
using Gureum.Objects.Json;
using Gureum.Objects.Models;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.Subresources;

/// <summary>The subresources: status, scale, binding, eviction, token, finalize, approval, and those that connect to a node.</summary>
public sealed class SubresourceHandlers(ObjectRegistry registry, ServiceAccountTokens tokens, ConnectResolver connect)
{
    /// <summary>v1 bindings: what pods/binding does, with the pod's name in the body alone.</summary>
    internal static bool IsBinding(Resource resource) => resource.Type is { ApiVersion: "v1", Kind: "Binding" };

    internal ValueTask<ApiResult> BindAsync(ApiCall call, string ns, CancellationToken cancel) => PodSubresources.BindAsync(registry, call, registry.Catalog.Find("v1", "pods")!, ns, null, cancel);

    /// <summary>Whether what goes through is none of this server's business.</summary>
    internal static bool Connects(RequestTarget target) => (target.ApiVersion == "v1" && target.Subresource is "log" or "exec" or "attach" or "portforward" or "proxy") || Machines.MachineSubresources.Connects(target);

    internal async ValueTask<ApiResult> HandleAsync(ApiCall call, RequestTarget target, Resource resource, string? ns, CancellationToken cancel)
    {
        var facts = resource.Facts.Subresource(target.Subresource) ?? throw ApiError.NoSuchPath();
        // What is proxied is asked with any method; discovery names only those that are verbs.
        if (!facts.Verbs.Contains(target.Verb) && !(target.Subresource == "proxy" && call.Method is "OPTIONS" or "HEAD")) throw ApiError.MethodNotAllowed();
        if (Connects(target))
        {
            var connection = connect.Resolve(call, target, resource, ns);
            if (target.Subresource != "log") await registry.AdmitConnectionAsync(resource, ns, target.Name, target.Subresource, ConnectOptions.Of(call, target), new WriteOptions(call.User) { Audit = call.Audit, Cancel = cancel });
            return new ConnectResult(connection);
        }
        var verbs = new ResourceVerbs(registry, call, resource, ns, cancel);
        return target.Subresource switch
        {
            "status" when target.Verb == "get" && resource.Remote is not null => await new Definitions.Conversion.ConvertedReads(registry, call, resource, ns, cancel).HandleAsync(target),
            "status" => await StoredAsync(verbs, target, "status"),
            "scale" => await new ScaleSubresource(registry).HandleAsync(call, target, resource, ns, cancel),
            "binding" => await PodSubresources.BindAsync(registry, call, resource, ns!, target.Name, cancel),
            "eviction" => await PodSubresources.EvictAsync(registry, call, resource, ns!, target.Name, cancel),
            "token" => await IssueAsync(call, resource, ns!, target.Name),
            "finalize" => await FinalizeAsync(call, resource, target.Name, cancel),
            "approval" => await StoredAsync(verbs, target, "approval"),
            "ephemeralcontainers" or "resize" => await StoredAsync(verbs, target, target.Subresource),
            _ => throw ApiError.NoSuchPath(),
        };
    }

    private static async ValueTask<ApiResult> StoredAsync(ResourceVerbs verbs, RequestTarget target, string subresource) => target.Verb switch
    {
        "get" => verbs.Get(target.Name),
        "update" => await verbs.UpdateAsync(target.Name, subresource),
        "patch" => await verbs.PatchAsync(target.Name, subresource),
        _ => throw ApiError.MethodNotAllowed(),
    };

    // PUT namespaces/NAME/finalize may change spec.finalizers, which nothing else may.
    private async ValueTask<ApiResult> FinalizeAsync(ApiCall call, Resource resource, string name, CancellationToken cancel)
    {
        var warnings = new List<string>();
        var value = RequestBody.Read(call, resource, warnings);
        var (stored, _) = await registry.UpdateAsync(new UpdateRequest(resource, null, name, current =>
        {
            if (value.Child("metadata")?.Text("resourceVersion") is { Length: > 0 } version) current.Need("metadata")["resourceVersion"] = version;
            current.Need("spec")["finalizers"] = value.Child("spec")?["finalizers"]?.DeepClone() ?? new JsonArray();
            return current;
        }) { Subresource = "finalize", Narrow = true }, new WriteOptions(call.User) { Audit = call.Audit, FieldManager = call.FieldManager, DryRun = call.DryRun, Warnings = warnings, Cancel = cancel });
        return Negotiation.Object(call, resource, stored, 200, warnings);
    }

    private ValueTask<ApiResult> IssueAsync(ApiCall call, Resource resource, string ns, string name)
    {
        var warnings = new List<string>();
        var request = RequestBody.Read(call, KubernetesSchema.Instance.Type("authentication.v1.TokenRequest"), "authentication.k8s.io/v1", "TokenRequest", warnings);
        var account = registry.Get(resource, ns, name);
        var spec = request.Need("spec");
        var seconds = spec.Number("expirationSeconds") ?? 3600;
        if (seconds is < 600 or > 1L << 32)
        {
            var errors = new FieldErrors();
            errors.Invalid("spec.expirationSeconds", seconds, seconds < 600 ? "may not specify a duration less than 10 minutes" : "may not specify a duration larger than 2^32 seconds");
            throw ApiError.Invalid(new ResourceType("authentication.k8s.io/v1", "TokenRequest", "tokenrequests", true), name, errors);
        }
        var bound = Bound(spec.Child("boundObjectRef"), ns);
        if (bound is { Kind: "Secret" } && call.User == UserInfo.ApiServer && JsonPeek.Text(registry.Get(registry.Catalog.Find("v1", "secrets")!, ns, bound.Name).Json, ["type"]) == LegacyTokens.SecretType)
        {
            // What the token controller keeps in such a Secret ends with it alone.
            request["status"] = new JsonObject { ["token"] = tokens.IssueLegacy(ns, name, JsonPeek.Text(account.Json, ["metadata", "uid"]), bound.Name), ["expirationTimestamp"] = Times.Format(DateTimeOffset.MaxValue) };
            return ValueTask.FromResult<ApiResult>(new BodyResult(201, ObjectEncoder.EncodeAny(request)) { Warnings = warnings });
        }
        var (token, expires) = tokens.Issue(ns, name, JsonPeek.Text(account.Json, ["metadata", "uid"]), [.. spec.Texts("audiences")], TimeSpan.FromSeconds(Math.Min(seconds, 31_536_000)), bound);
        request["kind"] = "TokenRequest";
        request["apiVersion"] = "authentication.k8s.io/v1";
        var metadata = request.Need("metadata");
        metadata["name"] = name;
        metadata["namespace"] = ns;
        metadata["creationTimestamp"] = Times.Format(registry.Now);
        spec["expirationSeconds"] = seconds;
        if (!spec.ContainsKey("audiences")) spec["audiences"] = new JsonArray(JsonValue.Create(tokens.Issuer));
        request["status"] = new JsonObject { ["token"] = token, ["expirationTimestamp"] = Times.Format(expires) };
        return ValueTask.FromResult<ApiResult>(new BodyResult(201, ObjectEncoder.EncodeAny(request)) { Warnings = warnings });
    }

    private BoundObject? Bound(JsonObject? reference, string ns)
    {
        if (reference is null) return null;
        var (kind, name) = (reference.Text("kind") ?? "", reference.Text("name") ?? "");
        if (kind is not ("Pod" or "Secret" or "Node")) throw ApiError.BadRequest($"cannot bind token to object of type {reference.Text("apiVersion")}, Kind={kind}: use a v1 Pod, Secret or Node");
        var resource = registry.Catalog.Find("v1", kind.ToLowerInvariant() + "s")!;
        var found = registry.Get(resource, resource.Type.Namespaced ? ns : null, name);
        var uid = JsonPeek.Text(found.Json, ["metadata", "uid"]);
        if (reference.Text("uid") is { Length: > 0 } demanded && demanded != uid)
            throw ApiError.Conflict(resource.Type, name, $"the UID in the bound object reference ({demanded}) does not match the UID in record. The object might have been deleted and then recreated");
        return new BoundObject(kind, name, uid, kind == "Pod" ? NodeOf(found) : null);
    }

    private BoundObject? NodeOf(State.StoredObject pod) =>
        pod.Field(["spec", "nodeName"]) is { Length: > 0 } name && registry.Find(registry.Catalog.Find("v1", "nodes")!, null, name) is { } node
            ? new BoundObject("Node", name, JsonPeek.Text(node.Json, ["metadata", "uid"])) : null;
}
