namespace Gureum.Store;

/// <summary>What every implementation of <see cref="IStore"/> demands of its arguments.</summary>
internal static class Requirements
{
    public static void Key(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        if (!System.Text.Ascii.IsValid(key) || key.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException($"key \"{key}\" has other than ASCII characters", nameof(key));
        }
    }

    public static void Range(string from, string to, long revision, int limit)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        ArgumentOutOfRangeException.ThrowIfNegative(revision);
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
    }

    public static void Write(Write write)
    {
        ArgumentNullException.ThrowIfNull(write);
        Key(write.Key);
        if (write.Expected is < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(write), write.Expected, "Expected is a revision: null, 0 or more");
        }
        if (write.TimeToLive is { } life && life <= TimeSpan.Zero)
        {
            throw new ArgumentOutOfRangeException(nameof(write), life, "TimeToLive must be more than zero");
        }
    }

    public static void Watch(string prefix, long afterRevision)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentOutOfRangeException.ThrowIfNegative(afterRevision);
    }

    public static void Readable(long revision, long newest, long compacted)
    {
        if (revision > newest)
        {
            throw new RevisionInFutureException(revision, newest);
        }
        if (revision != 0 && revision < compacted)
        {
            throw new RevisionCompactedException(revision, compacted);
        }
    }

    public static void Compact(long revision, long newest)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(revision);
        if (revision > newest)
        {
            throw new RevisionInFutureException(revision, newest);
        }
    }
}
