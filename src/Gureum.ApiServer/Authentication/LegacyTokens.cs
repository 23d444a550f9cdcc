using System.Security.Cryptography;
using System.Text;
using Gureum.ApiServer.State;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Json;
using Gureum.Objects.Models;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Gureum.ApiServer.Authentication;

/// <summary>
/// Service-account tokens of the old kind: they live as long as the Secret of type kubernetes.io/service-account-token that they are kept in
/// (https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#auto-generated-legacy-serviceaccount-token-clean-up).
/// </summary>
internal static class LegacyTokens
{
    internal const string Issuer = "kubernetes/serviceaccount", SecretType = "kubernetes.io/service-account-token", LastUsed = "kubernetes.io/legacy-token-last-used";

    private const string InvalidSince = "kubernetes.io/legacy-token-invalid-since";
    private const string Namespace = "kubernetes.io/serviceaccount/namespace", SecretName = "kubernetes.io/serviceaccount/secret.name", Account = "kubernetes.io/serviceaccount/service-account.name", Uid = "kubernetes.io/serviceaccount/service-account.uid";

    internal static bool IsOne(JsonWebToken token) => token.Issuer == Issuer;

    internal static Dictionary<string, object> Claims(string ns, string account, string uid, string secret) => new()
    {
        ["sub"] = $"system:serviceaccount:{ns}:{account}", [Namespace] = ns, [SecretName] = secret, [Account] = account, [Uid] = uid,
    };

    /// <summary>Who it stands for, and the Secret that it is kept in; null when that or the account has gone, or it has been declared invalid.</summary>
    internal static (UserInfo User, StoredObject Secret)? Identify(JsonWebToken token, Root root)
    {
        if (Text(token, Namespace) is not { } ns || Text(token, SecretName) is not { } name || Text(token, Account) is not { } account || Text(token, Uid) is not { } uid || token.Subject != $"system:serviceaccount:{ns}:{account}") return null;
        if (root.Get(Keys.Object(Secret.Resource, ns, name)) is not { } secret || root.Get(Keys.Object(ServiceAccount.Resource, ns, account)) is not { } owner) return null;
        if (JsonPeek.Text(owner.Json, ["metadata", "uid"]) != uid || JsonPeek.Text(owner.Json, ["metadata", "deletionTimestamp"]).Length > 0 || JsonPeek.Text(secret.Json, ["metadata", "deletionTimestamp"]).Length > 0) return null;
        var kept = ModelJson.Parse<Secret>(secret.Json).Data.GetValueOrDefault("token");
        if (kept is null || !CryptographicOperations.FixedTimeEquals(kept, Encoding.UTF8.GetBytes(token.EncodedToken)) || secret.Labels.ContainsKey(InvalidSince)) return null;
        return (new UserInfo($"system:serviceaccount:{ns}:{account}", ["system:serviceaccounts", "system:serviceaccounts:" + ns, UserInfo.Authenticated], uid), secret);
    }

    private static string? Text(JsonWebToken token, string claim) => token.TryGetPayloadValue<string>(claim, out var text) && text is { Length: > 0 } ? text : null;
}
