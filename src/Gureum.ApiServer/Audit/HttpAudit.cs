using System.Net;
using Gureum.ApiServer.Requests;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Gureum.ApiServer.Audit;

/// <summary>What the record of a request takes from HTTP.</summary>
internal static class HttpAudit
{
    private const string Header = "Audit-ID";
    private const int MostId = 64;

    /// <summary>Gives the request a name, the client's own or a new one, and tells it, whether anything is recorded or not.</summary>
    internal static void Name(HttpContext context) => context.Response.Headers[Header] = context.Request.Headers[Header].ToString() is { Length: > 0 and <= MostId } given ? given : Guid.NewGuid().ToString();

    /// <summary>Whether a header is that name: the client gets one, whoever else answered.</summary>
    internal static bool IsName(string header) => header.Equals(Header, StringComparison.OrdinalIgnoreCase);

    /// <summary>The header that tells others the name; null when the client's own goes on with its other headers.</summary>
    internal static (string, string)? NewName(HttpContext context) =>
        context.Request.Headers.ContainsKey(Header) ? null : (Header, context.Response.Headers[Header].ToString());

    /// <summary>Begins the record.</summary>
    internal static async ValueTask<RequestAudit?> BeginAsync(Auditor auditor, HttpContext context, RequestTarget target, UserInfo user)
    {
        if (Begin(auditor, context, target, user) is not { } audit) return null;
        await audit.ReceivedAsync();
        return audit;
    }

    /// <summary>Records that nobody knows who asked.</summary>
    internal static ValueTask UnauthorizedAsync(Auditor auditor, HttpContext context, RequestTarget target) => Begin(auditor, context, target, null) is { } audit ? audit.RefusedAsync(Attempt(context.Request), 401) : ValueTask.CompletedTask;

    private static RequestAudit? Begin(Auditor auditor, HttpContext context, RequestTarget target, UserInfo? user)
    {
        var request = context.Request;
        return auditor.Begin(context.Response.Headers[Header].ToString(), target, Uri(context), user, Sources(context), request.Headers.UserAgent.ToString());
    }

    private static string Uri(HttpContext context) =>
        context.Features.Get<IHttpRequestFeature>()?.RawTarget is { Length: > 0 } raw && raw[0] == '/' ? raw : context.Request.Path.ToUriComponent() + context.Request.QueryString.Value;

    private static List<string> Sources(HttpContext context)
    {
        List<string> sources = [.. context.Request.Headers["X-Forwarded-For"].ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Where(static a => IPAddress.TryParse(a, out _))];
        if (context.Connection.RemoteIpAddress is { } remote && (remote.IsIPv4MappedToIPv6 ? remote.MapToIPv4() : remote).ToString() is var own && !sources.Contains(own)) sources.Add(own);
        return sources;
    }

    private static string Attempt(HttpRequest request)
    {
        var methods = new List<string>();
        var header = request.Headers.Authorization.ToString();
        if (header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase)) methods.Add("basic");
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)) methods.Add("bearer");
        if (request.HttpContext.Connection.ClientCertificate is not null) methods.Add("x509");
        return methods.Count == 0 ? "Authentication failed, no credentials provided" : "Authentication failed, attempted: " + string.Join(", ", methods);
    }
}
