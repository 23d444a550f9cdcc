using Gureum.Client;
using Gureum.Objects.Authorization.V1;
using Gureum.Objects.Models;
using Gureum.OpenStack.Http;

namespace Gureum.OpenStack.Identity;

/// <summary>Asks RBAC whether a caller may do what is answered out of the door's own copies (stateless).</summary>
public static class Judge
{
    /// <param name="action">OpenStack's name of what is asked, "identity:list_users": for the refusal.</param>
    /// <exception cref="Fault">403.</exception>
    public static async Task RequireAsync(Caller caller, string verb, ResourceType resource, string? ns, string action, CancellationToken cancel)
    {
        if (!await AllowsAsync(caller, verb, resource, ns, cancel)) throw Fault.Forbidden($"You are not authorized to perform the requested action: {action}.");
    }

    /// <param name="resource">Its plural may name a subresource, "pods/log".</param>
    public static async Task<bool> AllowsAsync(Caller caller, string verb, ResourceType resource, string? ns, CancellationToken cancel)
    {
        var parts = resource.Plural.Split('/', 2);
        var review = new SelfSubjectAccessReview
        {
            Spec = new SelfSubjectAccessReviewSpec { ResourceAttributes = new ResourceAttributes { Verb = verb, Group = resource.Group, Version = resource.Version, Resource = parts[0], Subresource = parts.Length > 1 ? parts[1] : null, Namespace = ns } },
        };
        var answer = await caller.Api.SendAsync(new ApiRequest("POST", SelfSubjectAccessReview.Resource.Path(), "", ModelJson.Encode(review)), cancel);
        return ModelJson.Parse<SelfSubjectAccessReview>(answer.Span).Status?.Allowed == true;
    }
}
