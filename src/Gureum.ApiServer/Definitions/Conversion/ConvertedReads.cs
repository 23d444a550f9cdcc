using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Gureum.Objects.Selectors;

namespace Gureum.ApiServer.Definitions.Conversion;

/// <summary>get, list and watch of a collection whose objects somebody outside converts: as elsewhere, once all that is shown has been converted.</summary>
internal readonly struct ConvertedReads(ObjectRegistry registry, ApiCall call, Resource resource, string? ns, CancellationToken cancel)
{
    internal ValueTask<ApiResult> HandleAsync(RequestTarget target) => target.Verb switch
    {
        "get" => GetAsync(target.Name),
        "list" => ListAsync(),
        "watch" => WatchAsync(target.Name),
        _ => throw ApiError.MethodNotAllowed(),
    };

    private async ValueTask<ApiResult> GetAsync(string name) =>
        Negotiation.Object(call, resource, await ObjectRegistry.ShowAsync(resource, registry.Get(resource, ns, name, ListRequest.Revision(call.Parameter("resourceVersion"))), cancel), 200, []);

    private async ValueTask<ApiResult> ListAsync()
    {
        var request = ListRequest.Parse(call.Parameter);
        ObjectRegistry.CheckFields(resource, request.Fields);
        var everything = request.Labels.IsEverything && request.Fields.IsEverything;
        // Selectors are for the converted objects: then the whole list is converted, and comes as one page.
        var page = registry.List(resource, ns, everything ? request : request with { Labels = Selector.Everything, Fields = FieldSelector.Everything, Limit = 0, Continue = null });
        var (shown, theResource) = (await ObjectRegistry.ShowAsync(resource, page.Items, cancel), resource);
        return Negotiation.List(call, resource, page with { Items = everything ? shown : [.. shown.Where(o => ObjectRegistry.Matches(theResource, request, o))] });
    }

    private async ValueTask<ApiResult> WatchAsync(string name)
    {
        var result = new ResourceVerbs(registry, call, resource, ns, cancel).Watch(name);
        if (result is WatchResult watch) await watch.Stream.ConvertAsync(cancel);
        return result;
    }
}
