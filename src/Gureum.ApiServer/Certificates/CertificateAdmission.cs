using System.Text.Json.Nodes;
using Gureum.ApiServer.Admission;
using Gureum.ApiServer.Authorization;
using Gureum.ApiServer.Errors;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Certificates;

/// <summary>
/// Certificate signing requests say truthfully who asks, are approved only by those who may approve for the signer, and never
/// ask for the group that may do everything
/// (https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/).
/// </summary>
internal sealed class CertificateAdmission(IAuthorizer authorizer) : IAdmissionPlugin
{
    private const string Collection = "certificatesigningrequests.certificates.k8s.io";

    public ValueTask MutateAsync(AdmissionRequest request)
    {
        if (request.Operation != AdmissionOperation.Create || !request.Is(Collection)) return ValueTask.CompletedTask;
        var spec = request.Object!.Need("spec");
        spec["username"] = request.User.Name;
        spec.SetText("uid", request.User.Uid.Length > 0 ? request.User.Uid : null);
        spec["groups"] = new JsonArray([.. request.User.Groups.Select(g => (JsonNode)JsonValue.Create(g))]);
        return ValueTask.CompletedTask;
    }

    public async ValueTask ValidateAsync(AdmissionRequest request)
    {
        if (request.Resource.Type.GroupResource != Collection || request.Object is not { } value) return;
        var signer = value.Child("spec")?.Text("signerName") ?? "";
        if (request.Operation == AdmissionOperation.Create)
        {
            if (signer == CertificateRequestReading.ApiClient && CertificateRequestReading.Read(value)?.Groups.Contains(UserInfo.Masters) == true)
                throw ApiError.Forbidden(request.Resource.Type, request.Name, $"use of {signer} signer with {UserInfo.Masters} group is not allowed");
            return;
        }
        if (request.Subresource == "approval" && !await MayAsync(request.User, "approve", signer))
            throw ApiError.Forbidden(request.Resource.Type, request.Name, $"user not permitted to approve requests with signerName \"{signer}\"");
        if (request.Subresource == "status" && !JsonNode.DeepEquals(value.Child("status")?["certificate"], request.OldObject?.Child("status")?["certificate"]) && !await MayAsync(request.User, "sign", signer))
            throw ApiError.Forbidden(request.Resource.Type, request.Name, $"user not permitted to sign requests with signerName \"{signer}\"");
    }

    // Rights may be given for one signer, or for all of a domain: example.com/*.
    private async ValueTask<bool> MayAsync(UserInfo user, string verb, string signer)
    {
        var domain = signer.Contains('/') ? signer[..signer.IndexOf('/')] + "/*" : signer;
        foreach (var name in (string[])[signer, domain])
            if ((await authorizer.AuthorizeAsync(user, new AccessRequest(verb, "certificates.k8s.io", "signers", "", "", name, ""))).Allowed) return true;
        return false;
    }
}
