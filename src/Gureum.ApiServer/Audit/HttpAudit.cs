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

    /// <summary>Begins the record and tells the client its name.</summary>
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
        var id = request.Headers[Header].ToString() is { Length: > 0 and <= MostId } given ? given : null;
        var audit = auditor.Begin(id, target, Uri(context), user, Sources(context), request.Headers.UserAgent.ToString());
        if (audit is not null) context.Response.Headers[Header] = audit.Id;
        return audit;
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
