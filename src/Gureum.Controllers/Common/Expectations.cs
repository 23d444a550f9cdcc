using Gureum.Client;

namespace Gureum.Controllers.Common;

/// <summary>
/// What an owner's own writes must still bring about in its local copy (thread-safe state). Until then the copy is stale
/// and nothing more may be created or deleted; an expectation is given up after five minutes.
/// </summary>
public sealed class Expectations(TimeProvider time)
{
    private sealed class Entry
    {
        internal int Creations;
        internal readonly HashSet<string> Deletions = [];
        internal DateTimeOffset Since;
    }

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(5);
    private readonly Dictionary<ObjectKey, Entry> entries = [];
    private readonly Lock gate = new();

    public void ExpectCreations(ObjectKey owner, int count)
    {
        lock (gate) { var entry = Of(owner); entry.Creations += count; entry.Since = time.GetUtcNow(); }
    }

    public void ExpectDeletion(ObjectKey owner, string uid)
    {
        lock (gate) { var entry = Of(owner); entry.Deletions.Add(uid); entry.Since = time.GetUtcNow(); }
    }

    /// <summary>A creation was seen, or did not happen after all.</summary>
    public void Created(ObjectKey owner, int count = 1)
    {
        lock (gate) if (entries.TryGetValue(owner, out var entry)) entry.Creations = Math.Max(0, entry.Creations - count);
    }

    /// <summary>A deletion was seen, or did not happen after all.</summary>
    public void Deleted(ObjectKey owner, string uid)
    {
        lock (gate) if (entries.TryGetValue(owner, out var entry)) entry.Deletions.Remove(uid);
    }

    /// <summary>True when the local copy shows all of the owner's writes.</summary>
    public bool AreMet(ObjectKey owner)
    {
        lock (gate)
            return !entries.TryGetValue(owner, out var entry) || (entry.Creations == 0 && entry.Deletions.Count == 0) || time.GetUtcNow() - entry.Since > Timeout;
    }

    public void Forget(ObjectKey owner)
    {
        lock (gate) entries.Remove(owner);
    }

    private Entry Of(ObjectKey owner)
    {
        if (!entries.TryGetValue(owner, out var entry)) entries[owner] = entry = new Entry();
        // What timed out must not hold up what comes next.
        if (time.GetUtcNow() - entry.Since > Timeout) { entry.Creations = 0; entry.Deletions.Clear(); }
        return entry;
    }
}
