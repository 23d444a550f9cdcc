namespace Gureum.Store.Sqlite;

/// <summary>Reads the values of many versions: by a scan of the history where they lie close together, else one by one.</summary>
internal static class RangeReader
{
    // A scanned row costs about a quarter of a looked-up one.
    private const int ScanAdvantage = 4;

    /// <summary>The entries of the versions, in their order; null when compaction took one meanwhile.</summary>
    public static Entry[]? Read(Readers readers, IReadOnlyList<KeyValuePair<string, KeyVersion>> versions, CancellationToken cancel)
    {
        var entries = new Entry[versions.Count];
        var missing = new List<(long Revision, int At)>();
        for (var i = 0; i < entries.Length; i++)
        {
            if (versions[i].Value.Recent is { } recent)
            {
                entries[i] = recent;
            }
            else
            {
                missing.Add((versions[i].Value.Revision, i));
            }
        }
        if (missing.Count == 0)
        {
            return entries;
        }
        missing.Sort();
        var complete = readers.Use(reader =>
        {
            var read = IsDense(missing) ? Scan(reader, missing, cancel) : LookUp(reader, missing, cancel);
            foreach (var (at, value) in read)
            {
                var (key, version) = versions[at];
                entries[at] = new Entry(key, value, version.Created, version.Revision);
            }
            return read.Count == missing.Count;
        });
        return complete ? entries : null;
    }

    private static bool IsDense(List<(long Revision, int At)> missing) =>
        missing[^1].Revision - missing[0].Revision < (long)missing.Count * ScanAdvantage;

    private static List<(int At, byte[] Value)> LookUp(Reader reader, List<(long Revision, int At)> missing, CancellationToken cancel)
    {
        var read = new List<(int At, byte[] Value)>(missing.Count);
        foreach (var (revision, at) in missing)
        {
            cancel.ThrowIfCancellationRequested();
            if (reader.Value(revision) is { } value)
            {
                read.Add((at, value));
            }
        }
        return read;
    }

    private static List<(int At, byte[] Value)> Scan(Reader reader, List<(long Revision, int At)> missing, CancellationToken cancel)
    {
        var read = new List<(int At, byte[] Value)>(missing.Count);
        var next = 0;
        reader.Values(missing[0].Revision, missing[^1].Revision, revision =>
        {
            cancel.ThrowIfCancellationRequested();
            // Rows come in order too; one that compaction took is passed over.
            while (missing[next].Revision < revision)
            {
                next++;
            }
            return missing[next].Revision == revision;
        }, value => read.Add((missing[next].At, value)));
        return read;
    }
}
