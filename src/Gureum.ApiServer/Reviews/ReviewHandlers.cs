using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Authentication;
using Gureum.ApiServer.Authorization;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Gureum.Objects.Authentication.V1;
using Gureum.Objects.Authorization.V1;
using Gureum.Objects.Json;
using Gureum.Objects.Models;
using Gureum.Objects.Rbac.V1;

namespace Gureum.ApiServer.Reviews;

/// <summary>Kinds that are asked and answered but never stored: reviews of tokens, access, rules and oneself.</summary>
public sealed class ReviewHandlers(IAuthorizer authorizer, RbacAuthorizer rbac, ITokenAuthenticator tokens)
{
    private static readonly HashSet<string> Kinds =
        ["TokenReview", "SelfSubjectReview", "SubjectAccessReview", "LocalSubjectAccessReview", "SelfSubjectAccessReview", "SelfSubjectRulesReview"];

    internal bool Handles(Resource resource) => Kinds.Contains(resource.Type.Kind) && resource.Definition is null;

    internal async ValueTask<ApiResult> HandleAsync(ApiCall call, RequestTarget target, Resource resource, string? ns)
    {
        if (target.Verb != "create") throw ApiError.MethodNotAllowed();
        if (MediaChoice.Best(call.Accept, protobuf: true, stored: false) is null) throw ApiError.NotAcceptable("application/json", "application/yaml", ProtobufForms.ContentType);
        var warnings = new List<string>();
        var body = ObjectEncoder.Encode(RequestBody.Read(call, resource, warnings), resource.Schema);
        IModel answer = resource.Type.Kind switch
        {
            "TokenReview" => await ReviewTokenAsync(ModelJson.Parse<TokenReview>(body)),
            "SelfSubjectReview" => new SelfSubjectReview { Status = new SelfSubjectReviewStatus { UserInfo = Describe(call.User) } },
            "SubjectAccessReview" => await ReviewAsync(ModelJson.Parse<SubjectAccessReview>(body)),
            "LocalSubjectAccessReview" => await ReviewLocalAsync(ModelJson.Parse<LocalSubjectAccessReview>(body), ns),
            "SelfSubjectAccessReview" => await ReviewSelfAsync(ModelJson.Parse<SelfSubjectAccessReview>(body), call.User),
            _ => ReviewRules(ModelJson.Parse<SelfSubjectRulesReview>(body), call.User),
        };
        return new BodyResult(201, ModelJson.Encode(answer)) { Warnings = warnings };
    }

    private async ValueTask<TokenReview> ReviewTokenAsync(TokenReview review)
    {
        if (review.Spec.Token is not { Length: > 0 } token) throw ApiError.BadRequest("token is required for TokenReview in authentication");
        var user = await tokens.AuthenticateAsync(token, review.Spec.Audiences);
        return review with
        {
            Status = user is null ? new TokenReviewStatus { Authenticated = false, Error = "invalid bearer token" }
                : new TokenReviewStatus { Authenticated = true, User = Describe(user.User), Audiences = user.Audiences },
        };
    }

    private static Objects.Authentication.V1.UserInfo Describe(UserInfo user) => new()
    {
        Username = user.Name, Uid = user.Uid.Length == 0 ? null : user.Uid, Groups = user.Groups, Extra = user.Extra,
    };

    private static void Check(ResourceAttributes? resource, NonResourceAttributes? path, FieldErrors errors)
    {
        if (resource is not null && path is not null) errors.Invalid("spec.nonResourceAttributes", path.Path ?? "", "cannot be specified in combination with resourceAttributes");
        if (resource is null && path is null) errors.Invalid("spec.resourceAttributes", null, "exactly one of nonResourceAttributes or resourceAttributes must be specified");
    }

    private static void CheckSubject(SubjectAccessReviewSpec spec, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(spec.User) && spec.Groups.Count == 0) errors.Invalid("spec.user", spec.User ?? "", "at least one of user or group must be specified");
    }

    private static void Refuse(FieldErrors errors, string kind)
    {
        if (errors.Any) throw ApiError.Invalid(new ResourceType("authorization.k8s.io/v1", kind, "", false), "", errors);
    }

    private async ValueTask<SubjectAccessReview> ReviewAsync(SubjectAccessReview review)
    {
        var errors = new FieldErrors();
        Check(review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes, errors);
        CheckSubject(review.Spec, errors);
        Refuse(errors, "SubjectAccessReview");
        return review with { Status = await DecideAsync(Subject(review.Spec), review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes) };
    }

    private async ValueTask<LocalSubjectAccessReview> ReviewLocalAsync(LocalSubjectAccessReview review, string? ns)
    {
        var errors = new FieldErrors();
        Check(review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes, errors);
        CheckSubject(review.Spec, errors);
        if (review.Spec.ResourceAttributes is { } asked && (asked.Namespace ?? "") != (ns ?? "")) errors.Invalid("spec.resourceAttributes.namespace", asked.Namespace ?? "", "must match metadata.namespace");
        if (review.Spec.NonResourceAttributes is not null) errors.Invalid("spec.nonResourceAttributes", review.Spec.NonResourceAttributes.Path ?? "", "disallowed on this kind of request");
        Refuse(errors, "LocalSubjectAccessReview");
        return review with { Status = await DecideAsync(Subject(review.Spec), review.Spec.ResourceAttributes, null) };
    }

    private async ValueTask<SelfSubjectAccessReview> ReviewSelfAsync(SelfSubjectAccessReview review, UserInfo user)
    {
        var errors = new FieldErrors();
        Check(review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes, errors);
        Refuse(errors, "SelfSubjectAccessReview");
        return review with { Status = await DecideAsync(user, review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes) };
    }

    private static UserInfo Subject(SubjectAccessReviewSpec spec) => new(spec.User ?? "", spec.Groups, spec.Uid ?? "");

    private async ValueTask<SubjectAccessReviewStatus> DecideAsync(UserInfo user, ResourceAttributes? resource, NonResourceAttributes? path)
    {
        var request = path is not null
            ? new AccessRequest((path.Verb ?? "").ToLowerInvariant(), "", "", "", "", "", path.Path ?? "/")
            : new AccessRequest(resource!.Verb ?? "", resource.Group ?? "", resource.Resource ?? "", resource.Subresource ?? "", resource.Namespace ?? "", resource.Name ?? "", "");
        var decision = await authorizer.AuthorizeAsync(user, request);
        return new SubjectAccessReviewStatus { Allowed = decision.Allowed, Reason = decision.Reason.Length > 0 ? decision.Reason : null };
    }

    private SelfSubjectRulesReview ReviewRules(SelfSubjectRulesReview review, UserInfo user)
    {
        var rules = user.Groups.Contains(UserInfo.Masters)
            ? [new PolicyRule { Verbs = ["*"], ApiGroups = ["*"], Resources = ["*"] }, new PolicyRule { Verbs = ["*"], NonResourceURLs = ["*"] }]
            : rbac.Rules(user, review.Spec.Namespace ?? "").ToList();
        return review with
        {
            Status = new SubjectRulesReviewStatus
            {
                ResourceRules = [.. rules.Where(r => r.Resources.Count > 0).Select(r => new ResourceRule { Verbs = r.Verbs, ApiGroups = r.ApiGroups, Resources = r.Resources, ResourceNames = r.ResourceNames })],
                NonResourceRules = [.. rules.Where(r => r.NonResourceURLs.Count > 0).Select(r => new NonResourceRule { Verbs = r.Verbs, NonResourceURLs = r.NonResourceURLs })],
                Incomplete = false,
            },
        };
    }
}
