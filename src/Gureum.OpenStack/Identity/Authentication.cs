using Gureum.Client;
using Gureum.Identity;
using Gureum.Objects.Authentication.V1;
using Gureum.Objects.Identity.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Identity;

/// <summary>Makes the client that speaks to the API server as somebody.</summary>
public delegate ApiClient ActingAs(string user, string uid, IReadOnlyList<string> groups, IReadOnlyDictionary<string, IReadOnlyList<string>> extra);

/// <summary>Finds out who a token stands for: the API server judges it, as it does for kubectl.</summary>
public sealed class TokenReader(Cloud cloud, AssignmentBook assignments, KeystoneTokens tokens, ApiClient door, ActingAs acting, IApiTransport wire)
{
    /// <returns>Null when the token is not valid (any more).</returns>
    public async ValueTask<Caller?> ReadAsync(string text, CancellationToken cancel)
    {
        if (await tokens.ReadAsync(text) is not { } token) return null;
        var review = ModelJsonReview.Parse(await door.SendAsync(new ApiRequest("POST", TokenReview.Resource.Path(), "", ModelJsonReview.Ask(text)), cancel));
        if (review.Status is not { Authenticated: true, User: { } known }) return null;
        if (cloud.Users.Get(null, token.User.Name) is not { } user) return null;
        var roles = RolesOf(token, user);
        // A scope on which the user has nothing left is no scope.
        if (token.Scope.Kind != ScopeKind.None && roles.Count == 0) return null;
        return new Caller
        {
            Token = token, TokenText = text, User = user, Roles = roles,
            Project = token.Scope.Kind == ScopeKind.Project ? cloud.Projects.Get(null, token.Scope.Target!.Name) : null,
            Domain = token.Scope.Kind == ScopeKind.Domain ? cloud.Domains.Get(null, token.Scope.Target!.Name) : null,
            Api = acting(known.Username ?? "", known.Uid ?? "", known.Groups, known.Extra), Wire = new ApiClient(new BearerTransport(wire, text)),
        };
    }

    /// <summary>The roles of a token: the user's on its scope; of a credential or trust those of them that it was given.</summary>
    internal IReadOnlyList<Gureum.Objects.Rbac.V1.ClusterRole> RolesOf(KeystoneToken token, User user)
    {
        if (token.ApplicationCredential is { } named)
        {
            var held = assignments.RolesOf(user, token.Scope);
            var given = cloud.ApplicationCredentials.Get(null, named.Name)?.Spec.Roles ?? [];
            // One role taken away spoils the credential, as in Keystone: it must not quietly become another one.
            return given.All(g => held.Any(h => h.Metadata.Name == g)) ? assignments.WithImplied(given) : [];
        }
        if (token.Trust is { } trusted && cloud.Trusts.Get(null, trusted.Name) is { } trust && cloud.Users.Get(null, trust.Spec.Trustor) is { } trustor)
        {
            var held = assignments.RolesOf(trustor, token.Scope);
            return trust.Spec.Roles.All(g => held.Any(h => h.Metadata.Name == g)) ? assignments.WithImplied(trust.Spec.Roles) : [];
        }
        return assignments.RolesOf(user, token.Scope);
    }
}

internal static class ModelJsonReview
{
    internal static ReadOnlyMemory<byte> Ask(string token) => Gureum.Objects.Models.ModelJson.Encode(new TokenReview { Spec = new TokenReviewSpec { Token = token } });
    internal static TokenReview Parse(ReadOnlyMemory<byte> body) => Gureum.Objects.Models.ModelJson.Parse<TokenReview>(body.Span);
}
