using Gureum.ApiServer.Authentication;
using Gureum.ApiServer.Authorization;
using Gureum.ApiServer.Errors;
using Microsoft.AspNetCore.Http;

namespace Gureum.ApiServer.Http;

/// <summary>Finds out who asks: client certificate, bearer token, or nobody; then applies impersonation.</summary>
internal sealed class RequestAuthenticator(ITokenAuthenticator tokens, IAuthorizer authorizer)
{
    /// <summary>Whom the user acts as: itself, or as it wishes and may.</summary>
    internal ValueTask<UserInfo> ActAsync(HttpContext context, UserInfo user) => Impersonation.IsWished(context.Request.Headers) ? Impersonation.ActAsync(context.Request.Headers, user, authorizer) : ValueTask.FromResult(user);

    /// <summary>Who asks.</summary>
    /// <exception cref="ApiError">401: what is shown is not valid.</exception>
    internal async ValueTask<UserInfo> IdentifyAsync(HttpContext context)
    {
        if (context.Connection.ClientCertificate is { } certificate) return CertificateIdentity.Of(certificate);
        var header = context.Request.Headers.Authorization.ToString();
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            var identity = await tokens.AuthenticateAsync(header["Bearer ".Length..].Trim(), []);
            return identity?.User ?? throw ApiError.Unauthorized();
        }
        // Browsers cannot set headers on WebSockets: there the token comes as a subprotocol.
        foreach (var protocol in context.Request.Headers.SecWebSocketProtocol.ToString().Split(',', StringSplitOptions.TrimEntries))
            if (protocol.StartsWith("base64url.bearer.authorization.k8s.io.", StringComparison.Ordinal))
            {
                var token = System.Text.Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(protocol.AsSpan()["base64url.bearer.authorization.k8s.io.".Length..]));
                return (await tokens.AuthenticateAsync(token, []))?.User ?? throw ApiError.Unauthorized();
            }
        return UserInfo.Anonymous;
    }
}
