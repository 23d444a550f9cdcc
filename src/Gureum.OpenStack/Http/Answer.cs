using System.Text;
using System.Text.Json;

namespace Gureum.OpenStack.Http;

/// <summary>What a service answers (immutable).</summary>
/// <param name="Status">HTTP status code.</param>
/// <param name="Body">Empty for none.</param>
public sealed record Answer(int Status, ReadOnlyMemory<byte> Body = default, string ContentType = "application/json")
{
    public IReadOnlyDictionary<string, string> Headers { get; init; } = NoHeaders;

    /// <summary>Sends a body that is not held in memory.</summary>
    public Func<Stream, CancellationToken, Task>? Send { get; init; }

    /// <summary>Bytes that <see cref="Send"/> will send, when they are known.</summary>
    public long? Length { get; init; }

    private static readonly IReadOnlyDictionary<string, string> NoHeaders = new Dictionary<string, string>();

    /// <summary>204: done, nothing to say.</summary>
    public static Answer NoContent { get; } = new(204);

    /// <summary>202: accepted, nothing to say.</summary>
    public static Answer Accepted { get; } = new(202);

    public static Answer Text(int status, string text) => new(status, Encoding.UTF8.GetBytes(text), "text/plain; charset=UTF-8");

    /// <summary>A JSON document.</summary>
    public static Answer Json(Action<Utf8JsonWriter> write, int status = 200) => new(status, JsonText.Write(write));

    public Answer With(string header, string value) => this with { Headers = new Dictionary<string, string>(Headers) { [header] = value } };
}
