namespace Gureum.Store;

/// <summary>The asked revision is older than what the store still knows.</summary>
public sealed class RevisionCompactedException(long asked, long compacted)
    : Exception($"revision {asked} was compacted; the oldest that can be read is {compacted}")
{
    public long Asked { get; } = asked;
    public long Compacted { get; } = compacted;
}

/// <summary>The asked revision has not happened yet.</summary>
public sealed class RevisionInFutureException(long asked, long newest)
    : Exception($"revision {asked} is in the future; the newest is {newest}")
{
    public long Asked { get; } = asked;
    public long Newest { get; } = newest;
}

/// <summary>The medium behind the store failed; the message says how to mend it.</summary>
public sealed class StoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
