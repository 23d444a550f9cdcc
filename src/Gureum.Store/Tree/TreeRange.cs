using System.Collections;
using System.Runtime.CompilerServices;

namespace Gureum.Store.Tree;

/// <summary>The pairs of a <see cref="SortedTree{T}"/> between two keys, in key order; enumerable any number of times.</summary>
public readonly struct TreeRange<T> : IEnumerable<KeyValuePair<string, T>>
{
    private readonly Node<T> root;
    private readonly string? from;
    private readonly string? to;

    internal TreeRange(Node<T> root, string? from, string? to)
    {
        this.root = root;
        this.from = from;
        this.to = to;
    }

    /// <summary>Starts at the first key of the range; a value type, so that <c>foreach</c> allocates nothing.</summary>
    public Enumerator GetEnumerator() => new(root, from, to);

    IEnumerator<KeyValuePair<string, T>> IEnumerable<KeyValuePair<string, T>>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Walks the leaves, remembering the way down in a fixed space.</summary>
    public struct Enumerator : IEnumerator<KeyValuePair<string, T>>
    {
        private readonly Node<T> root;
        private readonly string? from;
        private readonly string? to;
        private Way way;
        private int depth;
        private Leaf<T> leaf;
        private int at;
        private int end;

        internal Enumerator(Node<T> root, string? from, string? to)
        {
            this.root = root;
            this.from = from;
            this.to = to;
            leaf = Leaf<T>.Empty;
            Seek();
        }

        /// <inheritdoc/>
        public readonly KeyValuePair<string, T> Current => new(leaf.Keys[at], leaf.Values[at]);

        readonly object IEnumerator.Current => Current;

        /// <inheritdoc/>
        public bool MoveNext()
        {
            if (++at < end)
            {
                return true;
            }
            return end == leaf.Keys.Length && NextLeaf();
        }

        /// <inheritdoc/>
        public void Reset() => Seek();

        /// <inheritdoc/>
        public readonly void Dispose()
        {
        }

        private void Seek()
        {
            depth = 0;
            var node = root;
            while (node is Inner<T> inner)
            {
                var child = from is null ? 0 : inner.ChildFor(from);
                way[depth++] = new Step { Node = inner, Child = child };
                node = inner.Children[child];
            }
            Enter((Leaf<T>)node, from is null ? 0 : node.CountBelow(from));
        }

        private bool NextLeaf()
        {
            while (depth > 0)
            {
                ref var step = ref way[depth - 1];
                if (++step.Child == step.Node.Children.Length)
                {
                    depth--;
                    continue;
                }
                var node = step.Node.Children[step.Child];
                while (node is Inner<T> inner)
                {
                    way[depth++] = new Step { Node = inner, Child = 0 };
                    node = inner.Children[0];
                }
                Enter((Leaf<T>)node, 0);
                return ++at < end;
            }
            at = end;
            return false;
        }

        private void Enter(Leaf<T> next, int start)
        {
            leaf = next;
            at = start - 1;
            // Only the last leaf of the range is searched for its end; one comparison settles all others.
            end = to is null || next.Keys.Length == 0 || string.CompareOrdinal(next.Keys[^1], to) < 0
                ? next.Keys.Length
                : next.CountBelow(to);
        }
    }

    private struct Step
    {
        public Inner<T> Node;
        public int Child;
    }

    // Sixteen levels of at least eight children hold more keys than memory can.
    [InlineArray(16)]
    private struct Way
    {
        private Step first;
    }
}
