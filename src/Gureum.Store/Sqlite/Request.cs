namespace Gureum.Store.Sqlite;

/// <summary>Something that waits for the writer. Its task completes once the outcome is durable.</summary>
internal abstract class Request
{
    private readonly TaskCompletionSource<Outcome> done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<Outcome> Done => done.Task;

    /// <summary>Decides against the state so far (earlier requests of the same commit included) and adds what it changes.</summary>
    public abstract Outcome Apply(Transaction transaction);

    public void Complete(Outcome outcome) => done.SetResult(outcome);

    public void Fail(Exception failure) => done.SetException(failure);
}

/// <param name="Revision">The revision of the change; 0 when nothing changed.</param>
/// <param name="InTheWay">When refused: the version that the key has, or null.</param>
/// <param name="Entry">The entry that was written.</param>
internal readonly record struct Outcome(bool Succeeded, long Revision, KeyVersion? InTheWay = null, Entry? Entry = null);

/// <summary>A caller's write. <paramref name="now"/> is the time of its arrival in Unix milliseconds.</summary>
internal sealed class WriteRequest(Write write, long now) : Request
{
    public override Outcome Apply(Transaction transaction)
    {
        var current = transaction.Find(write.Key);
        if (write.Expected is { } expected && expected != (current?.Revision ?? 0))
        {
            return new Outcome(false, 0, current);
        }
        if (write.Value is { } value)
        {
            var expires = write.TimeToLive is { } life ? now + Math.Max(1, (long)life.TotalMilliseconds) : 0;
            return transaction.Put(write.Key, value, expires);
        }
        return current is null ? new Outcome(true, 0) : transaction.Delete(write.Key);
    }
}

/// <summary>Deletes a key whose time to live ran out, unless it was written since.</summary>
internal sealed class ExpireRequest(string key, KeyVersion version) : Request
{
    public override Outcome Apply(Transaction transaction) =>
        ReferenceEquals(transaction.Find(key), version) ? transaction.Delete(key) : new Outcome(false, 0);
}

/// <summary>Marks history up to a revision as forgotten; its rows go afterwards, by <see cref="ForgetRequest"/>s.</summary>
internal sealed class CompactRequest(long revision) : Request
{
    public override Outcome Apply(Transaction transaction)
    {
        transaction.Compact(revision);
        return new Outcome(true, 0);
    }
}

/// <summary>Removes some rows that compaction made superfluous: few enough that the writes beside it don't notice.</summary>
internal sealed class ForgetRequest(IReadOnlyList<Superfluous> rows) : Request
{
    public override Outcome Apply(Transaction transaction)
    {
        foreach (var row in rows)
        {
            transaction.Forget(row);
        }
        return new Outcome(true, 0);
    }
}
