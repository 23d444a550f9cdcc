using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using Gureum.ApiServer.State;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Json;
using Gureum.Objects.Models;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Gureum.ApiServer.Authentication;

/// <summary>What a token is bound to: it dies with this object.</summary>
/// <param name="Kind">Pod, Secret or Node.</param>
/// <param name="Node">Where a pod runs: whoever uses the token is known to come from there.</param>
public sealed record BoundObject(string Kind, string Name, string Uid, BoundObject? Node = null);

/// <summary>
/// Issues and checks service-account tokens: JWTs signed with ES256 in the form of upstream's bound tokens
/// (https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/). A token is dead as soon as its account
/// or the object that it is bound to is gone. Thread-safe.
/// </summary>
public sealed class ServiceAccountTokens(ECDsa key, string issuer, ClusterState state, TimeProvider time) : ITokenAuthenticator
{
    private const int MostCached = 4096;
    private readonly ECDsaSecurityKey signingKey = new(key) { KeyId = KeyIdOf(key) };
    private readonly JsonWebTokenHandler handler = new() { SetDefaultTimesOnTokenCreation = false };
    private readonly ConcurrentDictionary<string, JsonWebToken> verified = new(StringComparer.Ordinal);

    public string Issuer => issuer;
    public string KeyId => signingKey.KeyId;
    public ECParameters PublicKey => key.ExportParameters(false);

    public (string Token, DateTimeOffset Expires) Issue(string ns, string account, string uid, IReadOnlyList<string> audiences, TimeSpan lifetime, BoundObject? bound)
    {
        var now = time.GetUtcNow();
        var expires = now + lifetime;
        var claims = new Dictionary<string, object>
        {
            ["sub"] = $"system:serviceaccount:{ns}:{account}",
            ["jti"] = Guid.NewGuid().ToString(),
            ["kubernetes.io"] = JsonDocument.Parse(Claim(ns, account, uid, bound)).RootElement.Clone(),
        };
        var descriptor = new SecurityTokenDescriptor
        {
            Issuer = issuer, Claims = claims, IssuedAt = now.UtcDateTime, NotBefore = now.UtcDateTime, Expires = expires.UtcDateTime,
            SigningCredentials = new SigningCredentials(signingKey, SecurityAlgorithms.EcdsaSha256),
        };
        foreach (var audience in audiences.Count == 0 ? [issuer] : audiences) descriptor.Audiences.Add(audience);
        return (handler.CreateToken(descriptor), expires);
    }

    /// <summary>A token that names nobody, for an audience that is not the API.</summary>
    internal string IssueFor(string audience, TimeSpan lifetime, Dictionary<string, object> claims)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer, Audience = audience, Claims = claims, IssuedAt = now, NotBefore = now, Expires = now + lifetime, SigningCredentials = new SigningCredentials(signingKey, SecurityAlgorithms.EcdsaSha256),
        });
    }

    /// <summary>What such a token says, claim by claim (empty for one that it lacks).</summary>
    /// <returns>Null when it is not one, or not for that audience alone, or too old.</returns>
    internal async ValueTask<Func<string, string>?> VerifyForAsync(string audience, string token) =>
        await VerifyAsync(token) is { } known && known.ValidTo > time.GetUtcNow().UtcDateTime && known.Audiences.SequenceEqual([audience]) ? name => known.TryGetPayloadValue<string>(name, out var value) ? value : "" : null;

    /// <summary>Told of each use of a token of the old kind, with its Secret.</summary>
    internal Action<StoredObject>? LegacyUsed { get; set; }

    /// <summary>A token of the old kind: it lives as long as the Secret that it will be kept in.</summary>
    internal string IssueLegacy(string ns, string account, string uid, string secret) => handler.CreateToken(new SecurityTokenDescriptor
    {
        Issuer = LegacyTokens.Issuer, Claims = LegacyTokens.Claims(ns, account, uid, secret), SigningCredentials = new SigningCredentials(signingKey, SecurityAlgorithms.EcdsaSha256),
    });

    public async ValueTask<TokenIdentity?> AuthenticateAsync(string token, IReadOnlyList<string> audiences)
    {
        var known = verified.GetValueOrDefault(token) ?? await VerifyAsync(token);
        if (known is not null && LegacyTokens.IsOne(known)) return Legacy(known, audiences);
        if (known is null || known.ValidTo <= time.GetUtcNow().UtcDateTime) return null;
        var accepted = known.Audiences.Intersect(audiences.Count == 0 ? [issuer] : audiences).ToList();
        return accepted.Count == 0 || Identity(known) is not { } user ? null : new TokenIdentity(user, accepted);
    }

    private TokenIdentity? Legacy(JsonWebToken token, IReadOnlyList<string> audiences)
    {
        if ((audiences.Count > 0 && !audiences.Contains(issuer)) || LegacyTokens.Identify(token, state.Newest) is not var (user, secret)) return null;
        LegacyUsed?.Invoke(secret);
        return new TokenIdentity(user, [issuer]);
    }

    private async ValueTask<JsonWebToken?> VerifyAsync(string token)
    {
        if (token.Length > 16_384 || !handler.CanReadToken(token)) return null;
        var result = await handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidIssuers = [issuer, LegacyTokens.Issuer], IssuerSigningKey = signingKey, ValidateAudience = false, ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            ClockSkew = TimeSpan.FromSeconds(10), LifetimeValidator = (start, end, read, _) => end is null ? read is JsonWebToken old && LegacyTokens.IsOne(old) : end > time.GetUtcNow().UtcDateTime && (start is null || start <= time.GetUtcNow().UtcDateTime.AddSeconds(10)),
        });
        if (!result.IsValid || result.SecurityToken is not JsonWebToken jwt) return null;
        if (verified.Count > MostCached) verified.Clear();
        return verified[token] = jwt;
    }

    // The signature is checked once; whether account and bound object still live, at every use.
    private UserInfo? Identity(JsonWebToken token)
    {
        if (!token.TryGetPayloadValue<JsonElement>("kubernetes.io", out var claim)) return null;
        var ns = claim.GetProperty("namespace").GetString()!;
        var account = claim.GetProperty("serviceaccount");
        var (name, uid) = (account.GetProperty("name").GetString()!, account.GetProperty("uid").GetString()!);
        if (!Lives(ServiceAccount.Resource, ns, name, uid)) return null;
        var extra = new Dictionary<string, IReadOnlyList<string>> { ["authentication.kubernetes.io/credential-id"] = ["JTI=" + token.Id] };
        if (claim.TryGetProperty("pod", out var pod))
        {
            var (podName, podUid) = (pod.GetProperty("name").GetString()!, pod.GetProperty("uid").GetString()!);
            if (!Lives(Pod.Resource, ns, podName, podUid)) return null;
            extra["authentication.kubernetes.io/pod-name"] = [podName];
            extra["authentication.kubernetes.io/pod-uid"] = [podUid];
        }
        if (claim.TryGetProperty("node", out var node))
        {
            var (nodeName, nodeUid) = (node.GetProperty("name").GetString()!, node.GetProperty("uid").GetString()!);
            // With a pod beside it, the node only tells where that ran.
            if (pod.ValueKind == JsonValueKind.Undefined && !Lives(Node.Resource, null, nodeName, nodeUid)) return null;
            extra["authentication.kubernetes.io/node-name"] = [nodeName];
            extra["authentication.kubernetes.io/node-uid"] = [nodeUid];
        }
        if (claim.TryGetProperty("secret", out var secret) && !Lives(Secret.Resource, ns, secret.GetProperty("name").GetString()!, secret.GetProperty("uid").GetString()!)) return null;
        return new UserInfo($"system:serviceaccount:{ns}:{name}", ["system:serviceaccounts", "system:serviceaccounts:" + ns, UserInfo.Authenticated], uid) { Extra = extra };
    }

    private bool Lives(ResourceType type, string? ns, string name, string uid) =>
        state.Newest.Get(Keys.Object(type, ns, name)) is { } found && JsonPeek.Text(found.Json, ["metadata", "uid"]) == uid;

    private static string Claim(string ns, string account, string uid, BoundObject? bound)
    {
        var claim = new System.Text.Json.Nodes.JsonObject
        {
            ["namespace"] = ns,
            ["serviceaccount"] = new System.Text.Json.Nodes.JsonObject { ["name"] = account, ["uid"] = uid },
        };
        foreach (var named in (BoundObject?[])[bound, bound?.Node])
            if (named is not null) claim[named.Kind.ToLowerInvariant()] = new System.Text.Json.Nodes.JsonObject { ["name"] = named.Name, ["uid"] = named.Uid };
        return claim.ToJsonString();
    }

    private static string KeyIdOf(ECDsa key) => Base64UrlEncoder.Encode(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));
}
