using System.Collections.Concurrent;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Requests;

namespace Gureum.ApiServer.Metrics;

/// <summary>Counts requests by what they ask for, under the names that upstream's dashboards know. Thread-safe.</summary>
internal sealed class RequestMetrics(ResourceCatalog catalog)
{
    private readonly record struct Kind(string Verb, bool DryRun, string ApiVersion, string Plural, string Subresource, string Scope);

    private static readonly HashSet<string> KnownPaths = ["/healthz", "/livez", "/readyz", "/version", "/metrics", "/openapi/v2", "/openapi/v3", "/api", "/apis"];

    private readonly ConcurrentDictionary<Kind, RequestSeries> series = new();
    private long reading, writing;

    /// <summary>A request begins; <see cref="End"/> must follow.</summary>
    internal void Begin(string method) => Interlocked.Increment(ref method is "GET" or "HEAD" or "OPTIONS" ? ref reading : ref writing);

    /// <summary>A request has ended.</summary>
    /// <param name="length">Bytes of the answer; null when they were not counted.</param>
    internal void End(string method, RequestTarget target, bool dryRun, bool applies, int code, TimeSpan took, long? length = null)
    {
        Interlocked.Decrement(ref method is "GET" or "HEAD" or "OPTIONS" ? ref reading : ref writing);
        var counts = Of(method, target, dryRun, applies);
        counts.End(code, took);
        if (length is { } bytes && target.Verb is "get" or "list") counts.Sizes.Observe(bytes);
    }

    /// <summary>A request turns out to go on for long; it no longer counts among those that are carried out.</summary>
    internal RequestSeries BeginLong(string method, RequestTarget target)
    {
        Interlocked.Decrement(ref method is "GET" or "HEAD" or "OPTIONS" ? ref reading : ref writing);
        var found = Of(method, target, false, false);
        found.Begin();
        return found;
    }

    private RequestSeries Of(string method, RequestTarget target, bool dryRun, bool applies)
    {
        // Names that clients make up must not become series.
        var known = target.IsResource && catalog.Find(target.ApiVersion, target.Plural) is { } resource && (target.Subresource.Length == 0 || resource.Facts.Subresource(target.Subresource) is not null);
        var kind = known ? new Kind(Verb(method, target, applies), dryRun, target.ApiVersion, target.Plural, target.Subresource, Scope(target))
            : new Kind(Verb(method, target, applies), false, "", "", !target.IsResource && KnownPaths.Contains(target.Path) ? target.Path : "", "");
        return series.GetOrAdd(kind, static _ => new RequestSeries());
    }

    private static string Verb(string method, RequestTarget target, bool applies) => !target.IsResource ? method is "GET" or "POST" or "PUT" or "PATCH" or "DELETE" or "HEAD" ? method : "other"
        : target.Subresource is "exec" or "attach" or "portforward" or "proxy" ? "CONNECT"
        : target.Verb switch { "get" => "GET", "list" => "LIST", "watch" => "WATCH", "create" => "POST", "update" => "PUT", "patch" => applies ? "APPLY" : "PATCH", "delete" => "DELETE", "deletecollection" => "DELETECOLLECTION", _ => "other" };

    private static string Scope(RequestTarget target) => target.Name.Length > 0 || target.Verb == "create" ? "resource" : target.Namespace.Length > 0 ? "namespace" : "cluster";

    internal void Write(MetricText text)
    {
        var all = series.OrderBy(static s => s.Key.ApiVersion, StringComparer.Ordinal).ThenBy(static s => s.Key.Plural, StringComparer.Ordinal).ThenBy(static s => s.Key.Verb, StringComparer.Ordinal).ToList();
        text.Begin("apiserver_request_total", "counter", "Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.");
        foreach (var (kind, counts) in all)
            foreach (var (code, count) in counts.Codes) text.Add(count, [.. Labels(kind, true), ("code", code.ToString(System.Globalization.CultureInfo.InvariantCulture))]);
        text.Begin("apiserver_request_duration_seconds", "histogram", "Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.");
        foreach (var (kind, counts) in all)
            if (counts.Durations is var (buckets, seconds) && buckets.Any(static b => b > 0)) text.AddHistogram(RequestSeries.Bounds, buckets, seconds, Labels(kind, true));
        text.Begin("apiserver_response_sizes", "histogram", "Response size distribution in bytes for each group, version, verb, resource, subresource, scope and component.");
        foreach (var (kind, counts) in all)
            if (!counts.Sizes.IsEmpty) counts.Sizes.Write(text, Labels(kind, false));
        text.Begin("apiserver_longrunning_requests", "gauge", "Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component.");
        foreach (var (kind, counts) in all)
            if (counts.Running > 0) text.Add(counts.Running, Labels(kind, false));
        text.Begin("apiserver_current_inflight_requests", "gauge", "Requests that are carried out now, per request kind.");
        text.Add(Interlocked.Read(ref writing), ("request_kind", "mutating"));
        text.Add(Interlocked.Read(ref reading), ("request_kind", "readOnly"));
    }

    private static (string, string)[] Labels(Kind kind, bool dry)
    {
        var slash = kind.ApiVersion.IndexOf('/');
        List<(string, string)> labels = [("component", "apiserver")];
        if (dry) labels.Add(("dry_run", kind.DryRun ? "All" : ""));
        labels.AddRange([("group", slash < 0 ? "" : kind.ApiVersion[..slash]), ("resource", kind.Plural), ("scope", kind.Scope), ("subresource", kind.Subresource), ("verb", kind.Verb), ("version", kind.ApiVersion[(slash + 1)..])]);
        return [.. labels];
    }
}
