namespace Gureum.Store.Sqlite;

/// <summary>A row that nobody can ask for after a compaction.</summary>
/// <param name="Version">Its place in the index.</param>
/// <param name="CutBelow">The version that stays above it, on the last superfluous row of a key; its chain ends there then.</param>
internal readonly record struct Superfluous(string Key, KeyVersion Version, KeyVersion? CutBelow)
{
    /// <summary>
    /// Everything superfluous at the state's compaction mark: versions that another version at or below the mark replaced, and
    /// deletions. In order of revision: neighbours share pages of the file, and a crash between two steps never leaves a
    /// version without the deletion above it.
    /// </summary>
    public static Superfluous[] At(Snapshot state)
    {
        var found = new List<Superfluous>();
        foreach (var (key, newest) in state.Keys.Range())
        {
            AddOf(key, newest, state.Compacted, found);
        }
        var sorted = found.ToArray();
        Array.Sort(sorted, (left, right) => left.Version.Revision.CompareTo(right.Version.Revision));
        return sorted;
    }

    private static void AddOf(string key, KeyVersion newest, long mark, List<Superfluous> found)
    {
        KeyVersion? above = null;
        var version = newest;
        while (version.Revision > mark)
        {
            if (version.Older is not { } older)
            {
                return;
            }
            (above, version) = (version, older);
        }
        var next = version;
        if (!version.Deleted)
        {
            (above, next) = (version, version.Older);
        }
        // The chain is cut with its newest superfluous row, which goes last.
        for (var cut = above; next is not null; next = next.Older, cut = null)
        {
            found.Add(new Superfluous(key, next, cut));
        }
    }
}
