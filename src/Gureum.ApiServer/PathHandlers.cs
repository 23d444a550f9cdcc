using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Authentication;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Microsoft.IdentityModel.Tokens;

namespace Gureum.ApiServer;

/// <summary>Paths that are no resources: version, OpenID discovery, and what the others given serve (health, OpenAPI, metrics).</summary>
public sealed class PathHandlers(ServiceAccountTokens tokens, IReadOnlyList<Func<ApiCall, RequestTarget, ApiResult?>> others)
{
    public const string KubernetesVersion = "v1.36.0";

    /// <summary>Paths that the others answer, for whoever asks what there is.</summary>
    internal Func<IEnumerable<string>> Listed { get; init; } = static () => [];

    internal ApiResult? Find(ApiCall call, RequestTarget target)
    {
        if (target.Verb is not ("get" or "head")) return null;
        var path = target.Path.TrimEnd('/');
        switch (path)
        {
            case "/version": return Version();
            case "/.well-known/openid-configuration": return Json(OpenIdConfiguration()) with { Caching = Public };
            case "/openid/v1/jwks": return new BodyResult(200, Encoding.UTF8.GetBytes(Keys().ToJsonString()), "application/jwk-set+json") { Caching = Public };
            case "" or "/index.html": return Json(new JsonObject { ["paths"] = new JsonArray([.. Listed().Distinct().Order(StringComparer.Ordinal).Select(static p => (JsonNode)p)]) });
            default: break;
        }
        foreach (var other in others)
            if (other(call, target) is { } result) return result;
        return null;
    }

    private static BodyResult Version() => Json(new JsonObject
    {
        ["major"] = "1", ["minor"] = "36", ["gitVersion"] = KubernetesVersion + "+gureum", ["gitCommit"] = "", ["gitTreeState"] = "clean", ["buildDate"] = "1970-01-01T00:00:00Z",
        ["goVersion"] = ".NET " + Environment.Version, ["compiler"] = "roslyn", ["platform"] = "linux/" + (RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "amd64"),
    });

    // Relying parties look seldom: keys last.
    private const string Public = "public, max-age=3600";

    private JsonObject OpenIdConfiguration() => new()
    {
        ["issuer"] = tokens.Issuer, ["jwks_uri"] = tokens.Issuer.TrimEnd('/') + "/openid/v1/jwks", ["response_types_supported"] = new JsonArray("id_token"),
        ["subject_types_supported"] = new JsonArray("public"), ["id_token_signing_alg_values_supported"] = new JsonArray("ES256"),
    };

    private JsonObject Keys()
    {
        var key = tokens.PublicKey;
        return new JsonObject
        {
            ["keys"] = new JsonArray((JsonNode)new JsonObject
            {
                ["use"] = "sig", ["kty"] = "EC", ["kid"] = tokens.KeyId, ["crv"] = "P-256", ["alg"] = "ES256",
                ["x"] = Base64UrlEncoder.Encode(key.Q.X!), ["y"] = Base64UrlEncoder.Encode(key.Q.Y!),
            }),
        };
    }

    private static BodyResult Json(JsonObject value) => new(200, Encoding.UTF8.GetBytes(value.ToJsonString()));
}
