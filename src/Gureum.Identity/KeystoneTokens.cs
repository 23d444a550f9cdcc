using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Gureum.Identity;

/// <summary>
/// Signs tokens and reads them: JWTs (RFC 7519) with ES256, which say who and what for under the claim "keystone". Says nothing about whether
/// what is named still lives. Thread-safe.
/// </summary>
public sealed class KeystoneTokens(ECDsa key, TimeProvider time)
{
    /// <summary>"iss" of these tokens: what tells them from service-account tokens.</summary>
    public const string Issuer = "urn:gureum:keystone";

    private const string Claim = "keystone";
    private const int MostCached = 8192, LongestToken = 8192;

    private readonly ECDsaSecurityKey signingKey = new(key) { KeyId = Base64UrlEncoder.Encode(SHA256.HashData(key.ExportSubjectPublicKeyInfo())) };
    private readonly JsonWebTokenHandler handler = new() { SetDefaultTimesOnTokenCreation = false };
    private readonly ConcurrentDictionary<string, KeystoneToken> verified = new(StringComparer.Ordinal);

    public string Sign(KeystoneToken token)
    {
        var descriptor = new SecurityTokenDescriptor
        {
            Issuer = Issuer, IssuedAt = token.IssuedAt.UtcDateTime, NotBefore = token.IssuedAt.UtcDateTime, Expires = token.ExpiresAt.UtcDateTime,
            Claims = new Dictionary<string, object> { ["sub"] = token.User.Uid, ["jti"] = token.AuditIds[0], [Claim] = Write(token) },
            SigningCredentials = new SigningCredentials(signingKey, SecurityAlgorithms.EcdsaSha256),
        };
        return handler.CreateToken(descriptor);
    }

    /// <summary>What a token says; null when it is not one of ours, was altered, or has expired. The signature is checked once.</summary>
    public async ValueTask<KeystoneToken?> ReadAsync(string text)
    {
        var known = verified.GetValueOrDefault(text) ?? await VerifyAsync(text);
        return known is not null && known.ExpiresAt > time.GetUtcNow() ? known : null;
    }

    /// <summary>A new audit id: 16 random bytes in URL-safe base64 without padding, as Keystone's are.</summary>
    public static string NewAuditId() => Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(16));

    private async ValueTask<KeystoneToken?> VerifyAsync(string text)
    {
        if (text.Length > LongestToken || !handler.CanReadToken(text)) return null;
        var result = await handler.ValidateTokenAsync(text, new TokenValidationParameters
        {
            ValidIssuer = Issuer, IssuerSigningKey = signingKey, ValidateAudience = false, ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256], RequireExpirationTime = true,
            LifetimeValidator = (_, end, _, _) => end > time.GetUtcNow().UtcDateTime,
        });
        if (!result.IsValid || result.SecurityToken is not JsonWebToken jwt || !IsWhole(text, jwt) || !jwt.TryGetPayloadValue<JsonElement>(Claim, out var claim)) return null;
        var token = Read(claim, new DateTimeOffset(jwt.ValidTo, TimeSpan.Zero));
        if (verified.Count > MostCached) verified.Clear();
        return verified[text] = token;
    }

    // Base64url leaves bits of a last character unused: a text that differs only there is another token than the one that was given out.
    private static bool IsWhole(string text, JsonWebToken jwt)
    {
        var signature = text[(text.LastIndexOf('.') + 1)..];
        return Base64UrlEncoder.Encode(Base64UrlEncoder.DecodeBytes(signature)) == signature && jwt.EncodedSignature == signature;
    }

    private static JsonElement Write(KeystoneToken token)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("user"u8, token.User.Name);
            json.WriteString("scope"u8, token.Scope.Kind switch { ScopeKind.Project => "project", ScopeKind.Domain => "domain", ScopeKind.System => "system", _ => "" });
            Write(json, "target"u8, token.Scope.Target);
            Write(json, "credential"u8, token.ApplicationCredential);
            Write(json, "trust"u8, token.Trust);
            Write(json, "methods"u8, token.Methods);
            Write(json, "audit"u8, token.AuditIds);
            json.WriteNumber("at"u8, token.IssuedAt.ToUnixTimeMilliseconds());
            json.WriteString("uid"u8, token.User.Uid);
            json.WriteEndObject();
        }
        var reader = new Utf8JsonReader(buffer.WrittenSpan);
        return JsonElement.ParseValue(ref reader);
    }

    private static void Write(Utf8JsonWriter json, ReadOnlySpan<byte> name, NamedObject? value)
    {
        if (value is null) return;
        json.WriteStartArray(name);
        json.WriteStringValue(value.Name);
        json.WriteStringValue(value.Uid);
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }

    private static KeystoneToken Read(JsonElement claim, DateTimeOffset expires) => new()
    {
        User = new NamedObject(claim.GetProperty("user").GetString()!, claim.GetProperty("uid").GetString()!),
        Scope = new TokenScope(claim.GetProperty("scope").GetString() switch { "project" => ScopeKind.Project, "domain" => ScopeKind.Domain, "system" => ScopeKind.System, _ => ScopeKind.None }, ReadNamed(claim, "target")),
        ApplicationCredential = ReadNamed(claim, "credential"), Trust = ReadNamed(claim, "trust"),
        Methods = ReadTexts(claim, "methods"), AuditIds = ReadTexts(claim, "audit"),
        IssuedAt = DateTimeOffset.FromUnixTimeMilliseconds(claim.GetProperty("at").GetInt64()), ExpiresAt = expires,
    };

    private static NamedObject? ReadNamed(JsonElement claim, string name) => claim.TryGetProperty(name, out var pair) ? new NamedObject(pair[0].GetString()!, pair[1].GetString()!) : null;
    private static string[] ReadTexts(JsonElement claim, string name) => [.. claim.GetProperty(name).EnumerateArray().Select(e => e.GetString()!)];
}
