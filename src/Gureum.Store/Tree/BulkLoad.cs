namespace Gureum.Store.Tree;

/// <summary>Builds a tree bottom up from sorted pairs: what start-up needs, without copying a path for each key.</summary>
internal static class BulkLoad
{
    public static Node<T> Build<T>(IEnumerable<KeyValuePair<string, T>> pairs)
    {
        var level = Leaves(pairs);
        while (level.Count > 1)
        {
            level = Group<Node<T>, Node<T>>(level, Inner<T>.Over);
        }
        return level.Count == 0 ? Leaf<T>.Empty : level[0];
    }

    private static List<Node<T>> Leaves<T>(IEnumerable<KeyValuePair<string, T>> pairs)
    {
        var all = new List<KeyValuePair<string, T>>();
        foreach (var pair in pairs)
        {
            if (all.Count > 0 && string.CompareOrdinal(all[^1].Key, pair.Key) >= 0)
            {
                throw new ArgumentException($"key \"{pair.Key}\" does not sort after \"{all[^1].Key}\"", nameof(pairs));
            }
            all.Add(pair);
        }
        return Group<KeyValuePair<string, T>, Node<T>>(
            all,
            run => new Leaf<T>(Array.ConvertAll(run, pair => pair.Key), Array.ConvertAll(run, pair => pair.Value)));
    }

    /// <summary>Cuts a level into runs as even as they can be, each with a little room for later insertions.</summary>
    private static List<TNode> Group<TItem, TNode>(List<TItem> items, Func<TItem[], TNode> make)
    {
        const int Full = Node<object>.Most * 7 / 8;
        var groups = (items.Count + Full - 1) / Full;
        var made = new List<TNode>(groups);
        for (var group = 0; group < groups; group++)
        {
            var start = (int)((long)items.Count * group / groups);
            var end = (int)((long)items.Count * (group + 1) / groups);
            made.Add(make([.. items[start..end]]));
        }
        return made;
    }
}
