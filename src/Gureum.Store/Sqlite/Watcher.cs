using System.Runtime.CompilerServices;

namespace Gureum.Store.Sqlite;

/// <summary>Follows the changes: from the recent commits in memory when they reach back far enough, else from the file.</summary>
internal sealed class Watcher(Func<Snapshot> state, RecentCommits recent, Readers readers)
{
    private const int HistoryBatch = 256;

    public async IAsyncEnumerable<IReadOnlyList<Change>> WatchAsync(
        string prefix, long afterRevision, [EnumeratorCancellation] CancellationToken cancel)
    {
        ThrowIfCompacted(afterRevision);
        var position = afterRevision;
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            if (recent.After(position) is not { } commits)
            {
                var (changes, reached) = History(position);
                if (Matching(changes, prefix, position) is { Count: > 0 } old)
                {
                    yield return old;
                }
                position = reached;
                continue;
            }
            foreach (var commit in commits)
            {
                if (commit.Changes.Any(change => change.Key.StartsWith(prefix, StringComparison.Ordinal))
                    && Matching(commit.Resolve(readers), prefix, position) is { Count: > 0 } live)
                {
                    yield return live;
                }
                position = Math.Max(position, commit.Last);
            }
            if (commits.Count == 0)
            {
                await recent.Arrival(position).WaitAsync(cancel).ConfigureAwait(false);
            }
        }
    }

    private (List<Change> Changes, long Reached) History(long after)
    {
        var newest = state().Revision;
        ThrowIfCompacted(after);
        var changes = readers.Use(reader => reader.Changes(after, HistoryBatch));
        // Rows may have gone while they were read; the mark moves before they do.
        ThrowIfCompacted(after);
        var last = changes.Count == 0 ? after : changes[^1].Revision;
        return (changes, changes.Count < HistoryBatch ? Math.Max(newest, last) : last);
    }

    private void ThrowIfCompacted(long after)
    {
        if (state().Compacted is var compacted && after < compacted)
        {
            throw new RevisionCompactedException(after, compacted);
        }
    }

    private static List<Change> Matching(IReadOnlyList<Change> changes, string prefix, long after) =>
        [.. changes.Where(change => change.Revision > after && change.Key.StartsWith(prefix, StringComparison.Ordinal))];
}
