namespace Gureum.Store.Sqlite;

/// <summary>A row that nobody can ask for after a compaction.</summary>
/// <param name="Version">Its place in the index.</param>
/// <param name="CutBelow">The version that stays above it, on the last superfluous row of a key; its chain ends there then.</param>
internal readonly record struct Superfluous(string Key, KeyVersion Version, KeyVersion? CutBelow)
{
    /// <summary>
    /// Everything superfluous at a compaction mark: versions that another version at or below the mark replaced, and deletions.
    /// Oldest first for each key: a crash between two steps must not leave a version without the deletion above it.
    /// </summary>
    public static IEnumerable<Superfluous> At(Snapshot state, long mark)
    {
        var chain = new Stack<KeyVersion>();
        foreach (var (key, newest) in state.Keys.Range())
        {
            KeyVersion? above = null;
            var version = newest;
            while (version.Revision > mark && version.Older is { } older)
            {
                (above, version) = (version, older);
            }
            if (version.Revision > mark)
            {
                continue;
            }
            if (!version.Deleted)
            {
                (above, version) = (version, version.Older);
            }
            for (; version is not null; version = version.Older)
            {
                chain.Push(version);
            }
            while (chain.TryPop(out var oldest))
            {
                yield return new Superfluous(key, oldest, chain.Count == 0 ? above : null);
            }
        }
    }
}
