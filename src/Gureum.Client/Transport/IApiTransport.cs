namespace Gureum.Client;

/// <summary>
/// The one way to the API server: a request in, a response out. HTTPS, in process and simulated servers implement it;
/// everything else (typed calls, informers) is built on top. Thread-safe.
/// </summary>
public interface IApiTransport
{
    /// <exception cref="ApiUnreachableException">No answer came: the server is down, or the connection broke.</exception>
    Task<ApiResponse> SendAsync(ApiRequest request, CancellationToken cancel = default);
}

/// <param name="Method">GET, POST, PUT, PATCH, DELETE.</param>
/// <param name="Path">Path without query, "/api/v1/namespaces/default/pods".</param>
/// <param name="Query">Encoded query without "?", or "".</param>
/// <param name="ContentType">Of the body.</param>
/// <param name="Streaming">True for a watch: the answer comes as <see cref="ApiResponse.Frames"/>.</param>
public sealed record ApiRequest(string Method, string Path, string Query = "", ReadOnlyMemory<byte> Body = default, string ContentType = "application/json", bool Streaming = false)
{
    /// <summary>The bearer token of whom the request is made for; only where it goes over the wire.</summary>
    public string? Bearer { get; init; }
}

/// <param name="Status">HTTP status code.</param>
/// <param name="Body">The whole answer; empty for a stream.</param>
/// <param name="Frames">For a watch that was accepted: one JSON watch event each, until the server or the caller ends it.</param>
public sealed record ApiResponse(int Status, ReadOnlyMemory<byte> Body, IAsyncEnumerable<ReadOnlyMemory<byte>>? Frames = null);

/// <summary>No answer from the API server; whether the request took effect is unknown.</summary>
public sealed class ApiUnreachableException(string message, Exception? inner = null) : Exception(message, inner);
