using Gureum.Cel.Checking;

namespace Gureum.Cel.Values;

/// <summary>A list.</summary>
public abstract class CelList : CelValue
{
    /// <summary>Most elements of a list that an expression makes.</summary>
    public const int MaxCount = 4 * 1024 * 1024;

    /// <summary>No elements.</summary>
    public static readonly CelList Empty = new CelArray([]);

    /// <summary>How many elements.</summary>
    public abstract int Count { get; }

    /// <summary>The element at an index from 0 to <see cref="Count"/> - 1.</summary>
    public abstract CelValue this[int index] { get; }

    /// <summary>A list of these elements, which the caller changes no more.</summary>
    public static CelList Of(params CelValue[] items) => items.Length == 0 ? Empty : new CelArray(items);

    /// <inheritdoc/>
    public override CelType Type => CelType.ListOfDyn;

    /// <inheritdoc/>
    public override long Size => Count;

    /// <summary>This list followed by another. Kubernetes' sets and maps merge instead.</summary>
    public virtual CelValue Concat(CelList other)
    {
        if (Count == 0) return other;
        if (other.Count == 0) return this;
        long total = (long)Count + other.Count;
        if (total > MaxCount) return CelError.Of($"list of {total} elements is too large: at most {MaxCount}");
        // Short lists are copied; long ones are seen through, so that doubling a list costs no memory.
        if (total > 64) return new CelConcat(this, other);
        var items = new CelValue[total];
        CopyTo(items, 0);
        other.CopyTo(items, Count);
        return new CelArray(items);
    }

    /// <summary>Whether an element equals the value.</summary>
    public virtual bool Contains(CelValue value)
    {
        for (int i = 0; i < Count; i++)
        {
            EqualityBudget.Spend();
            if (this[i].EqualTo(value)) return true;
        }

        return false;
    }

    /// <inheritdoc/>
    public override bool EqualTo(CelValue other)
    {
        if (ReferenceEquals(this, other)) return true;
        if (other is not CelList list || list.Count != Count) return false;
        for (int i = 0; i < Count; i++)
        {
            EqualityBudget.Spend();
            if (!this[i].EqualTo(list[i])) return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public override int Hash() => Count == 0 ? 0 : HashCode.Combine(Count, this[0].Hash());

    /// <summary>Its elements in an array of their own.</summary>
    public CelValue[] ToArray()
    {
        var items = new CelValue[Count];
        CopyTo(items, 0);
        return items;
    }

    /// <inheritdoc/>
    public override string ToString() => $"[{string.Join(", ", ToArray().AsEnumerable())}]";

    private void CopyTo(CelValue[] items, int at)
    {
        for (int i = 0; i < Count; i++) items[at + i] = this[i];
    }
}

/// <summary>A list held in an array.</summary>
internal sealed class CelArray(CelValue[] items) : CelList
{
    public override int Count => items.Length;

    public override CelValue this[int index] => items[index];
}

/// <summary>Two lists seen as one.</summary>
internal sealed class CelConcat(CelList first, CelList second) : CelList
{
    public override int Count { get; } = first.Count + second.Count;

    public override CelValue this[int index] => index < first.Count ? first[index] : second[index - first.Count];
}

/// <summary>The list that a comprehension gathers: it grows in place, seen by that comprehension alone.</summary>
internal sealed class CelListBuilder : CelList
{
    private readonly List<CelValue> _items = [];

    public override int Count => _items.Count;

    public override CelValue this[int index] => _items[index];

    internal void Add(CelValue item) => _items.Add(item);
}
