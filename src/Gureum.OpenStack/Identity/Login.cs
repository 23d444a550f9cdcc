using Gureum.Client;
using Gureum.Identity;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Identity.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Identity;

/// <summary>
/// Gives out tokens (POST /v3/auth/tokens, https://docs.openstack.org/api-ref/identity/v3/#password-authentication-with-unscoped-authorization).
/// Every refusal reads the same: nobody learns which part was wrong.
/// </summary>
public sealed class Login(Cloud cloud, AccountPasswords passwords, TokenReader reader, AssignmentBook assignments, KeystoneTokens tokens, Gureum.Client.ApiClient door, TimeProvider time)
{
    /// <summary>How long a token lives.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    // Who has come, how, and what that limits.
    private sealed record Proof(User User)
    {
        internal DateTimeOffset? Until { get; init; }
        internal KeystoneToken? From { get; init; }
        internal ApplicationCredential? Credential { get; init; }
    }

    /// <summary>A signed token for what the body asks.</summary>
    /// <exception cref="Fault">401 for whoever may not; 400 for what cannot be understood.</exception>
    public async Task<string> IssueAsync(Body request, CancellationToken cancel)
    {
        var auth = request.Object("auth");
        var identity = auth.Object("identity");
        var methods = identity.Texts("methods") is { Count: > 0 } named ? named : throw Fault.BadRequest("Invalid input for field 'auth.identity.methods': name at least one of: password, token, application_credential.");
        Proof? proof = null;
        foreach (var method in methods.Distinct(StringComparer.Ordinal))
        {
            var shown = method switch
            {
                "password" => await ByPasswordAsync(identity.Object("password"), cancel),
                "token" => await ByTokenAsync(identity.Object("token"), cancel),
                "application_credential" => await ByCredentialAsync(identity.Object("application_credential"), cancel),
                _ => throw Fault.Unauthorized(),
            };
            if (proof is not null && proof.User.Metadata.Uid != shown.User.Metadata.Uid) throw Fault.Unauthorized();
            proof = proof is null ? shown : shown with { Until = Earlier(proof.Until, shown.Until), From = shown.From ?? proof.From, Credential = shown.Credential ?? proof.Credential };
        }
        return tokens.Sign(await TokenAsync(proof!, [.. methods], auth, cancel));
    }

    private async Task<KeystoneToken> TokenAsync(Proof proof, IReadOnlyList<string> methods, Body auth, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var (scope, trust) = Scope(proof, auth);
        // Who a trust was given to acts as who gave it, where that was said.
        var user = trust?.Spec.Impersonation == true ? cloud.Users.Get(null, trust.Spec.Trustor) is { } trustor && IsOpen(trustor) ? trustor : throw Fault.Forbidden("The trustor is disabled.") : proof.User;
        var credential = proof.Credential is { } c ? new NamedObject(c.Metadata.Name!, c.Metadata.Uid!) : proof.From?.ApplicationCredential;
        var token = new KeystoneToken
        {
            User = new NamedObject(user.Metadata.Name!, user.Metadata.Uid!), Scope = scope, IssuedAt = now, ExpiresAt = Earlier(proof.Until, now + Lifetime)!.Value,
            Methods = [.. methods.Concat(proof.From?.Methods ?? []).Distinct(StringComparer.Ordinal)],
            AuditIds = proof.From is { } from ? [KeystoneTokens.NewAuditId(), from.AuditIds[^1]] : [KeystoneTokens.NewAuditId()],
            ApplicationCredential = credential, Trust = trust is null ? null : new NamedObject(trust.Metadata.Name!, trust.Metadata.Uid!),
        };
        if (scope.Kind != ScopeKind.None && reader.RolesOf(token, user).Count == 0) throw trust is null ? Fault.Unauthorized() : Fault.Forbidden("The trustor has not all of the trust's roles any more.");
        if (trust?.Spec.RemainingUses is not null) await cloud.Trusts.ChangeAsync(door, trust, static t => t.Spec.RemainingUses > 0 ? t with { Spec = t.Spec with { RemainingUses = t.Spec.RemainingUses - 1 } } : throw Fault.Forbidden("The trust has no uses left."), cancel);
        return token;
    }

    private static DateTimeOffset? Earlier(DateTimeOffset? a, DateTimeOffset? b) => a is null ? b : b is null || a < b ? a : b;

    private async Task<Proof> ByPasswordAsync(Body body, CancellationToken cancel)
    {
        var named = body.Object("user");
        var password = named.Text("password", AccountPasswords.Longest) ?? throw Fault.BadRequest("Invalid input for field 'auth.identity.password.user.password': it is a required property.");
        var user = FindUser(named);
        if (!await passwords.CheckAsync(user is not null && IsOpen(user) ? user : null, password, cancel)) throw Fault.Unauthorized();
        return new Proof(user!);
    }

    private async Task<Proof> ByTokenAsync(Body body, CancellationToken cancel) =>
        await reader.ReadAsync(body.Name("id", 8192), cancel) is { } caller ? new Proof(caller.User) { Until = caller.Token.ExpiresAt, From = caller.Token } : throw Fault.Unauthorized();

    private async Task<Proof> ByCredentialAsync(Body body, CancellationToken cancel)
    {
        var secret = body.Name("secret", AccountPasswords.Longest);
        var credential = body.Text("id") is { } id ? cloud.ApplicationCredentials.Find(id) : FindUser(body.Object("user")) is { } owner && body.Text("name") is { } name
            ? cloud.ApplicationCredentials.All.FirstOrDefault(c => c.Spec.User == owner.Metadata.Name && c.Spec.Name == name) : null;
        if (!await passwords.CheckSecretAsync(credential, secret, cancel) || credential!.Spec.ExpirationTime <= time.GetUtcNow()) throw Fault.Unauthorized();
        if (cloud.Users.Get(null, credential.Spec.User) is not { } user || !IsOpen(user)) throw Fault.Unauthorized();
        return new Proof(user) { Credential = credential, Until = credential.Spec.ExpirationTime };
    }

    /// <summary>A user by id, or by name and domain; null when there is none.</summary>
    private User? FindUser(Body named)
    {
        if (named.Text("id") is { } id) return cloud.Users.Find(id);
        var name = named.Text("name") ?? throw Fault.BadRequest("Invalid input for field 'user': give 'id', or 'name' and 'domain'.");
        var domain = FindDomain(named.Object("domain"));
        return domain is null ? null : cloud.Users.All.FirstOrDefault(u => u.Spec.Domain == domain.Metadata.Name && Keystone.SameName(u.Spec.Name, name));
    }

    private Domain? FindDomain(Body named) => named.Text("id") is { } id ? cloud.Domains.Find(id) : cloud.Domains.All.FirstOrDefault(d => Keystone.SameName(d.Spec.Name, named.Name("name")));

    private bool IsOpen(User user) => user.Spec.Enabled != false && cloud.Domains.Get(null, user.Spec.Domain) is { Spec.Enabled: not false };

    private (TokenScope Scope, Trust? Trust) Scope(Proof proof, Body auth)
    {
        var asked = auth.Node("scope");
        if (proof.Credential is { } credential)
            return asked is null && cloud.Projects.Get(null, credential.Spec.Project) is { } own && IdentityIds.IsEnabled(own) ? (Scope(own), null) : throw Fault.Unauthorized();
        if (asked is null) return (Default(proof), null);
        if (asked.GetValueKind() == System.Text.Json.JsonValueKind.String) return asked.GetValue<string>() == "unscoped" ? (Limited(proof, TokenScope.Unscoped), null) : throw Fault.BadRequest("Invalid input for field 'auth.scope': name a project, a domain, the system, a trust, or \"unscoped\".");
        var scope = auth.Object("scope");
        if (scope.Find("project") is { } project) return (Limited(proof, FindProject(project) is { } found && IdentityIds.IsEnabled(found) ? Scope(found) : throw Fault.Unauthorized()), null);
        if (scope.Find("domain") is { } domain) return (Limited(proof, FindDomain(domain) is { Spec.Enabled: not false } found ? new TokenScope(ScopeKind.Domain, new NamedObject(found.Metadata.Name!, found.Metadata.Uid!)) : throw Fault.Unauthorized()), null);
        if (scope.Find("system") is { } system) return (Limited(proof, system.Flag("all") == true ? TokenScope.System : throw Fault.Unauthorized()), null);
        if (scope.Find("OS-TRUST:trust") is { } trusted) return ByTrust(proof, trusted.Name("id"));
        throw Fault.BadRequest("Invalid input for field 'auth.scope': name a project, a domain, the system, a trust, or \"unscoped\".");
    }

    private (TokenScope, Trust?) ByTrust(Proof proof, string id)
    {
        if (proof.From is { Trust: not null } or { ApplicationCredential: not null }) throw Fault.Forbidden("A token of a trust or of an application credential opens no other.");
        if (cloud.Trusts.Find(id) is not { Metadata.DeletionTimestamp: null } trust || trust.Spec.Trustee != proof.User.Metadata.Name || trust.Spec.ExpirationTime <= time.GetUtcNow()) throw Fault.Forbidden("You are not the trustee of that trust.");
        return trust.Spec.Project is { } name && cloud.Projects.Get(null, name) is { } project && IdentityIds.IsEnabled(project) ? (Scope(project), trust) : throw Fault.Unauthorized();
    }

    private Namespace? FindProject(Body named)
    {
        if (named.Text("id") is { } id) return cloud.Projects.Find(id);
        var name = named.Name("name");
        return FindDomain(named.Object("domain")) is { } domain ? cloud.Projects.All.FirstOrDefault(p => IdentityIds.DomainOf(p) == domain.Metadata.Name && Keystone.SameName(IdentityIds.Name(p), name)) : null;
    }

    // The user's default project where they have a role, else no scope.
    private TokenScope Default(Proof proof)
    {
        if (proof.From is { ApplicationCredential: not null } or { Trust: not null }) return proof.From.Scope;
        return proof.User.Spec.DefaultProject is { } name && cloud.Projects.Get(null, name) is { } project && IdentityIds.IsEnabled(project) && assignments.RolesOf(proof.User, Scope(project)).Count > 0 ? Scope(project) : TokenScope.Unscoped;
    }

    // What came out of a credential or trust stays what it was.
    private static TokenScope Limited(Proof proof, TokenScope scope) =>
        proof.From is not ({ ApplicationCredential: not null } or { Trust: not null }) || scope == proof.From.Scope ? scope : throw Fault.Forbidden("A token of a trust or of an application credential cannot be given another scope.");

    private static TokenScope Scope(Namespace project) => new(ScopeKind.Project, new NamedObject(project.Metadata.Name!, project.Metadata.Uid!));
}
