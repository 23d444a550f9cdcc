namespace Gureum.Store.Tree;

/// <summary>
/// A node above leaves. <c>Bounds[i]</c> sorts after every key of child i and not after any key of child i+1.
/// </summary>
internal sealed class Inner<T> : Node<T>
{
    public readonly Node<T>[] Children;
    public readonly string[] Bounds;

    private Inner(Node<T>[] children, string[] bounds, int count)
        : base(count)
    {
        Children = children;
        Bounds = bounds;
    }

    public override int Width => Children.Length;

    public override string First => Children[0].First;

    /// <summary>Builds a node over non-empty children in key order.</summary>
    public static Inner<T> Over(Node<T>[] children)
    {
        var bounds = new string[children.Length - 1];
        for (var i = 0; i < bounds.Length; i++)
        {
            bounds[i] = children[i + 1].First;
        }
        return Over(children, bounds);
    }

    private static Inner<T> Over(Node<T>[] children, string[] bounds)
    {
        var count = 0;
        foreach (var child in children)
        {
            count += child.Count;
        }
        return new Inner<T>(children, bounds, count);
    }

    /// <summary>The index of the only child that may hold the key.</summary>
    public int ChildFor(string key)
    {
        int low = 0, high = Bounds.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (string.CompareOrdinal(Bounds[middle], key) <= 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }
        return low;
    }

    public override int CountBelow(string key)
    {
        var at = ChildFor(key);
        var below = Children[at].CountBelow(key);
        for (var i = 0; i < at; i++)
        {
            below += Children[i].Count;
        }
        return below;
    }

    public override (Node<T> Left, Node<T>? Right) Set(string key, T value)
    {
        var at = ChildFor(key);
        var (left, right) = Children[at].Set(key, value);
        var children = (Node<T>[])Children.Clone();
        children[at] = left;
        if (right is null)
        {
            return (new Inner<T>(children, Bounds, Count - Children[at].Count + left.Count), null);
        }
        return Fit(Slices.Insert(children, at + 1, right), Slices.Insert(Bounds, at, right.First));
    }

    public override Node<T> Remove(string key)
    {
        var at = ChildFor(key);
        var child = Children[at].Remove(key);
        if (ReferenceEquals(child, Children[at]))
        {
            return this;
        }
        if (child.Width >= Least || Children.Length == 1)
        {
            var children = (Node<T>[])Children.Clone();
            children[at] = child;
            return new Inner<T>(children, Bounds, Count - 1);
        }
        return JoinSmall(at, child);
    }

    public override (Node<T> Left, Node<T>? Right) Join(Node<T> next)
    {
        var other = (Inner<T>)next;
        return Fit([.. Children, .. other.Children], [.. Bounds, next.First, .. other.Bounds]);
    }

    /// <summary>Replaces the too small child and a neighbour by what joining the two gives.</summary>
    private Inner<T> JoinSmall(int at, Node<T> child)
    {
        var first = at > 0 ? at - 1 : at;
        var (left, right) = at > 0
            ? child.Width == 0 ? (Children[first], null) : Children[first].Join(child)
            : child.Width == 0 ? (Children[1], null) : child.Join(Children[1]);
        if (right is null)
        {
            var fewer = Slices.Remove(Children, first + 1);
            fewer[first] = left;
            return new Inner<T>(fewer, Slices.Remove(Bounds, first), Count - 1);
        }
        var children = (Node<T>[])Children.Clone();
        children[first] = left;
        children[first + 1] = right;
        var bounds = (string[])Bounds.Clone();
        bounds[first] = right.First;
        return new Inner<T>(children, bounds, Count - 1);
    }

    /// <summary>One node when the children fit into it, else two.</summary>
    private static (Node<T> Left, Node<T>? Right) Fit(Node<T>[] children, string[] bounds)
    {
        if (children.Length <= Most)
        {
            return (Over(children, bounds), null);
        }
        var half = children.Length / 2;
        return (Over(children[..half], bounds[..(half - 1)]), Over(children[half..], bounds[half..]));
    }
}
