namespace Gureum.Store.Tree;

/// <summary>A node of <see cref="SortedTree{T}"/>. Nodes never change once they can be seen from a root.</summary>
internal abstract class Node<T>(int count)
{
    /// <summary>Most keys in a leaf and most children of an inner node.</summary>
    public const int Most = 32;

    /// <summary>A node smaller than this is joined or evened out with a neighbour after a removal.</summary>
    public const int Least = Most / 4;

    /// <summary>Keys in this subtree.</summary>
    public readonly int Count = count;

    /// <summary>Keys of a leaf, children of an inner node.</summary>
    public abstract int Width { get; }

    /// <summary>The smallest key of the subtree. The subtree is not empty.</summary>
    public abstract string First { get; }

    /// <summary>This subtree with the key set, as one node, or as two when it had to split.</summary>
    public abstract (Node<T> Left, Node<T>? Right) Set(string key, T value);

    /// <summary>This subtree without the key (maybe empty or too small), or itself when the key is absent.</summary>
    public abstract Node<T> Remove(string key);

    /// <summary>How many keys of this subtree sort before <paramref name="key"/>.</summary>
    public abstract int CountBelow(string key);

    /// <summary>Joins this node with its right neighbour of the same level: into one node when they fit, else two even ones.</summary>
    public abstract (Node<T> Left, Node<T>? Right) Join(Node<T> next);
}
