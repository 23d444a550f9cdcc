using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Authentication;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Microsoft.IdentityModel.Tokens;

namespace Gureum.ApiServer;

/// <summary>A named part of the server's health: null when it is well, else what is wrong.</summary>
public sealed record HealthCheck(string Name, Func<string?> Problem);

/// <summary>Paths that are no resources: version, health, OpenID discovery, OpenAPI and metrics.</summary>
public sealed class PathHandlers(ServiceAccountTokens tokens, IReadOnlyList<HealthCheck> checks, IReadOnlyList<Func<ApiCall, RequestTarget, ApiResult?>> others)
{
    public const string KubernetesVersion = "v1.36.0";

    internal ApiResult? Find(ApiCall call, RequestTarget target)
    {
        if (target.Verb is not ("get" or "head")) return null;
        var path = target.Path.TrimEnd('/');
        switch (path)
        {
            case "/version": return Version();
            case "/livez": return Health(call, [], "livez");
            case "/healthz" or "/readyz": return Health(call, checks, path[1..]);
            case "/.well-known/openid-configuration": return Json(OpenIdConfiguration()) with { Caching = Public };
            case "/openid/v1/jwks": return new BodyResult(200, Encoding.UTF8.GetBytes(Keys().ToJsonString()), "application/jwk-set+json") { Caching = Public };
            case "": return Json(new JsonObject { ["paths"] = new JsonArray("/api", "/apis", "/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3", "/readyz", "/version") });
            default: break;
        }
        foreach (var prefix in (ReadOnlySpan<string>)["/readyz/", "/healthz/", "/livez/"])
            if (path.StartsWith(prefix, StringComparison.Ordinal) && checks.FirstOrDefault(c => c.Name == path[prefix.Length..]) is { } check) return Health(call, [check], check.Name);
        foreach (var other in others)
            if (other(call, target) is { } result) return result;
        return null;
    }

    private static BodyResult Version() => Json(new JsonObject
    {
        ["major"] = "1", ["minor"] = "36", ["gitVersion"] = KubernetesVersion + "+gureum", ["gitCommit"] = "", ["gitTreeState"] = "clean", ["buildDate"] = "1970-01-01T00:00:00Z",
        ["goVersion"] = ".NET " + Environment.Version, ["compiler"] = "roslyn", ["platform"] = "linux/" + (RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "amd64"),
    });

    private static BodyResult Health(ApiCall call, IReadOnlyList<HealthCheck> checks, string name)
    {
        var text = new StringBuilder();
        var well = true;
        foreach (var check in checks)
        {
            var problem = check.Problem();
            well &= problem is null;
            text.Append(problem is null ? "[+]" : "[-]").Append(check.Name).Append(problem is null ? " ok" : " failed: " + problem).Append('\n');
        }
        var body = well && !call.Query.ContainsKey("verbose") ? "ok" : text + (well ? $"{name} check passed\n" : $"{name} check failed\n");
        return new BodyResult(well ? 200 : 500, Encoding.UTF8.GetBytes(body), "text/plain; charset=utf-8");
    }

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
