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

    /// <summary>Whether and how long clients may keep the answer (RFC 9111, section 5.2).</summary>
    public string Caching { get; init; } = "no-cache, private";

    /// <summary>The address names the content itself: whoever has it never needs to ask again.</summary>
    internal const string Forever = "public, immutable";
}

/// <summary>What is asked for has another address.</summary>
public sealed record RedirectResult(string Location) : ApiResult(301);

/// <summary>A list whose items are sent as they are kept, one after the other: nothing of its size is ever made.</summary>
public abstract record ListResult(string ContentType) : ApiResult(200)
{
    public abstract int Count { get; }
    public abstract ReadOnlyMemory<byte> Head { get; }
    public abstract ReadOnlyMemory<byte> Tail { get; }

    /// <summary>What stands before an item, at most <see cref="MostPrefix"/> bytes.</summary>
    /// <returns>Its length.</returns>
    public abstract int Prefix(int index, Span<byte> into);
    public const int MostPrefix = 16;

    public abstract ReadOnlyMemory<byte> Item(int index);

    /// <summary>Bytes of the whole list.</summary>
    public long Length
    {
        get
        {
            Span<byte> prefix = stackalloc byte[MostPrefix];
            long length = Head.Length + Tail.Length;
            for (var i = 0; i < Count; i++) length += Prefix(i, prefix) + Item(i).Length;
            return length;
        }
    }

    /// <summary>The whole list at once.</summary>
    public byte[] ToArray()
    {
        var all = new byte[Length];
        var rest = all.AsSpan();
        Head.Span.CopyTo(rest);
        rest = rest[Head.Length..];
        for (var i = 0; i < Count; i++)
        {
            rest = rest[Prefix(i, rest)..];
            Item(i).Span.CopyTo(rest);
            rest = rest[Item(i).Length..];
        }
        Tail.Span.CopyTo(rest);
        return all;
    }
}

/// <summary>A watch: what is sent before, then changes as they come, until the time is over or the client goes.</summary>
public sealed record WatchResult(WatchStream Stream) : ApiResult(200);

/// <summary>A connection that is handed through to a node or a Service: exec, attach, port-forward, log, proxy.</summary>
public sealed record ConnectResult(ConnectTarget Target) : ApiResult(200);

/// <summary>Where a handed-through request goes (immutable).</summary>
/// <param name="Node">The node whose agent answers; null when <paramref name="Address"/> is dialled itself.</param>
/// <param name="Address">host:port of a pod, Service or node for the proxy subresource.</param>
/// <param name="PathAndQuery">What to ask there.</param>
/// <param name="Tls">Whether to speak TLS to <paramref name="Address"/>.</param>
public sealed record ConnectTarget(string? Node, string? Address, string PathAndQuery, bool Tls = false)
{
    /// <summary>The path that the proxied pages seem to lie under: …/pods/NAME/proxy; null when nothing of the kind is proxied.</summary>
    public string? Prefix { get; init; }

    /// <summary>The request's body where it was read already; null when it is still to come.</summary>
    public ReadOnlyMemory<byte>? Body { get; init; }
}
