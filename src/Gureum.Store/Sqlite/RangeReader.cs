namespace Gureum.Store.Sqlite;

/// <summary>Reads the values of many versions: by a scan of the history where they lie close together, else one by one.</summary>
internal static class RangeReader
{
    private const int FewVersions = 32;
    // A scanned row costs about a quarter of a looked-up one.
    private const int ScanAdvantage = 4;

    /// <summary>The entries of the versions, in their order; null when compaction took one meanwhile.</summary>
    public static List<Entry>? Read(Readers readers, IReadOnlyList<KeyValuePair<string, KeyVersion>> versions, CancellationToken cancel)
    {
        var found = versions.Count <= FewVersions ? null : ScanIfDense(readers, versions, cancel);
        var entries = new List<Entry>(versions.Count);
        foreach (var (key, version) in versions)
        {
            cancel.ThrowIfCancellationRequested();
            var entry = found is not null && found.TryGetValue(version.Revision, out var value)
                ? new Entry(key, value, version.Created, version.Revision)
                : readers.Entry(key, version);
            if (entry is null)
            {
                return null;
            }
            entries.Add(entry);
        }
        return entries;
    }

    private static Dictionary<long, byte[]?>? ScanIfDense(
        Readers readers, IReadOnlyList<KeyValuePair<string, KeyVersion>> versions, CancellationToken cancel)
    {
        var (first, last) = (long.MaxValue, 0L);
        foreach (var (_, version) in versions)
        {
            first = Math.Min(first, version.Revision);
            last = Math.Max(last, version.Revision);
        }
        if (last - first > (long)versions.Count * ScanAdvantage)
        {
            return null;
        }
        var found = new Dictionary<long, byte[]?>(versions.Count);
        foreach (var (_, version) in versions)
        {
            found[version.Revision] = null;
        }
        readers.Use(reader =>
        {
            reader.Values(first, last, (revision, value) => found[revision] = value, revision =>
            {
                cancel.ThrowIfCancellationRequested();
                return found.ContainsKey(revision);
            });
            return true;
        });
        foreach (var (revision, value) in found)
        {
            if (value is null)
            {
                found.Remove(revision);
            }
        }
        return found;
    }
}
