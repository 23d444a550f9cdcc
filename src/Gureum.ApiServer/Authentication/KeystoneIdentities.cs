using Gureum.ApiServer.State;
using Gureum.Identity;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Identity.V1;
using Gureum.Objects.Models;

namespace Gureum.ApiServer.Authentication;

/// <summary>
/// Whom Keystone tokens stand for. A token is dead as soon as its user, project, domain or credential is gone or shut, when the password was
/// changed after it, and when it or the token that it came out of was revoked. Thread-safe.
/// </summary>
public sealed class KeystoneIdentities(KeystoneTokens tokens, string audience, ClusterState state, TimeProvider time) : ITokenAuthenticator
{
    private sealed record Memberships(long Revision, ILookup<string, string> GroupsOfUser);

    private Memberships? memberships;

    public async ValueTask<TokenIdentity?> AuthenticateAsync(string token, IReadOnlyList<string> audiences)
    {
        if (audiences.Count > 0 && !audiences.Contains(audience)) return null;
        return await tokens.ReadAsync(token) is { } read && Identify(read, state.Newest) is { } user ? new TokenIdentity(user, [audience]) : null;
    }

    private UserInfo? Identify(KeystoneToken token, Root root)
    {
        if (Find<User>(root, token.User) is not { Spec.Enabled: not false } user || !IsOpen(root, user.Spec.Domain)) return null;
        if (user.Status?.PasswordSetTime is { } set && token.IssuedAt < set) return null;
        if (token.AuditIds.Any(id => root.Get(Keys.Object(TokenRevocation.Resource, null, KeystoneNames.Revocation(id))) is not null)) return null;
        if (!IsOpen(root, token.Scope)) return null;
        var extra = Extra(token);
        if (token.ApplicationCredential is { } credential)
            return Find<ApplicationCredential>(root, credential) is { } found && !HasExpired(found.Spec.ExpirationTime) ? As(KeystoneNames.ApplicationCredential(credential.Uid), []) : null;
        if (token.Trust is { } trust)
            return Find<Trust>(root, trust) is { } granted && !HasExpired(granted.Spec.ExpirationTime) && IsEnabled(root, granted.Spec.Trustor) && IsEnabled(root, granted.Spec.Trustee) ? As(KeystoneNames.Trust(trust.Uid), []) : null;
        return As(KeystoneNames.User(token.User.Uid), GroupsOf(token.User.Name));

        UserInfo As(string name, IEnumerable<string> groups) => new(name, [.. groups, KeystoneNames.AllUsers, UserInfo.Authenticated], token.User.Uid) { Extra = extra };
    }

    private static bool IsEnabled(Root root, string? user) => user is not null && root.Get(Keys.Object(User.Resource, null, user)) is { } found && ModelJson.Parse<User>(found.Json).Spec.Enabled != false;

    private bool HasExpired(DateTimeOffset? end) => end is { } at && at <= time.GetUtcNow();

    private static bool IsOpen(Root root, TokenScope scope) => scope.Kind switch
    {
        ScopeKind.Project => Find<Namespace>(root, scope.Target!) is { Metadata.DeletionTimestamp: null } project && project.Metadata.Annotations.GetValueOrDefault(KeystoneNames.Enabled) != "false"
            && IsOpen(root, project.Metadata.Labels.GetValueOrDefault(KeystoneNames.Domain)),
        ScopeKind.Domain => Find<Domain>(root, scope.Target!) is { Spec.Enabled: not false },
        _ => true,
    };

    private static bool IsOpen(Root root, string? domain) => root.Get(Keys.Object(Domain.Resource, null, domain ?? "default")) is { } found && ModelJson.Parse<Domain>(found.Json).Spec.Enabled != false;

    private static T? Find<T>(Root root, NamedObject named) where T : class, IKubeObject<T> =>
        root.Get(Keys.Object(T.Resource, null, named.Name)) is { } found && ModelJson.Parse<T>(found.Json) is var value && value.Metadata.Uid == named.Uid ? value : null;

    // Made anew when a group changed.
    private IEnumerable<string> GroupsOf(string user)
    {
        var collection = Keys.Collection(Group.Resource);
        var known = Volatile.Read(ref memberships);
        if (known is null || known.Revision < state.LastChange(collection))
        {
            var root = state.Newest;
            known = new Memberships(root.Revision, root.Under(collection).Select(p => ModelJson.Parse<Group>(p.Value.Json))
                .SelectMany(g => g.Spec.Users.Select(u => (User: u, Group: KeystoneNames.GroupOf(g.Metadata.Uid!)))).ToLookup(p => p.User, p => p.Group, StringComparer.Ordinal));
            Volatile.Write(ref memberships, known);
        }
        return known.GroupsOfUser[user];
    }

    private static Dictionary<string, IReadOnlyList<string>> Extra(KeystoneToken token) => new()
    {
        ["authentication.kubernetes.io/credential-id"] = ["JTI=" + token.AuditIds[0]],
    };
}
