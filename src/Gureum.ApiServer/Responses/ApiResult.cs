using Gureum.ApiServer.Registry;
using Gureum.ApiServer.State;

namespace Gureum.ApiServer.Responses;

/// <summary>An answer, before it is put on the wire.</summary>
public abstract record ApiResult(int Status)
{
    /// <summary>Texts for Warning headers (RFC 9111, code 299).</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>A whole body at once.</summary>
public sealed record BodyResult(int Status, ReadOnlyMemory<byte> Body, string ContentType = "application/json") : ApiResult(Status)
{
    /// <summary>What tells this body from others (RFC 9110, section 8.8.3), with its quotes; null for answers that clients do not keep.</summary>
    public string? ETag { get; init; }
}

/// <summary>A list whose items are sent as they are stored, one after the other.</summary>
public sealed record ListResult(Resource Resource, ListPage Page) : ApiResult(200);

/// <summary>A watch: what is sent before, then changes as they come, until the time is over or the client goes.</summary>
public sealed record WatchResult(WatchStream Stream) : ApiResult(200);

/// <summary>A connection that is handed through to a node or a Service: exec, attach, port-forward, log, proxy.</summary>
public sealed record ConnectResult(ConnectTarget Target) : ApiResult(200);

/// <summary>Where a handed-through request goes (immutable).</summary>
/// <param name="Node">The node whose agent answers; null when <paramref name="Address"/> is dialled itself.</param>
/// <param name="Address">host:port of a pod, Service or node for the proxy subresource.</param>
/// <param name="PathAndQuery">What to ask there.</param>
/// <param name="Tls">Whether to speak TLS to <paramref name="Address"/>.</param>
public sealed record ConnectTarget(string? Node, string? Address, string PathAndQuery, bool Tls = false);
