using Gureum.Cel.Checking;
using Gureum.Cel.Costs;
using Gureum.Cel.Libraries;
using Gureum.Cel.Values;
using static Gureum.Cel.Checking.CelType;

namespace Gureum.Cel.Kubernetes;

/// <summary>isSorted, sum, min, max, indexOf, lastIndexOf of lists (kubernetes.io, "CEL in Kubernetes", "Kubernetes list library").</summary>
internal static class ListFunctions
{
    internal static readonly CelLibrary Instance = Build();

    private static CelLibrary Build()
    {
        var b = new LibraryBuilder("kubernetes.lists");
        // One comparison for each element, and a pass over each that has a length.
        CallCost traversal = new(
            static a =>
            {
                CostEstimate each = CostEstimate.One;
                if (a[0].Type.Parameters is [{ Kind: CelKind.String or CelKind.Bytes }]) each = each.Plus(a[0].Element.At(CallCost.PerUnit));
                return new(a[0].Size.Each(each));
            },
            static (a, _) => Traversal(a[0]));
        (CelType Type, CelValue? Zero)[] comparable =
        [
            (Int, CelInt.Of(0)), (Uint, new CelUint(0)), (CelType.Double, new CelDouble(0)), (Bool, null), (Duration, new CelDuration(0)), (Timestamp, null), (CelType.String, null), (Bytes, null),
        ];
        foreach ((CelType type, CelValue? zero) in comparable)
        {
            CelType list = CelType.List(type);
            b.Member("isSorted", $"list_{type.Name}_is_sorted_bool", [list], Bool, static a => IsSorted((CelList)a[0]), traversal)
                .Member("min", $"list_{type.Name}_min_{type.Name}", [list], type, static a => Extreme((CelList)a[0], "min", -1), traversal)
                .Member("max", $"list_{type.Name}_max_{type.Name}", [list], type, static a => Extreme((CelList)a[0], "max", 1), traversal);
            if (zero is not null) b.Member("sum", $"list_{type.Name}_sum_{type.Name}", [list], type, a => Sum((CelList)a[0], zero), traversal);
        }

        CelType item = Param("A"), items = CelType.List(item);
        b.Member("indexOf", "list_a_index_of_int", [items, item], Int, static a => CelInt.Of(IndexOf((CelList)a[0], a[1], false)), traversal)
            .Member("lastIndexOf", "list_a_last_index_of_int", [items, item], Int, static a => CelInt.Of(IndexOf((CelList)a[0], a[1], true)), traversal);
        return b.Build();
    }

    internal static ulong Traversal(CelValue value)
    {
        switch (value)
        {
            case CelString or CelBytes:
                return (ulong)(value.Size * CallCost.PerUnit);
            case CelList list:
                ulong sum = 0;
                for (int i = 0; i < list.Count; i++)
                {
                    EqualityBudget.Spend();
                    sum += Traversal(list[i]);
                }

                return sum;
            case CelMap map:
                ulong total = 0;
                foreach (CelValue key in map.Keys)
                {
                    EqualityBudget.Spend();
                    total += Traversal(key) + (map.TryGet(key, out CelValue entry) ? Traversal(entry) : 0);
                }

                return total;
            default:
                return 1;
        }
    }

    private static CelValue IsSorted(CelList list)
    {
        for (int i = 1; i < list.Count; i++)
        {
            if (Ordering.Compare(list[i - 1], list[i]) is not { } order) return CelError.NoSuchOverload;
            if (order > 0) return CelBool.False;
        }

        return CelBool.True;
    }

    private static CelValue Extreme(CelList list, string name, int sign)
    {
        if (list.Count == 0) return CelError.Of($"{name} called on empty list");
        CelValue best = list[0];
        for (int i = 1; i < list.Count; i++)
        {
            if (Ordering.Compare(list[i], best) is not { } order) return CelError.NoSuchOverload;
            if (order * sign > 0) best = list[i];
        }

        return best;
    }

    private static CelValue Sum(CelList list, CelValue zero)
    {
        CelValue sum = zero;
        for (int i = 0; i < list.Count; i++)
        {
            sum = Arithmetic.Add(sum, list[i]);
            if (sum is CelError) return sum;
        }

        return sum;
    }

    private static int IndexOf(CelList list, CelValue item, bool last)
    {
        for (int i = 0; i < list.Count; i++)
        {
            int at = last ? list.Count - 1 - i : i;
            if (list[at].EqualTo(item)) return at;
        }

        return -1;
    }
}
