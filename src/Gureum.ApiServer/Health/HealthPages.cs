using System.Text;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;

namespace Gureum.ApiServer.Health;

/// <summary>A named part of the server's health: null when it is well, else what is wrong.</summary>
public sealed record HealthCheck(string Name, Func<string?> Problem);

/// <summary>
/// /healthz, /livez and /readyz, each check by itself below them, and /metrics/slis, in the form that upstream's have
/// (https://kubernetes.io/docs/reference/using-api/health-checks/). What is wrong is told only to those who may ask for a check by name.
/// </summary>
/// <param name="live">What a restart would mend.</param>
/// <param name="ready">What else must be well before anybody is sent here.</param>
public sealed class HealthPages(IReadOnlyList<HealthCheck> live, IReadOnlyList<HealthCheck> ready)
{
    private const string Plain = "text/plain; charset=utf-8";

    private readonly IReadOnlyList<HealthCheck> all = [.. live, .. ready];

    /// <summary>Every path of these pages.</summary>
    internal IEnumerable<string> Paths => [.. Below("/healthz", all), .. Below("/livez", live), .. Below("/readyz", all), "/metrics/slis"];

    private static IEnumerable<string> Below(string path, IReadOnlyList<HealthCheck> checks) => checks.Select(c => path + "/" + c.Name).Prepend(path);

    internal ApiResult? Find(ApiCall call, RequestTarget target)
    {
        var path = target.Path.TrimEnd('/');
        if (path == "/metrics/slis") return Indicators();
        foreach (var (name, checks) in (ReadOnlySpan<(string, IReadOnlyList<HealthCheck>)>)[("healthz", all), ("livez", live), ("readyz", all)])
        {
            if (path.Length == name.Length + 1 && path.EndsWith(name, StringComparison.Ordinal)) return Together(call, name, checks);
            if (path.StartsWith("/" + name + "/", StringComparison.Ordinal) && checks.FirstOrDefault(c => c.Name == path[(name.Length + 2)..]) is { } check) return Alone(check);
        }
        return null;
    }

    private static BodyResult Together(ApiCall call, string name, IReadOnlyList<HealthCheck> checks)
    {
        var unknown = new SortedSet<string>(call.Query.TryGetValue("exclude", out var excluded) ? excluded : [], StringComparer.Ordinal);
        var without = unknown.ToHashSet(StringComparer.Ordinal);
        var (text, well) = (new StringBuilder(), true);
        foreach (var check in checks)
        {
            unknown.Remove(check.Name);
            if (without.Contains(check.Name)) { text.Append($"[+]{check.Name} excluded: ok\n"); continue; }
            var problem = check.Problem();
            well &= problem is null;
            text.Append(problem is null ? $"[+]{check.Name} ok\n" : $"[-]{check.Name} failed: reason withheld\n");
        }
        if (unknown.Count > 0) text.Append($"warn: some health checks cannot be excluded: no matches for {string.Join(',', unknown.Select(static u => $"\"{u}\""))}\n");
        if (!well) return new BodyResult(500, Encoding.UTF8.GetBytes($"{text}{name} check failed\n"), Plain);
        return new BodyResult(200, Encoding.UTF8.GetBytes(call.Query.ContainsKey("verbose") ? $"{text}{name} check passed\n" : "ok"), Plain);
    }

    private static BodyResult Alone(HealthCheck check) => check.Problem() is { } problem
        ? new BodyResult(500, Encoding.UTF8.GetBytes($"internal server error: {problem}\n"), Plain) : new BodyResult(200, "ok"u8.ToArray(), Plain);

    private BodyResult Indicators()
    {
        var text = new Metrics.MetricText();
        text.Begin("kubernetes_healthcheck", "gauge", "This metric records the result of a single healthcheck.");
        foreach (var (type, checks) in (ReadOnlySpan<(string, IReadOnlyList<HealthCheck>)>)[("healthz", all), ("livez", live), ("readyz", all)])
            foreach (var check in checks) text.Add(check.Problem() is null ? 1 : 0, ("name", check.Name), ("type", type));
        return text.ToResult();
    }
}
