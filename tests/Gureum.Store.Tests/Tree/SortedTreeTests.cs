using CsCheck;
using Gureum.Store.Tree;

namespace Gureum.Store.Tests.Tree;

/// <summary>The tree against SortedDictionary: same content after any sequence of changes, and old roots never change.</summary>
public sealed class SortedTreeTests
{
    private static readonly Gen<string> Keys = Gen.Int[0, 700].Select(n => $"/registry/{n % 7}/{n:x}");

    private static readonly Gen<(bool Set, string Key, int Value)> Changes =
        Gen.Select(Gen.Int[0, 9], Keys, Gen.Int, (kind, key, value) => (kind < 6, key, value));

    [Fact]
    public void Changes_AnySequence_SameContentAsSortedDictionary() =>
        Changes.List[0, 1500].Sample(changes =>
        {
            var (tree, model) = Apply(changes);
            return tree.Count == model.Count
                && tree.Range().SequenceEqual(model)
                && model.All(pair => tree.TryGet(pair.Key, out var value) && value == pair.Value);
        }, iter: 400);

    [Fact]
    public void Range_AnyBounds_SameSliceAndCountAsModel() =>
        Gen.Select(Changes.List[0, 800], Keys.Null(), Keys.Null()).Sample((changes, from, to) =>
        {
            var (tree, model) = Apply(changes);
            var slice = model
                .Where(pair => (from is null || string.CompareOrdinal(pair.Key, from) >= 0)
                    && (to is null || string.CompareOrdinal(pair.Key, to) < 0))
                .ToList();
            return tree.Range(from, to).SequenceEqual(slice) && tree.CountRange(from, to) == slice.Count;
        }, iter: 1000);

    [Fact]
    public void Set_OnNewerRoots_OldRootsKeepTheirContent() =>
        Changes.List[1, 300].Sample(changes =>
        {
            var tree = SortedTree<int>.Empty;
            var history = new List<(SortedTree<int> Root, List<KeyValuePair<string, int>> Content)>();
            foreach (var (set, key, value) in changes)
            {
                tree = set ? tree.Set(key, value) : tree.Remove(key);
                history.Add((tree, [.. tree.Range()]));
            }
            return history.TrueForAll(old => old.Root.Range().SequenceEqual(old.Content));
        }, iter: 100);

    [Fact]
    public void FromSorted_ThenChanges_SameContentAsModel() =>
        Gen.Select(Gen.Int[0, 3000], Changes.List[0, 600]).Sample((size, changes) =>
        {
            var model = new SortedDictionary<string, int>(StringComparer.Ordinal);
            for (var n = 0; n < size; n++)
            {
                model[$"/registry/{n % 7}/{n:x}"] = n;
            }
            var tree = Apply(changes, SortedTree<int>.FromSorted(model), model);
            return tree.Count == model.Count && tree.Range().SequenceEqual(model);
        }, iter: 200);

    [Fact]
    public void Remove_EveryKeyInAnyOrder_LeavesTheEmptyTree() =>
        Gen.Int[0, 4000].Select(size => Enumerable.Range(0, size).ToArray()).SelectMany(Gen.Shuffle).Sample(order =>
        {
            var tree = SortedTree<int>.FromSorted(order.Order().Select(n => KeyValuePair.Create($"{n:d6}", n)));
            foreach (var n in order)
            {
                tree = tree.Remove($"{n:d6}");
            }
            return ReferenceEquals(tree, SortedTree<int>.Empty);
        }, iter: 50);

    [Fact]
    public void Remove_AbsentKey_ReturnsTheSameTree()
    {
        var tree = SortedTree<int>.Empty.Set("a", 1);
        Assert.Same(tree, tree.Remove("b"));
    }

    [Fact]
    public void Indexer_AbsentKey_NamesTheKey() =>
        Assert.Contains("\"b\"", Assert.Throws<KeyNotFoundException>(() => SortedTree<int>.Empty["b"]).Message, StringComparison.Ordinal);

    [Fact]
    public void FromSorted_KeysOutOfOrder_NamesBothKeys()
    {
        var failure = Assert.Throws<ArgumentException>(() =>
            SortedTree<int>.FromSorted([KeyValuePair.Create("b", 1), KeyValuePair.Create("a", 2)]));
        Assert.Contains("\"a\" does not sort after \"b\"", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Foreach_OverARange_AllocatesNothing()
    {
        var tree = SortedTree<int>.FromSorted(Enumerable.Range(0, 5000).Select(n => KeyValuePair.Create($"{n:d6}", n)));
        static long Sum(SortedTree<int> tree)
        {
            var sum = 0L;
            foreach (var pair in tree.Range("000100", "004000"))
            {
                sum += pair.Value;
            }
            return sum;
        }
        Sum(tree);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var sum = Sum(tree);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(Enumerable.Range(100, 3900).Sum(), sum);
    }

    private static (SortedTree<int> Tree, SortedDictionary<string, int> Model) Apply(List<(bool Set, string Key, int Value)> changes)
    {
        var model = new SortedDictionary<string, int>(StringComparer.Ordinal);
        return (Apply(changes, SortedTree<int>.Empty, model), model);
    }

    private static SortedTree<int> Apply(
        List<(bool Set, string Key, int Value)> changes, SortedTree<int> tree, SortedDictionary<string, int> model)
    {
        foreach (var (set, key, value) in changes)
        {
            if (set)
            {
                tree = tree.Set(key, value);
                model[key] = value;
            }
            else
            {
                tree = tree.Remove(key);
                model.Remove(key);
            }
        }
        return tree;
    }
}
