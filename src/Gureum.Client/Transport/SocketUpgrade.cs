using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;

namespace Gureum.Client;

/// <summary>Opens WebSockets by hand (RFC 6455, section 4.1): .NET's own client keeps the words of a refusal to itself.</summary>
public static class SocketUpgrade
{
    private static readonly TimeSpan Ping = TimeSpan.FromSeconds(30);

    /// <summary>The request that asks for a WebSocket with a subprotocol.</summary>
    public static HttpRequestMessage Request(string path, string protocol)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative)) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Connection.Add("Upgrade");
        request.Headers.Upgrade.ParseAdd("websocket");
        request.Headers.Add("Sec-WebSocket-Version", "13");
        request.Headers.Add("Sec-WebSocket-Key", Convert.ToBase64String(RandomNumberGenerator.GetBytes(16)));
        request.Headers.Add("Sec-WebSocket-Protocol", protocol);
        return request;
    }

    /// <summary>The WebSocket of an answer that switches protocols; null when it refuses.</summary>
    public static async Task<WebSocket?> TakeAsync(HttpResponseMessage answer, string protocol, CancellationToken cancel) => answer.StatusCode == HttpStatusCode.SwitchingProtocols
        ? WebSocket.CreateFromStream(await answer.Content.ReadAsStreamAsync(cancel), new WebSocketCreationOptions { SubProtocol = protocol, KeepAliveInterval = Ping })
        : null;
}
