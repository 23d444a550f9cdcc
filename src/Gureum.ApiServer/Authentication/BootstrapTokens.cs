using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Gureum.ApiServer.State;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Models;

namespace Gureum.ApiServer.Authentication;

/// <summary>
/// Checks bootstrap tokens (https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/): ID.SECRET, kept in the Secret
/// kube-system/bootstrap-token-ID. Thread-safe.
/// </summary>
/// <param name="audience">What such tokens may be used with.</param>
public sealed partial class BootstrapTokens(ClusterState state, string audience, TimeProvider time) : ITokenAuthenticator
{
    internal const string SecretType = "bootstrap.kubernetes.io/token";
    private const string Prefix = "bootstrap-token-", Group = "system:bootstrappers";

    [GeneratedRegex(@"^([a-z0-9]{6})\.([a-z0-9]{16})$")] private static partial Regex Form();
    [GeneratedRegex(@"^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$")] private static partial Regex ExtraGroup();

    public ValueTask<TokenIdentity?> AuthenticateAsync(string token, IReadOnlyList<string> audiences) =>
        ValueTask.FromResult(audiences.Count > 0 && !audiences.Contains(audience) || Find(token) is not { } user ? null : new TokenIdentity(user, [audience]));

    private UserInfo? Find(string token)
    {
        if (Form().Match(token) is not { Success: true } parts) return null;
        var (id, secret) = (parts.Groups[1].Value, parts.Groups[2].Value);
        if (state.Newest.Get(Keys.Object(Secret.Resource, "kube-system", Prefix + id)) is not { } stored) return null;
        var found = ModelJson.Parse<Secret>(stored.Json);
        if (found.Type != SecretType || found.Metadata.DeletionTimestamp is not null || Text(found, "token-id") != id) return null;
        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Text(found, "token-secret")), Encoding.UTF8.GetBytes(secret))) return null;
        if (HasExpired(found, time.GetUtcNow()) || Text(found, "usage-bootstrap-authentication") != "true") return null;
        var extra = Text(found, "auth-extra-groups").Split(',', StringSplitOptions.RemoveEmptyEntries);
        // One group that is not allowed spoils the token: it must not be worth less than somebody thinks.
        return extra.All(static g => ExtraGroup().IsMatch(g)) ? new UserInfo("system:bootstrap:" + id, [Group, .. extra.Distinct().Order(StringComparer.Ordinal), UserInfo.Authenticated]) : null;
    }

    private static bool HasExpired(Secret secret, DateTimeOffset now) => Text(secret, "expiration") is { Length: > 0 } text && (!Times.TryParse(text, out var end) || end <= now);

    private static string Text(Secret secret, string key) => secret.Data.TryGetValue(key, out var bytes) ? Encoding.UTF8.GetString(bytes) : "";
}

/// <summary>Asks one after the other who a token stands for.</summary>
public sealed class TokenChain(IReadOnlyList<ITokenAuthenticator> authenticators) : ITokenAuthenticator
{
    public async ValueTask<TokenIdentity?> AuthenticateAsync(string token, IReadOnlyList<string> audiences)
    {
        foreach (var authenticator in authenticators)
            if (await authenticator.AuthenticateAsync(token, audiences) is { } identity) return identity;
        return null;
    }
}
