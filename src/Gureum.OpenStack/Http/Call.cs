using System.Buffers;
using Gureum.OpenStack.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Gureum.OpenStack.Http;

/// <summary>One request to a service, and who makes it.</summary>
public sealed class Call(HttpContext context, string prefix, Caller? caller)
{
    public HttpContext Context => context;
    public CancellationToken Cancel => context.RequestAborted;

    /// <summary>Who asks. Of a route that nobody need be known for, see <see cref="IsKnown"/>.</summary>
    public Caller Caller => caller ?? throw Fault.Unauthorized();
    public bool IsKnown => caller is not null;

    /// <summary>The microversion that holds for this request; zero for services that have none.</summary>
    public Microversion Version { get; init; }

    /// <summary>The request's id, which every answer carries.</summary>
    public required string RequestId { get; init; }

    /// <summary>"https://host:port", as the client has written it.</summary>
    public string Origin => $"{context.Request.Scheme}://{context.Request.Host}";

    /// <summary>The service's own address, without a slash at its end.</summary>
    public string Service => Origin + prefix;

    public string Path => context.Request.Path;

    /// <summary>A part of the path that the route names.</summary>
    public string Part(string name) => (string)context.GetRouteValue(name)!;

    /// <summary>A parameter of the query; null when it is missing.</summary>
    public string? Query(string name) => context.Request.Query.TryGetValue(name, out var values) ? values[0] : null;

    public IReadOnlyList<string> Queries(string name) => context.Request.Query.TryGetValue(name, out var values) ? [.. values.OfType<string>()] : [];

    public string? Header(string name) => context.Request.Headers.TryGetValue(name, out var values) ? values[0] : null;

    public async ValueTask<Body> BodyAsync() => Body.Parse(await BytesAsync(Body.Longest));

    /// <summary>The body's bytes.</summary>
    /// <exception cref="Fault">413: it is longer.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> BytesAsync(int longest)
    {
        if (context.Request.ContentLength > longest) throw TooLong(longest);
        var buffer = new ArrayBufferWriter<byte>(4096);
        while (true)
        {
            var read = await context.Request.Body.ReadAsync(buffer.GetMemory(4096), Cancel);
            if (read == 0) return buffer.WrittenMemory;
            buffer.Advance(read);
            if (buffer.WrittenCount > longest) throw TooLong(longest);
        }
    }

    private static Fault TooLong(int longest) => new(413, $"The request body is longer than {longest} bytes.");
}
