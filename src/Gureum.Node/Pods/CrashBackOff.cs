using System.Collections.Concurrent;

namespace Gureum.Node.Pods;

/// <summary>How long a container that keeps failing waits: 10 s, doubled each time to 5 minutes, forgotten after 10 quiet minutes.</summary>
internal sealed class CrashBackOff(TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(10), Most = TimeSpan.FromMinutes(5), Forgiven = TimeSpan.FromMinutes(10);
    private readonly ConcurrentDictionary<string, (TimeSpan Delay, DateTimeOffset Failed)> known = new();

    /// <summary>Time still to wait before a container may start again; zero to start now, which counts as the next try.</summary>
    /// <param name="key">Pod uid and container name.</param>
    /// <param name="startedAt">When the ended container had started.</param>
    /// <param name="finishedAt">When it ended.</param>
    internal TimeSpan Left(string key, DateTimeOffset startedAt, DateTimeOffset finishedAt)
    {
        var now = time.GetUtcNow();
        if (!known.TryGetValue(key, out var entry) || finishedAt - startedAt > Forgiven)
        {
            // The first restart comes at once.
            known[key] = (First, finishedAt);
            return TimeSpan.Zero;
        }
        var due = finishedAt + entry.Delay;
        if (due > now) return due - now;
        known[key] = (entry.Delay * 2 < Most ? entry.Delay * 2 : Most, finishedAt);
        return TimeSpan.Zero;
    }

    internal TimeSpan Delay(string key) => known.TryGetValue(key, out var entry) ? entry.Delay : First;

    internal void Forget(string uid)
    {
        foreach (var key in known.Keys.Where(k => k.StartsWith(uid, StringComparison.Ordinal))) known.TryRemove(key, out _);
    }
}
