using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Gureum.Node.Server;

/// <summary>Turns an HTTP/1.1 request into a SPDY/3.1 connection.</summary>
internal static class SpdyUpgrade
{
    private const string Spdy = "SPDY/3.1", VersionHeader = "X-Stream-Protocol-Version";

    /// <summary>Answers 101 and gives the connection's bytes.</summary>
    /// <exception cref="NodeRequestException">The client asks for no upgrade, or for none of the protocol that we speak.</exception>
    internal static async Task<Stream> AcceptAsync(HttpContext context, string protocol)
    {
        if (context.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } upgrade
            || !context.Request.Headers.Upgrade.ToString().Equals(Spdy, StringComparison.OrdinalIgnoreCase))
            throw new NodeRequestException(StatusCodes.Status400BadRequest, $"an upgrade to WebSocket or {Spdy} is needed");
        string[] offered = [.. context.Request.Headers[VersionHeader].SelectMany(v => (v ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))];
        if (offered.Length > 0 && !offered.Contains(protocol))
            throw new NodeRequestException(StatusCodes.Status403Forbidden, $"stream protocols {string.Join(", ", offered)}: spoken is {protocol}");
        context.Response.Headers[VersionHeader] = protocol;
        context.Response.Headers.Upgrade = Spdy;
        context.Response.Headers.Connection = "Upgrade";
        return await upgrade.UpgradeAsync().ConfigureAwait(false);
    }
}
