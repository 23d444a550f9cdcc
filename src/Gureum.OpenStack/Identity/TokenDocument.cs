using System.Globalization;
using System.Text.Json;
using Gureum.Identity;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Identity;

/// <summary>Writes the body that describes a token (https://docs.openstack.org/api-ref/identity/v3/#authentication-and-token-management).</summary>
public sealed class TokenDocument(Cloud cloud, Catalog catalog)
{
    public ReadOnlyMemory<byte> Write(Caller caller, bool withCatalog) => JsonText.Write(json =>
    {
        json.WriteStartObject();
        json.Object("token", _ => WriteToken(json, caller, withCatalog));
        json.WriteEndObject();
    });

    private void WriteToken(Utf8JsonWriter json, Caller caller, bool withCatalog)
    {
        var token = caller.Token;
        json.Texts("methods", token.Methods);
        json.Object("user", _ =>
        {
            WriteDomain(json, caller.User.Spec.Domain);
            json.WriteString("id", caller.UserId);
            json.WriteString("name", caller.User.Spec.Name);
            json.Text("password_expires_at", caller.User.Status?.PasswordExpirationTime is { } end ? Time(end) : null);
        });
        json.Texts("audit_ids", token.AuditIds);
        json.WriteString("expires_at", Time(token.ExpiresAt));
        json.WriteString("issued_at", Time(token.IssuedAt));
        if (caller.Project is { } project)
        {
            json.Object("project", _ =>
            {
                WriteDomain(json, IdentityIds.DomainOf(project));
                json.WriteString("id", caller.ProjectId);
                json.WriteString("name", IdentityIds.Name(project));
            });
            json.WriteBoolean("is_domain", false);
        }
        if (caller.Domain is { } domain)
            json.Object("domain", _ =>
            {
                json.WriteString("id", IdentityIds.Domain(domain));
                json.WriteString("name", domain.Spec.Name);
            });
        if (token.Scope.Kind == ScopeKind.System) json.Object("system", _ => json.WriteBoolean("all", true));
        if (token.Scope.Kind != ScopeKind.None)
        {
            json.Objects("roles", caller.Roles, (_, role) =>
            {
                json.WriteString("id", KeystoneNames.Id(role.Metadata.Uid));
                json.WriteString("name", IdentityIds.Name(role));
            });
            if (withCatalog) catalog.Write(json, caller.ProjectId);
        }
        if (token.ApplicationCredential is { } named && cloud.ApplicationCredentials.Get(null, named.Name) is { } credential)
            json.Object("application_credential", _ =>
            {
                json.WriteString("id", KeystoneNames.Id(named.Uid));
                json.WriteString("name", credential.Spec.Name);
                json.WriteBoolean("restricted", credential.Spec.Unrestricted != true);
            });
        if (token.Trust is { } trusted && cloud.Trusts.Get(null, trusted.Name) is { } trust)
            json.Object("OS-TRUST:trust", _ =>
            {
                json.WriteString("id", KeystoneNames.Id(trusted.Uid));
                json.WriteBoolean("impersonation", trust.Spec.Impersonation == true);
                json.Object("trustor_user", _ => json.WriteString("id", UserId(trust.Spec.Trustor)));
                json.Object("trustee_user", _ => json.WriteString("id", UserId(trust.Spec.Trustee)));
            });
    }

    private string UserId(string? name) => KeystoneNames.Id(cloud.Users.Get(null, name)?.Metadata.Uid);

    private void WriteDomain(Utf8JsonWriter json, string? name) => json.Object("domain", _ =>
    {
        var domain = cloud.Domains.Get(null, name);
        json.WriteString("id", domain is null ? name : IdentityIds.Domain(domain));
        json.WriteString("name", domain?.Spec.Name ?? name);
    });

    /// <summary>"2026-11-24T18:00:00.123456": as it was given.</summary>
    internal static string ExactTime(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'.'ffffff", CultureInfo.InvariantCulture);

    /// <summary>"2026-11-24T18:00:00.000000Z": seconds, since clients compare what they are told with what they keep.</summary>
    internal static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'.000000Z'", CultureInfo.InvariantCulture);
}
