using Gureum.ApiServer.Authorization;
using Gureum.Cel.Kubernetes;

namespace Gureum.ApiServer.Admission.Hooks;

/// <summary>Answers expressions that ask what a user may do, by the server's own authorizer.</summary>
internal sealed class HookAuthorizer(IAuthorizer authorizer, UserInfo user, CelAccess ownResource) : ICelAuthorizer
{
    /// <summary>The resource that the request is for.</summary>
    internal CelAccess OwnResource => ownResource;

    internal static HookAuthorizer Of(IAuthorizer authorizer, HookView view)
    {
        var own = view.OwnAccess("");
        return new HookAuthorizer(authorizer, view.Request.User, new CelAccess("", null, own.Group, own.Resource, own.Subresource, own.Namespace, own.Name));
    }

    public CelDecision Check(CelAccess access)
    {
        // Selectors narrow a request down; rules that know nothing of them must allow the wider one.
        var decision = authorizer.Authorize(user, access.Path is { } path
            ? new AccessRequest(access.Verb, "", "", "", "", "", path)
            : new AccessRequest(access.Verb, access.Group, access.Resource, access.Subresource, access.Namespace, access.Name, ""));
        return new CelDecision(decision.Allowed, decision.Reason);
    }

    public ICelAuthorizer ForServiceAccount(string ns, string name) => new HookAuthorizer(authorizer,
        new UserInfo($"system:serviceaccount:{ns}:{name}", ["system:serviceaccounts", "system:serviceaccounts:" + ns, UserInfo.Authenticated]), ownResource);
}
