namespace Gureum.Store.Tree;

/// <summary>The keys and values at the bottom of the tree, side by side in two arrays.</summary>
internal sealed class Leaf<T>(string[] keys, T[] values) : Node<T>(keys.Length)
{
    public static readonly Leaf<T> Empty = new([], []);

    public readonly string[] Keys = keys;
    public readonly T[] Values = values;

    public override int Width => Keys.Length;

    public override string First => Keys[0];

    /// <summary>The index of the key, or the complement of the index at which it would be inserted.</summary>
    public int Find(string key)
    {
        int low = 0, high = Keys.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = string.CompareOrdinal(Keys[middle], key);
            if (order == 0)
            {
                return middle;
            }
            if (order < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }
        return ~low;
    }

    public override int CountBelow(string key)
    {
        var at = Find(key);
        return at >= 0 ? at : ~at;
    }

    public override (Node<T> Left, Node<T>? Right) Set(string key, T value)
    {
        var at = Find(key);
        if (at >= 0)
        {
            var values = (T[])Values.Clone();
            values[at] = value;
            return (new Leaf<T>(Keys, values), null);
        }
        at = ~at;
        if (Keys.Length < Most)
        {
            return (new Leaf<T>(Slices.Insert(Keys, at, key), Slices.Insert(Values, at, value)), null);
        }
        // Keys that arrive in order (events, time-stamped names) would leave half-empty leaves behind an even split.
        var cut = at == Keys.Length ? Most - Least : Most / 2;
        Leaf<T> left = new(Keys[..cut], Values[..cut]), right = new(Keys[cut..], Values[cut..]);
        return at <= cut ? ((Leaf<T>)left.Set(key, value).Left, right) : (left, (Leaf<T>)right.Set(key, value).Left);
    }

    public override Node<T> Remove(string key)
    {
        var at = Find(key);
        return at < 0 ? this : new Leaf<T>(Slices.Remove(Keys, at), Slices.Remove(Values, at));
    }

    public override (Node<T> Left, Node<T>? Right) Join(Node<T> next)
    {
        var other = (Leaf<T>)next;
        string[] keys = [.. Keys, .. other.Keys];
        T[] values = [.. Values, .. other.Values];
        if (keys.Length <= Most)
        {
            return (new Leaf<T>(keys, values), null);
        }
        var half = keys.Length / 2;
        return (new Leaf<T>(keys[..half], values[..half]), new Leaf<T>(keys[half..], values[half..]));
    }
}
