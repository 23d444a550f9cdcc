using Gureum.Store.Tree;

namespace Gureum.Store.Sqlite;

/// <summary>Builds the index from the file at start, in one pass over the history.</summary>
internal static class Loader
{
    public static Snapshot Load(Connection connection)
    {
        var compacted = Compacted(connection);
        var newest = new Dictionary<string, KeyVersion>(StringComparer.Ordinal);
        var revision = compacted;
        using var rows = connection.Prepare("SELECT revision, key, created, expires FROM change ORDER BY revision");
        while (rows.Step())
        {
            revision = Math.Max(revision, rows.Long(0));
            var key = rows.Text(1);
            newest.TryGetValue(key, out var older);
            newest[key] = new KeyVersion(rows.Long(0), rows.Long(2), rows.Long(3), older);
        }
        var sorted = newest.ToArray();
        Array.Sort(sorted, (left, right) => string.CompareOrdinal(left.Key, right.Key));
        return new Snapshot(SortedTree<KeyVersion>.FromSorted(sorted), revision, compacted);
    }

    public static long Compacted(Connection connection) =>
        connection.Number("SELECT number FROM fact WHERE name = 'compacted'") ?? 0;
}
