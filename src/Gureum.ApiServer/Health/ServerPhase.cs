namespace Gureum.ApiServer.Health;

/// <summary>Whether the server is starting, serving or stopping (thread-safe).</summary>
internal sealed class ServerPhase
{
    private volatile bool started, stopped;

    /// <summary>All that every cluster has is there.</summary>
    internal bool Started { set => started = value; }
    internal bool Stopped { set => stopped = value; }

    internal string? Starting() => started ? null : "not finished";
    internal string? Stopping() => stopped ? "process is shutting down" : null;
}
