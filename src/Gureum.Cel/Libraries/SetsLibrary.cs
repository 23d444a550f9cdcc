using Gureum.Cel.Checking;
using Gureum.Cel.Costs;
using Gureum.Cel.Values;
using static Gureum.Cel.Checking.CelType;

namespace Gureum.Cel.Libraries;

/// <summary>Lists taken as sets (cel-go, ext/README.md, "Sets").</summary>
internal static class SetsLibrary
{
    internal static readonly CelLibrary Instance = Build();

    private static CelLibrary Build()
    {
        CelType list = CelType.List(Param("T"));
        return new LibraryBuilder("sets")
            .Global("sets.contains", "list_sets_contains_list", [list, list], Bool, static a => CelBool.Of(Holds((CelList)a[0], (CelList)a[1])), Product(1))
            .Global("sets.equivalent", "list_sets_equivalent_list", [list, list], Bool, static a => CelBool.Of(Holds((CelList)a[0], (CelList)a[1]) && Holds((CelList)a[1], (CelList)a[0])), Product(2))
            .Global("sets.intersects", "list_sets_intersects_list", [list, list], Bool, static a => CelBool.Of(Meet((CelList)a[0], (CelList)a[1])), Product(1))
            .Build();
    }

    private static CallCost Product(ulong times) => new(
        a => new(a[0].Size.Times(a[1].Size).At(times).Plus(CostEstimate.One)), (a, _) => Bounded.Add(Bounded.Multiply(times, Bounded.Multiply((ulong)a[0].Size, (ulong)a[1].Size)), 1));

    private static bool Holds(CelList all, CelList some)
    {
        for (int i = 0; i < some.Count; i++)
        {
            if (!all.Contains(some[i])) return false;
        }

        return true;
    }

    private static bool Meet(CelList a, CelList b)
    {
        for (int i = 0; i < b.Count; i++)
        {
            if (a.Contains(b[i])) return true;
        }

        return false;
    }
}
