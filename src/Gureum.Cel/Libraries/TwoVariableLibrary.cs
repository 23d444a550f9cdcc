using System.Collections.Immutable;
using Gureum.Cel.Checking;
using Gureum.Cel.Syntax;
using static Gureum.Cel.Checking.CelType;

namespace Gureum.Cel.Libraries;

/// <summary>Comprehensions over index and element of a list, or key and value of a map (cel-go, ext/README.md, "TwoVarComprehensions").</summary>
internal static class TwoVariableLibrary
{
    internal static readonly CelLibrary Instance = Build();

    private static CelLibrary Build()
    {
        CelType k = Param("K"), v = Param("V"), map = CelType.Map(k, v);
        CelImplementation planned = static _ => throw new InvalidOperationException("evaluated by a node of its own");
        return new LibraryBuilder("two-variable comprehensions")
            .Macro("all", 3, true, static (m, t, a) => With(m, a, (x, y) => StandardMacros.ForAll(m, t!, x, y, a[2])))
            .Macro("exists", 3, true, static (m, t, a) => With(m, a, (x, y) => StandardMacros.Exists(m, t!, x, y, a[2])))
            .Macro("exists_one", 3, true, static (m, t, a) => With(m, a, (x, y) => StandardMacros.ExistsOne(m, t!, x, y, a[2])))
            .Macro("existsOne", 3, true, static (m, t, a) => With(m, a, (x, y) => StandardMacros.ExistsOne(m, t!, x, y, a[2])))
            .Macro("transformList", 3, true, static (m, t, a) => With(m, a, (x, y) => StandardMacros.Gather(m, t!, x, y, null, a[2])))
            .Macro("transformList", 4, true, static (m, t, a) => With(m, a, (x, y) => StandardMacros.Gather(m, t!, x, y, a[2], a[3])))
            .Macro("transformMap", 3, true, static (m, t, a) => With(m, a, (x, y) => Insert(m, t!, x, y, null, m.Ident(x), a[2])))
            .Macro("transformMap", 4, true, static (m, t, a) => With(m, a, (x, y) => Insert(m, t!, x, y, a[2], m.Ident(x), a[3])))
            .Macro("transformMapEntry", 3, true, static (m, t, a) => With(m, a, (x, y) => Insert(m, t!, x, y, null, a[2])))
            .Macro("transformMapEntry", 4, true, static (m, t, a) => With(m, a, (x, y) => Insert(m, t!, x, y, a[2], a[3])))
            .Global(Operators.MapInsert, "@mapInsert_map_key_value", [map, k, v], map, planned)
            .Global(Operators.MapInsert, "@mapInsert_map_map", [map, map], map, planned)
            .Build();
    }

    private static Expr With(MacroContext m, ImmutableArray<Expr> a, Func<string, string, Expr> expand)
    {
        string first = m.Variable(a[0]), second = m.Variable(a[1]);
        return first == second ? throw m.Refuse(a[1], $"duplicate variable name: {first}") : expand(first, second);
    }

    private static Expr Insert(MacroContext m, Expr range, string first, string second, Expr? filter, params ImmutableArray<Expr> entry) =>
        StandardMacros.Guarded(m, range, first, second, m.EmptyMap(), filter, m.Call(Operators.MapInsert, entry.Insert(0, m.Result)));
}
