using Gureum.Cel.Checking;
using Gureum.Cel.Costs;
using Gureum.Cel.Syntax;
using Gureum.Cel.Values;
using static Gureum.Cel.Checking.CelType;

namespace Gureum.Cel.Libraries;

/// <summary>More functions of lists (cel-go, ext/README.md, "Lists").</summary>
internal static class ListsLibrary
{
    private const string Keyed = "@sortByAssociatedKeys", Input = "@sortBy_input";

    internal static readonly CelLibrary Instance = Build();

    private static CelLibrary Build()
    {
        CelType t = Param("T"), list = CelType.List(t), nested = CelType.List(list);
        CallCost each = new(static a => new(a[0].Size.At(1), a[0].Size), static (a, _) => (ulong)a[0].Size);
        CallCost sorting = new(static a => new(a[0].Size.Times(a[0].Size).At(1), a[0].Size), static (a, _) => (ulong)(a[0].Size * Math.Max(1, (long)Math.Log2(a[0].Size + 1))));
        CallCost made = new(static a => new(CostEstimate.One, SizeEstimate.Unknown), static (_, r) => (ulong)r.Size, NeedsResult: true);
        var b = new LibraryBuilder("lists");
        b.Member("slice", "list_slice", [list, Int, Int], list, static a => Slice((CelList)a[0], I(a[1]), I(a[2])), each)
            .Member("flatten", "list_flatten", [nested], list, static a => Flatten((CelList)a[0], 1), made)
            .Member("flatten", "list_flatten_int", [CelType.List(Dyn), Int], CelType.List(Dyn), static a => Flatten((CelList)a[0], I(a[1])), made)
            .Global("lists.range", "lists_range", [Int], CelType.List(Int), static a => Range(I(a[0])), new CallCost(
                static a => new(CostEstimate.One, SizeEstimate.Unknown), static (a, _) => (ulong)Math.Clamp(I(a[0]), 1, CelList.MaxCount)))
            .Member("reverse", "list_reverse", [list], list, static a => Reverse((CelList)a[0]), each)
            .Member("distinct", "list_distinct", [list], list, static a => Distinct((CelList)a[0]), sorting);
        foreach (CelType u in (ReadOnlySpan<CelType>)[Int, Uint, CelType.Double, Bool, Duration, Timestamp, CelType.String, Bytes])
        {
            b.Member("sort", $"list_{u.Name}_sort", [CelType.List(u)], CelType.List(u), static a => Sort((CelList)a[0], (CelList)a[0]), sorting);
            b.Member(Keyed, $"list_{u.Name}_sortByAssociatedKeys", [list, CelType.List(u)], list, static a => Sort((CelList)a[0], (CelList)a[1]), sorting);
        }

        b.Macro("sortBy", 2, true, static (m, target, a) =>
        {
            if (target is not (ListExpr or IdentExpr or ComprehensionExpr or CallExpr or SelectExpr)) throw m.Refuse(target!, "sortBy can only be applied to a list, identifier, comprehension, call or select expression");
            Expr keys = StandardMacros.Gather(m, m.Ident(Input), m.Variable(a[0], "argument is not an identifier"), null, null, a[1]);
            return m.Bind(Input, target, m.CallOn(m.Ident(Input), Keyed, keys));
        });
        return b.Build();
    }

    private static CelValue Slice(CelList list, long start, long end)
    {
        if (start < 0 || end < 0) return CelError.Of($"cannot slice({start}, {end}), negative indexes not supported");
        if (start > end) return CelError.Of($"cannot slice({start}, {end}), start index must be less than or equal to end index");
        if (end > list.Count) return CelError.Of($"cannot slice({start}, {end}), list is length {list.Count}");
        return CelList.Of(list.ToArray()[(int)start..(int)end]);
    }

    private static CelValue Flatten(CelList list, long depth)
    {
        if (depth < 0) return CelError.Of("level must be non-negative");
        var items = new List<CelValue>();
        return Add(list, depth) ? CelList.Of([.. items]) : CelError.Of($"list is too large: at most {CelList.MaxCount} elements");

        bool Add(CelList from, long levels)
        {
            for (int i = 0; i < from.Count; i++)
            {
                if (from[i] is CelList inner && levels > 0)
                {
                    if (!Add(inner, levels - 1)) return false;
                    continue;
                }

                if (items.Count >= CelList.MaxCount) return false;
                items.Add(from[i]);
            }

            return true;
        }
    }

    private static CelValue Range(long count)
    {
        if (count > CelList.MaxCount) return CelError.Of($"lists.range({count}) is too large: at most {CelList.MaxCount}");
        if (count <= 0) return CelList.Empty;
        var items = new CelValue[count];
        for (int i = 0; i < items.Length; i++) items[i] = CelInt.Of(i);
        return CelList.Of(items);
    }

    private static CelList Reverse(CelList list)
    {
        CelValue[] items = list.ToArray();
        Array.Reverse(items);
        return CelList.Of(items);
    }

    private static CelList Distinct(CelList list)
    {
        var seen = new HashSet<CelValue>();
        var items = new List<CelValue>();
        for (int i = 0; i < list.Count; i++)
        {
            if (seen.Add(list[i])) items.Add(list[i]);
        }

        return CelList.Of([.. items]);
    }

    private static CelValue Sort(CelList list, CelList keys)
    {
        if (list.Count != keys.Count) return CelError.Of($"@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got {list.Count} and {keys.Count} elements respectively");
        if (list.Count == 0) return list;
        CelValue[] by = keys.ToArray();
        foreach (CelValue key in by)
        {
            if (key.Kind is not (CelKind.Int or CelKind.Uint or CelKind.Double or CelKind.Bool or CelKind.Duration or CelKind.Timestamp or CelKind.String or CelKind.Bytes)) return CelError.Of("list elements must be comparable");
            if (key.Kind != by[0].Kind) return CelError.Of("list elements must have the same type");
            if (key is CelDouble { Value: double.NaN }) return CelError.Of("NaN values cannot be ordered");
        }

        int[] order = [.. Enumerable.Range(0, by.Length)];
        Array.Sort(order, (x, y) => Ordering.Compare(by[x], by[y]) is { } c && c != 0 ? c : x.CompareTo(y));
        return CelList.Of([.. order.Select(i => list[i])]);
    }

    private static long I(CelValue v) => ((CelInt)v).Value;
}
