using Gureum.Client;
using Gureum.Identity;
using Gureum.Objects.Identity.V1;
using Gureum.Objects.Meta.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Identity;

/// <summary>Tokens (https://docs.openstack.org/api-ref/identity/v3/#authentication-and-token-management): given out, described, revoked.</summary>
public sealed class Tokens(Cloud cloud, Login login, TokenReader reader, TokenDocument document, Catalog catalog, ApiClient door)
{
    private const string Subject = "X-Subject-Token";

    internal void Map(Routes routes)
    {
        routes.Open("POST", "/v3/auth/tokens", IssueAsync);
        routes.Get("/v3/auth/tokens", ShowAsync);
        routes.Delete("/v3/auth/tokens", RevokeAsync);
        routes.Get("/v3/auth/catalog", call => Task.FromResult(Answer.Json(json =>
        {
            json.WriteStartObject();
            catalog.Write(json, call.Caller.ProjectId);
            json.Object("links", _ => json.WriteString("self", call.Service + "/v3/auth/catalog"));
            json.WriteEndObject();
        })));
        routes.Get("/v3/auth/system", call => Task.FromResult(Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("system");
            if (call.Caller.Token.Scope.Kind == ScopeKind.System)
            {
                json.WriteStartObject();
                json.WriteBoolean("all", true);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.Object("links", _ => json.WriteString("self", call.Service + "/v3/auth/system"));
            json.WriteEndObject();
        })));
    }

    private static bool WantsCatalog(Call call) => call.Query("nocatalog") is null;

    private async Task<Answer> IssueAsync(Call call)
    {
        var text = await login.IssueAsync(await call.BodyAsync(), call.Cancel);
        var caller = await reader.ReadAsync(text, call.Cancel) ?? throw Fault.Unauthorized();
        return new Answer(201, document.Write(caller, WantsCatalog(call))).With(Subject, text);
    }

    private async Task<Caller> SubjectAsync(Call call)
    {
        var text = call.Header(Subject) ?? throw Fault.BadRequest($"The header {Subject} names the token that is asked about: it is missing.");
        // Whoever holds a token may ask about it; about other people's only who may review tokens.
        if (text == call.Caller.TokenText) return call.Caller;
        var subject = await reader.ReadAsync(text, call.Cancel) ?? throw Fault.NotFound("This is not a recognized Keystone token, or it has ended.");
        if (subject.UserId != call.Caller.UserId && !await Judge.AllowsAsync(call.Caller, "create", Gureum.Objects.Authentication.V1.TokenReview.Resource, null, call.Cancel)) throw Fault.Forbidden("You are not authorized to perform the requested action: identity:validate_token.");
        return subject;
    }

    private async Task<Answer> ShowAsync(Call call)
    {
        var subject = await SubjectAsync(call);
        return new Answer(200, document.Write(subject, WantsCatalog(call))).With(Subject, subject.TokenText);
    }

    // The revocation is an object like any other; it outlives the token by nothing.
    private async Task<Answer> RevokeAsync(Call call)
    {
        var subject = await SubjectAsync(call);
        var token = subject.Token;
        try
        {
            await cloud.Revocations.CreateAsync(door, new TokenRevocation
            {
                Metadata = new ObjectMeta { Name = KeystoneNames.Revocation(token.AuditIds[0]) },
                Spec = new TokenRevocationSpec { AuditID = token.AuditIds[0], User = token.User.Name, ExpirationTime = token.ExpiresAt },
            }, call.Cancel);
        }
        catch (ApiException e) when (e.IsAlreadyExists) { /* two at once */ }
        return Answer.NoContent;
    }
}
