using System.Collections.Concurrent;

namespace Gureum.Controllers.Common;

/// <summary>Grows the pause between replacements of things that keep failing (thread-safe state).</summary>
public sealed class FailureBackOff(TimeProvider time, TimeSpan first, TimeSpan longest)
{
    private readonly ConcurrentDictionary<string, (TimeSpan Delay, DateTimeOffset Last)> known = new(StringComparer.Ordinal);

    /// <summary>Null when it may be done now, which counts as doing it; else how long to wait. A long quiet time forgets the past.</summary>
    public TimeSpan? Wait(string key)
    {
        var now = time.GetUtcNow();
        if (known.TryGetValue(key, out var entry) && now - entry.Last < longest * 2)
        {
            if (entry.Last + entry.Delay > now) return entry.Last + entry.Delay - now;
            known[key] = (entry.Delay * 2 < longest ? entry.Delay * 2 : longest, now);
            return null;
        }
        known[key] = (first, now);
        return null;
    }
}
