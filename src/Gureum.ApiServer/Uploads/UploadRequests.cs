using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Gureum.Objects.Json;
using Gureum.Objects.Machines;
using Gureum.Objects.Models;

namespace Gureum.ApiServer.Uploads;

/// <summary>upload.cdi.kubevirt.io/v1beta1: an UploadTokenRequest is answered with a token for one claim, and kept nowhere.</summary>
internal sealed class UploadRequests(ObjectRegistry registry, UploadTokens tokens)
{
    internal const string Group = "upload.cdi.kubevirt.io", Version = Group + "/v1beta1", Plural = "uploadtokenrequests", Kind = "UploadTokenRequest";

    internal static bool Handles(RequestTarget target) => target.Group == Group;

    internal ApiResult Handle(ApiCall call, RequestTarget target)
    {
        if (target.ApiVersion != Version || target.Plural != Plural || target.Subresource.Length > 0) throw ApiError.NoSuchPath();
        if (target.Verb != "create" || target.Namespace.Length == 0) throw ApiError.MethodNotAllowed();
        JsonObject request;
        try { request = ObjectDecoder.DecodeAny(call.Body.Span) as JsonObject ?? throw ApiError.BadRequest("the body must be an object"); }
        catch (DecodeException e) { throw ApiError.BadRequest(e.Message); }
        if (request.Child("spec")?.Text("pvcName") is not { Length: > 0 } name)
        {
            var errors = new FieldErrors();
            errors.Required("spec.pvcName");
            throw ApiError.Invalid(new ResourceType(Version, Kind, Plural, true), "", errors);
        }
        var claims = registry.Catalog.Find("v1", "persistentvolumeclaims")!;
        var metadata = ObjectRegistry.Decode(claims, registry.Get(claims, target.Namespace, name).Json).Child("metadata")!;
        if (!metadata.Map("annotations").Any(a => a.Key == ImportNames.UploadTarget)) throw ApiError.BadRequest($"PVC {name} is not an upload target: make a DataVolume with source.upload");
        request["apiVersion"] = Version;
        request["kind"] = Kind;
        request.Need("metadata")["namespace"] = target.Namespace;
        request["status"] = new JsonObject { ["token"] = tokens.Issue(new UploadGrant(target.Namespace, name, metadata.Text("uid")!)) };
        return new BodyResult(200, ObjectEncoder.EncodeAny(request));
    }
}
