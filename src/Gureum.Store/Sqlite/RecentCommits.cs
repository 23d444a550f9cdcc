namespace Gureum.Store.Sqlite;

/// <summary>
/// The last commits, in memory, bounded in number and bytes. Watchers read from here at their own pace; one that falls out
/// at the old end goes back to the file, so no watcher can hold the writer or fill the memory.
/// </summary>
internal sealed class RecentCommits(long revision)
{
    private const int MostCommits = 4096;
    private const long MostBytes = 16L << 20;

    private readonly Lock gate = new();
    // A ring: the commits number oldest to next - 1, each at its number modulo the length.
    private readonly Commit?[] commits = new Commit?[MostCommits];
    private long oldest;
    private long next;
    private long floor = revision;
    private long newest = revision;
    private long bytes;
    private TaskCompletionSource? arrival;
    private Exception? ended;

    /// <summary>Adds a commit and wakes the watchers; called by the writer only.</summary>
    public void Add(Commit commit)
    {
        TaskCompletionSource? waiting;
        lock (gate)
        {
            bytes += commit.Size;
            while (oldest < next && (next - oldest == MostCommits || bytes > MostBytes))
            {
                ForgetOldest();
            }
            commits[next++ % MostCommits] = commit;
            newest = commit.Last;
            (waiting, arrival) = (arrival, null);
        }
        waiting?.SetResult();
    }

    /// <summary>Ends every wait with this failure, now and later.</summary>
    public void End(Exception failure)
    {
        TaskCompletionSource? waiting;
        lock (gate)
        {
            ended = failure;
            (waiting, arrival) = (arrival, null);
        }
        waiting?.SetException(failure);
    }

    /// <summary>The commits after a revision, oldest first (none when there are none yet); null when they are no longer all here.</summary>
    public IReadOnlyList<Commit>? After(long revision)
    {
        lock (gate)
        {
            if (revision < floor)
            {
                return null;
            }
            if (revision >= newest)
            {
                return [];
            }
            var found = new List<Commit>();
            for (var number = FirstAfter(revision); number < next; number++)
            {
                found.Add(commits[number % MostCommits]!);
            }
            return found;
        }
    }

    /// <summary>Completes when a revision after the given one is here.</summary>
    public Task Arrival(long revision)
    {
        lock (gate)
        {
            if (ended is not null)
            {
                return Task.FromException(ended);
            }
            if (newest > revision)
            {
                return Task.CompletedTask;
            }
            arrival ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return arrival.Task;
        }
    }

    /// <summary>The number of the first commit that reaches beyond a revision. The gate is held.</summary>
    private long FirstAfter(long revision)
    {
        var (low, high) = (oldest, next);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (commits[middle % MostCommits]!.Last <= revision)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }
        return low;
    }

    /// <summary>Drops the oldest commit. The gate is held.</summary>
    private void ForgetOldest()
    {
        ref var place = ref commits[oldest++ % MostCommits];
        floor = place!.Last;
        bytes -= place.Size;
        foreach (var change in place.Changes)
        {
            change.Version.Recent = null;
        }
        place = null;
    }
}
