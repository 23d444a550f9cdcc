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
    private readonly Queue<Commit> commits = new();
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
            commits.Enqueue(commit);
            bytes += commit.Size;
            newest = commit.Last;
            while (commits.Count > 1 && (commits.Count > MostCommits || bytes > MostBytes))
            {
                Forget(commits.Dequeue());
            }
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
            return revision >= newest ? [] : [.. commits.SkipWhile(commit => commit.Last <= revision)];
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

    private void Forget(Commit commit)
    {
        floor = commit.Last;
        bytes -= commit.Size;
        foreach (var change in commit.Changes)
        {
            change.Version.Recent = null;
        }
    }
}
