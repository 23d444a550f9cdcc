namespace Gureum.ApiServer.Requests;

/// <summary>A request as it came in, from HTTP or from this process (immutable).</summary>
public sealed record ApiCall(string Method, string Path, UserInfo User)
{
    /// <summary>Decoded query parameters.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Query { get; init; } = NoQuery;

    /// <summary>Path and query as they came over the wire, still escaped; empty for calls of this process.</summary>
    public string RawTarget { get; init; } = "";
    public ReadOnlyMemory<byte> Body { get; init; }
    public string ContentType { get; init; } = "application/json";
    public string Accept { get; init; } = "";
    public string UserAgent { get; init; } = "";

    /// <summary>The record that is kept of the request; null when none is.</summary>
    public Audit.RequestAudit? Audit { get; init; }

    private static readonly IReadOnlyDictionary<string, IReadOnlyList<string>> NoQuery = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>The first value of a parameter, or null.</summary>
    public string? Parameter(string name) => First(Query, name);

    internal static string? First(IReadOnlyDictionary<string, IReadOnlyList<string>> query, string name) => query.TryGetValue(name, out var values) && values.Count > 0 ? values[0] : null;

    /// <summary>Who writes, for the record of field owners: the parameter, else the first part of the user agent.</summary>
    public string FieldManager
    {
        get
        {
            if (Parameter("fieldManager") is { Length: > 0 } manager) return manager;
            var agent = string.Concat(UserAgent.Split('/')[0].Where(RequestOptions.IsPrintable));
            return agent.Length == 0 ? "unknown" : agent.Length > 128 ? agent[..128] : agent;
        }
    }

    /// <summary>Everything is done but the storing: dryRun=All.</summary>
    public bool DryRun => Query.TryGetValue("dryRun", out var values) && values.Contains("All");

    public static IReadOnlyDictionary<string, IReadOnlyList<string>> ParseQuery(string query)
    {
        if (query.Length == 0) return NoQuery;
        var values = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var part in query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var sign = part.IndexOf('=');
            var name = Decode(sign < 0 ? part : part[..sign]);
            var value = sign < 0 ? "" : Decode(part[(sign + 1)..]);
            values[name] = values.TryGetValue(name, out var before) ? [.. before, value] : [value];
        }
        return values;
    }

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
}
