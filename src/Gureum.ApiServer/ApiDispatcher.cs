using System.Text.Json.Nodes;
using Gureum.ApiServer.Aggregation;
using Gureum.ApiServer.Audit;
using Gureum.ApiServer.Authorization;
using Gureum.ApiServer.Definitions.Conversion;
using Gureum.ApiServer.Discovery;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Fairness;
using Gureum.ApiServer.Metrics;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Gureum.ApiServer.Reviews;
using Gureum.ApiServer.Subresources;
using Gureum.ApiServer.Subresources.Machines;
using Gureum.ApiServer.Uploads;
using Gureum.Objects.Models;
using Gureum.Objects.Selectors;

namespace Gureum.ApiServer;

/// <summary>
/// One authenticated request to one answer: what it addresses, whether it may, and which part of the server carries it
/// out. Knows nothing of HTTP, so that calls in process take the same way. Thread-safe.
/// </summary>
public sealed class ApiDispatcher(ObjectRegistry registry, IAuthorizer authorizer, DiscoveryDocuments discovery, ReviewHandlers reviews, ComponentStatuses components, SubresourceHandlers subresources, PathHandlers paths)
{
    private readonly MachineSubresources machines = new(registry);

    public ObjectRegistry Registry => registry;

    /// <summary>What other servers serve, and the way there; null where there are none.</summary>
    internal RemoteServices? Remotes { get; init; }
    internal RemoteForwarder? Forwarder { get; init; }

    /// <summary>Gives tokens for uploads; null gives none.</summary>
    internal UploadRequests? Uploads { get; init; }

    /// <summary>Counts requests; null counts none.</summary>
    internal RequestMetrics? Metrics { get; init; }

    /// <summary>Lets requests in; null lets in all at once.</summary>
    internal RequestFairness? Fairness { get; init; }

    /// <summary>Records requests; null when none are recorded.</summary>
    internal Auditor? Auditor { get; init; }

    public async ValueTask<ApiResult> HandleAsync(ApiCall call, RequestTarget target, CancellationToken cancel)
    {
        try
        {
            if (call.Audit is { } audit) audit.Asked(call, target.IsResource ? registry.Catalog.Find(target.ApiVersion, target.Plural) : null);
            await AuthorizeAsync(call, target);
            if (Remotes?.ServerOf(target.Path) is { } remote) return new RemoteResult(remote, call, call.User);
            return Negotiation.Document(call, target.IsResource ? await HandleResourceAsync(call, target, cancel) : HandlePath(call, target));
        }
        catch (ApiError error) { return Negotiation.Document(call, Refusal(error)); }
    }

    public static ApiResult Refusal(ApiError error) => new BodyResult(error.Code, ModelJson.Encode(new StatusDocument(error.Status)));

    private async ValueTask AuthorizeAsync(ApiCall call, RequestTarget target)
    {
        // Connecting (exec, attach, port-forward, proxy) over GET counts as what the method says; upstream asks for "get" or "create" alike.
        var decision = await authorizer.AuthorizeAsync(call.User, AccessRequest.Of(target) with { Name = AskedName(call, target) });
        if (call.Audit is { } audit)
        {
            audit.Annotate("authorization.k8s.io/decision", decision.Allowed ? "allow" : "forbid");
            audit.Annotate("authorization.k8s.io/reason", decision.Reason);
        }
        if (decision.Allowed) return;
        if (!target.IsResource) throw ApiError.ForbiddenPath($"forbidden: User \"{call.User.Name}\" cannot {target.Verb} path \"{target.Path}\"");
        var type = registry.Catalog.Find(target.ApiVersion, target.Plural)?.Type ?? new ResourceType(target.ApiVersion, target.Plural, target.Plural, true);
        var what = target.Subresource.Length > 0 ? $"{target.Plural}/{target.Subresource}" : target.Plural;
        var where = target.Namespace.Length > 0 ? $"in the namespace \"{target.Namespace}\"" : "at the cluster scope";
        throw ApiError.Forbidden(type, target.Name.Length > 0 ? target.Name : null,
            $"User \"{call.User.Name}\" cannot {target.Verb} resource \"{what}\" in API group \"{target.Group}\" {where}{(decision.Reason.Length > 0 ? ": " + decision.Reason : "")}");
    }

    // Who lists or watches by a name asks for that object alone, and may have a right to just that.
    private static string AskedName(ApiCall call, RequestTarget target)
    {
        if (target.Name.Length > 0 || target.Verb is not ("list" or "watch") || call.Parameter("fieldSelector") is not { Length: > 0 } text) return target.Name;
        try { return FieldSelector.Parse(text).Requirements.FirstOrDefault(r => r is { Field: "metadata.name", Equal: true })?.Value ?? ""; }
        catch (FormatException) { return ""; }
    }

    private ApiResult HandlePath(ApiCall call, RequestTarget target)
    {
        var reads = target.Verb is "get" or "head";
        var found = FindPath(call, reads ? target : target with { Verb = "get" }) ?? throw ApiError.NoSuchPath();
        return reads ? found : throw ApiError.MethodNotAllowed();
    }

    private ApiResult? FindPath(ApiCall call, RequestTarget target) => discovery.Find(call, target) ?? paths.Find(call, target);

    private async ValueTask<ApiResult> HandleResourceAsync(ApiCall call, RequestTarget target, CancellationToken cancel)
    {
        if (Uploads is not null && UploadRequests.Handles(target)) return Uploads.Handle(call, target);
        if (MachineSubresources.Handles(target)) return await machines.HandleAsync(call, target, cancel);
        var resource = registry.Catalog.Find(target.ApiVersion, target.Plural) ?? throw ApiError.NoSuchPath();
        if (resource.Type.Namespaced && target.Namespace.Length == 0 && (target.Name.Length > 0 || target.Verb == "create") && !reviews.Handles(resource))
            throw ApiError.NoSuchPath();
        if (!resource.Type.Namespaced && target.Namespace.Length > 0 && target.Plural != "namespaces") throw ApiError.NoSuchPath();
        var ns = resource.Type.Namespaced && target.Namespace.Length > 0 ? target.Namespace : null;
        var result = await HandleAsync(call, target, resource, ns, cancel);
        return resource.Deprecation is { } warning ? result with { Warnings = [warning, .. result.Warnings] } : result;
    }

    private async ValueTask<ApiResult> HandleAsync(ApiCall call, RequestTarget target, Resource resource, string? ns, CancellationToken cancel)
    {
        if (target.Verb is "create" or "update" or "patch" && !SubresourceHandlers.Connects(target)) RequestOptions.Check(call, target.Verb);
        if (target.Subresource.Length > 0) return await subresources.HandleAsync(call, target, resource, ns, cancel);
        // Objects are made in their collection, and changed by their name.
        if (target.Name.Length > 0 ? target.Verb == "create" : target.Verb is "update" or "patch") throw ApiError.MethodNotAllowed();
        if (reviews.Handles(resource)) return await reviews.HandleAsync(call, target, resource, ns);
        if (!resource.Facts.Verbs.Contains(target.Verb)) throw ApiError.MethodNotAllowed();
        if (ComponentStatuses.Handles(resource)) return components.Handle(call, target, resource);
        if (SubresourceHandlers.IsBinding(resource)) return await subresources.BindAsync(call, ns!, cancel);
        if (resource.Remote is not null && target.Verb is "get" or "list" or "watch") return await new ConvertedReads(registry, call, resource, ns, cancel).HandleAsync(target);
        var verbs = new ResourceVerbs(registry, call, resource, ns, cancel);
        return target.Verb switch
        {
            "get" => verbs.Get(target.Name),
            "list" => verbs.List(),
            "watch" => verbs.Watch(target.Name),
            "create" => await verbs.CreateAsync(),
            "update" => await verbs.UpdateAsync(target.Name),
            "patch" => await verbs.PatchAsync(target.Name),
            "delete" => await verbs.DeleteAsync(target.Name),
            "deletecollection" => await verbs.DeleteCollectionAsync(),
            _ => throw ApiError.MethodNotAllowed(),
        };
    }
}
