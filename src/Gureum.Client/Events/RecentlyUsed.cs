using System.Diagnostics.CodeAnalysis;

namespace Gureum.Client;

/// <summary>A map that keeps its most recently used entries only (not thread-safe).</summary>
internal sealed class RecentlyUsed<TKey, TValue>(int most) where TKey : notnull
{
    private readonly Dictionary<TKey, LinkedListNode<(TKey Key, TValue Value)>> entries = [];
    private readonly LinkedList<(TKey Key, TValue Value)> order = new();

    internal int Count => entries.Count;

    internal bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        value = default;
        if (!entries.TryGetValue(key, out var node)) return false;
        order.Remove(node);
        order.AddLast(node);
        value = node.Value.Value;
        return true;
    }

    internal void Set(TKey key, TValue value)
    {
        if (entries.TryGetValue(key, out var known)) order.Remove(known);
        entries[key] = order.AddLast((key, value));
        if (entries.Count <= most) return;
        entries.Remove(order.First!.Value.Key);
        order.RemoveFirst();
    }
}
