using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Http;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Responses;
using Gureum.Objects.Json;
using Gureum.Objects.Machines;
using Microsoft.AspNetCore.Http;

namespace Gureum.ApiServer.Uploads;

/// <summary>
/// The upload proxy of the containerized-data-importer: whoever has a claim's token sends its disk here, and it goes on to the node that fills the claim as it comes.
/// A token is all that is asked for: that is what the API's own judges gave it for.
/// </summary>
internal sealed class UploadDoor(ObjectRegistry registry, UploadTokens tokens, ConnectProxy proxy)
{
    private const string Sync = "/v1beta1/upload", Async = "/v1beta1/upload-async", Bearer = "Bearer ";

    internal static bool Handles(HttpContext context) => context.Request.Path.Value is Sync or Async;

    internal async Task HandleAsync(HttpContext context, CancellationToken cancel)
    {
        try
        {
            var given = context.Request.Headers.Authorization.ToString();
            if (!given.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)) throw ApiError.BadRequest("an upload needs the header Authorization: Bearer TOKEN, with the token of an UploadTokenRequest");
            var grant = await tokens.ReadAsync(given[Bearer.Length..].Trim()) ?? throw ApiError.Unauthorized();
            var (node, pod) = Place(grant);
            if (context.Request.Method == "HEAD") { context.Response.StatusCode = 200; return; }
            if (context.Request.Method is not ("POST" or "PUT")) throw ApiError.MethodNotAllowed();
            await proxy.HandleAsync(context, new ConnectTarget(node, null, $"/uploads/{pod}{(context.Request.Path.Value == Async ? "?async=true" : "")}"), cancel);
        }
        catch (ApiError e) { await ConnectProxy.RefuseAsync(context, e, cancel); }
    }

    // The pod that fills the claim, once it waits for the disk.
    private (string Node, string Pod) Place(UploadGrant grant)
    {
        var claims = registry.Catalog.Find("v1", "persistentvolumeclaims")!;
        var metadata = (registry.Find(claims, grant.Namespace, grant.Claim) is { } stored ? ObjectRegistry.Decode(claims, stored.Json) : null)?.Child("metadata");
        if (metadata?.Text("uid") != grant.Uid) throw ApiError.NotFound(claims.Type, grant.Claim);
        var notes = metadata!.Map("annotations").ToDictionary(a => a.Key, a => a.Value);
        if (notes.GetValueOrDefault(ImportNames.PodPhase) == ImportNames.Filled) throw ApiError.Conflict(claims.Type, grant.Claim, "the claim has been filled already");
        var pods = registry.Catalog.Find("v1", "pods")!;
        var pod = notes.GetValueOrDefault(ImportNames.ImportPod) is { } name && registry.Find(pods, grant.Namespace, name) is { } found ? ObjectRegistry.Decode(pods, found.Json) : null;
        if (pod?.Child("status")?.Text("phase") != "Running" || pod.Child("metadata")?.Map("annotations").Any(a => a.Key == ImportNames.ClaimUid && a.Value == grant.Uid) != true || pod.Child("spec")?.Text("nodeName") is not { Length: > 0 } node)
            throw ApiError.Unavailable($"nobody takes an upload for claim {grant.Claim} yet: wait until its DataVolume is UploadReady");
        return (node, pod.Child("metadata")!.Text("uid")!);
    }
}
