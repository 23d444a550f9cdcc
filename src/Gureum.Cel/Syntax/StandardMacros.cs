using System.Collections.Immutable;
using Gureum.Cel.Values;

namespace Gureum.Cel.Syntax;

/// <summary>The macros of the language (langdef.md, "Macros").</summary>
public static class StandardMacros
{
    /// <summary>has, all, exists, exists_one (existsOne), map, filter.</summary>
    public static readonly ImmutableArray<Macro> All =
    [
        new("has", 1, false, static (m, _, a) => a[0] is SelectExpr { TestOnly: false } s ? m.Has(s.Operand, s.Field) : throw m.Refuse(a[0], "invalid argument to has() macro")),
        new("all", 2, true, static (m, t, a) => ForAll(m, t!, m.Variable(a[0]), null, a[1])),
        new("exists", 2, true, static (m, t, a) => Exists(m, t!, m.Variable(a[0]), null, a[1])),
        new("exists_one", 2, true, static (m, t, a) => ExistsOne(m, t!, m.Variable(a[0]), null, a[1])),
        new("existsOne", 2, true, static (m, t, a) => ExistsOne(m, t!, m.Variable(a[0]), null, a[1])),
        new("map", 2, true, static (m, t, a) => Gather(m, t!, m.Variable(a[0], "argument is not an identifier"), null, null, a[1])),
        new("map", 3, true, static (m, t, a) => Gather(m, t!, m.Variable(a[0], "argument is not an identifier"), null, a[1], a[2])),
        new("filter", 2, true, static (m, t, a) => Gather(m, t!, m.Variable(a[0], "argument is not an identifier"), null, a[1], a[0])),
    ];

    internal static Expr ForAll(MacroContext m, Expr range, string variable, string? variable2, Expr predicate) =>
        m.Fold(range, variable, variable2, Macro.Accumulator, m.Literal(CelBool.True), m.Call(Operators.NotStrictlyFalse, m.Result), m.Call(Operators.And, m.Result, predicate), m.Result);

    internal static Expr Exists(MacroContext m, Expr range, string variable, string? variable2, Expr predicate) =>
        m.Fold(range, variable, variable2, Macro.Accumulator, m.Literal(CelBool.False), m.Call(Operators.NotStrictlyFalse, m.Call(Operators.Not, m.Result)), m.Call(Operators.Or, m.Result, predicate), m.Result);

    internal static Expr ExistsOne(MacroContext m, Expr range, string variable, string? variable2, Expr predicate)
    {
        Expr step = m.Call(Operators.Conditional, predicate, m.Call(Operators.Add, m.Result, m.Literal(CelInt.Of(1))), m.Result);
        return m.Fold(range, variable, variable2, Macro.Accumulator, m.Literal(CelInt.Of(0)), m.Literal(CelBool.True), step, m.Call(Operators.Equal, m.Result, m.Literal(CelInt.Of(1))));
    }

    internal static Expr Gather(MacroContext m, Expr range, string variable, string? variable2, Expr? filter, Expr item) =>
        Guarded(m, range, variable, variable2, m.List(), filter, m.Call(Operators.Add, m.Result, m.List(item)));

    internal static Expr Guarded(MacroContext m, Expr range, string variable, string? variable2, Expr initial, Expr? filter, Expr step) =>
        m.Fold(range, variable, variable2, Macro.Accumulator, initial, m.Literal(CelBool.True), filter is null ? step : m.Call(Operators.Conditional, filter, step, m.Result), m.Result);
}
