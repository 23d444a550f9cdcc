using System.Collections.Concurrent;
using Gureum.Client;

namespace Gureum.Bench.Scheduling;

/// <summary>Counts requests by method and collection on their way through (thread-safe).</summary>
internal sealed class CountingTransport(IApiTransport inner) : IApiTransport
{
    private readonly ConcurrentDictionary<(string Method, string Collection), int> counts = new();

    public Task<ApiResponse> SendAsync(ApiRequest request, CancellationToken cancel = default)
    {
        counts.AddOrUpdate((request.Method, Collection(request.Path)), 1, static (_, n) => n + 1);
        return inner.SendAsync(request, cancel);
    }

    internal void Clear() => counts.Clear();

    /// <summary>"2000 POST pods, 2000 POST pods/binding, …", the most frequent first; reads and writes alike.</summary>
    internal string Describe() => string.Join(", ", counts.OrderByDescending(c => c.Value).Select(c => $"{c.Value} {c.Key.Method} {c.Key.Collection}"));

    // /api/v1/namespaces/NS/pods/NAME/binding → pods/binding; /apis/GROUP/VERSION/… likewise.
    private static string Collection(string path)
    {
        string[] parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        int at = parts[0] == "api" ? 2 : 3;
        if (at + 2 < parts.Length && parts[at] == "namespaces") at += 2;
        if (at >= parts.Length) return path;
        return at + 2 < parts.Length ? parts[at] + "/" + parts[at + 2] : parts[at];
    }
}
