namespace Gureum.ApiServer.Audit;

/// <summary>What is recorded of requests, and where (immutable configuration).</summary>
/// <param name="PolicyFile">An audit.k8s.io/v1 Policy as YAML or JSON.</param>
/// <param name="LogPath">A file of JSON lines; "-" for standard output.</param>
public sealed record AuditOptions(string PolicyFile, string LogPath)
{
    /// <summary>MiB that a file may reach before a new one is begun.</summary>
    public int MostMegabytes { get; init; } = 100;

    /// <summary>Files of before that are kept; 0 keeps all.</summary>
    public int MostBackups { get; init; } = 10;

    /// <summary>Days that files of before are kept; 0 for ever.</summary>
    public int MostDays { get; init; }
}
