namespace Gureum.ApiServer.Audit;

/// <summary>Decides what is recorded of each request, and writes it down. Thread-safe.</summary>
internal sealed class Auditor(AuditPolicy policy, AuditLog log, TimeProvider time) : IAsyncDisposable
{
    private const int MostAgent = 1024;

    private long written;

    /// <exception cref="FormatException">The policy is not valid.</exception>
    internal static Auditor Open(AuditOptions options, TimeProvider time) => new(AuditPolicyFile.Load(options.PolicyFile), new AuditLog(options, time), time);

    internal DateTimeOffset Now => time.GetUtcNow();

    /// <summary>Events written, and events that could not be.</summary>
    internal (long Written, long Errors) Totals => (Interlocked.Read(ref written), log.Errors);

    /// <summary>The record of a request; null when the policy wants none.</summary>
    /// <param name="id">What the client calls it by; null draws one.</param>
    internal RequestAudit? Begin(string? id, Requests.RequestTarget target, string uri, UserInfo? user, IReadOnlyList<string> sources, string agent) =>
        policy.Find(user, target) is not { } rule ? null
            : new RequestAudit(new AuditedRequest(id ?? Guid.NewGuid().ToString(), target, uri, user, sources, agent.Length > MostAgent ? agent[..MostAgent] + "...TRUNCATED" : agent, Now), rule, this);

    internal ValueTask WriteAsync(byte[] line)
    {
        Interlocked.Increment(ref written);
        return log.WriteAsync(line);
    }

    public ValueTask DisposeAsync() => log.DisposeAsync();
}
