using System.Diagnostics.CodeAnalysis;

namespace Gureum.Store.Tree;

/// <summary>
/// An immutable sorted map from string keys (ordinal order) to values: a copy-on-write B+-tree. A change copies only the
/// path from the root to one leaf, so holding one root for each revision costs little, and every root may be read from
/// any thread without a lock.
/// </summary>
public sealed class SortedTree<T>
{
    /// <summary>The tree without keys.</summary>
    public static readonly SortedTree<T> Empty = new(Leaf<T>.Empty);

    internal readonly Node<T> Root;

    private SortedTree(Node<T> root) => Root = root;

    /// <summary>The number of keys.</summary>
    public int Count => Root.Count;

    /// <summary>The value of <paramref name="key"/>; throws <see cref="KeyNotFoundException"/> naming an absent key.</summary>
    public T this[string key] =>
        TryGet(key, out var value) ? value : throw new KeyNotFoundException($"the tree has no key \"{key}\"");

    /// <summary>Builds a tree from pairs in strictly ascending ordinal key order, in one pass.</summary>
    /// <exception cref="ArgumentException">A key does not sort after the one before it.</exception>
    public static SortedTree<T> FromSorted(IEnumerable<KeyValuePair<string, T>> pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        var root = BulkLoad.Build(pairs);
        return root.Count == 0 ? Empty : new SortedTree<T>(root);
    }

    /// <summary>Finds the value of <paramref name="key"/> without allocating.</summary>
    public bool TryGet(string key, [MaybeNullWhen(false)] out T value)
    {
        ArgumentNullException.ThrowIfNull(key);
        var node = Root;
        while (node is Inner<T> inner)
        {
            node = inner.Children[inner.ChildFor(key)];
        }
        var leaf = (Leaf<T>)node;
        var at = leaf.Find(key);
        value = at >= 0 ? leaf.Values[at] : default;
        return at >= 0;
    }

    /// <summary>True when the tree holds <paramref name="key"/>.</summary>
    public bool Contains(string key) => TryGet(key, out _);

    /// <summary>The tree with <paramref name="key"/> holding <paramref name="value"/>, added or replaced; this tree stays as it is.</summary>
    public SortedTree<T> Set(string key, T value)
    {
        ArgumentNullException.ThrowIfNull(key);
        var (left, right) = Root.Set(key, value);
        return new SortedTree<T>(right is null ? left : Inner<T>.Over([left, right]));
    }

    /// <summary>The tree without <paramref name="key"/>; this very tree when the key is absent.</summary>
    public SortedTree<T> Remove(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var root = Root.Remove(key);
        if (ReferenceEquals(root, Root))
        {
            return this;
        }
        while (root is Inner<T> { Children.Length: 1 } single)
        {
            root = single.Children[0];
        }
        return root.Count == 0 ? Empty : new SortedTree<T>(root);
    }

    /// <summary>
    /// The pairs with <c>from &lt;= key &lt; to</c> in key order; null leaves that end open. Finding the start costs one
    /// descent, and <c>foreach</c> over the answer allocates nothing.
    /// </summary>
    public TreeRange<T> Range(string? from = null, string? to = null) => new(Root, from, to);

    /// <summary>How many keys <see cref="Range"/> would give, by two descents instead of a walk.</summary>
    public int CountRange(string? from = null, string? to = null)
    {
        var below = from is null ? 0 : Root.CountBelow(from);
        var until = to is null ? Count : Root.CountBelow(to);
        return Math.Max(0, until - below);
    }
}
