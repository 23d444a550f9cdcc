using System.Collections.Immutable;
using Gureum.Cel.Checking;
using Gureum.Cel.Syntax;
using Gureum.Cel.Values;
using static Gureum.Cel.Checking.CelType;

namespace Gureum.Cel.Libraries;

/// <summary>Functions of numbers (cel-go, ext/README.md, "Math").</summary>
internal static class MathLibrary
{
    internal static readonly CelLibrary Instance = Build();

    private static CelLibrary Build()
    {
        CelType real = CelType.Double;
        var b = new LibraryBuilder("math");
        Extreme(b, "math.@max", "math.greatest", "greatest", 1);
        Extreme(b, "math.@min", "math.least", "least", -1);
        foreach ((string name, Func<double, double> f) in (ReadOnlySpan<(string, Func<double, double>)>)[("ceil", Math.Ceiling), ("floor", Math.Floor), ("round", static x => Math.Round(x, MidpointRounding.AwayFromZero)), ("trunc", Math.Truncate)])
            b.Global("math." + name, $"math_{name}_double", [real], real, a => new CelDouble(f(D(a[0]))));
        foreach ((string name, Func<double, bool> f) in (ReadOnlySpan<(string, Func<double, bool>)>)[("isInf", double.IsInfinity), ("isNaN", double.IsNaN), ("isFinite", double.IsFinite)])
            b.Global("math." + name, $"math_{name}_double", [real], Bool, a => CelBool.Of(f(D(a[0]))));
        b.Global("math.sqrt", "math_sqrt_double", [real], real, static a => new CelDouble(Math.Sqrt(D(a[0]))))
            .Global("math.sqrt", "math_sqrt_int", [Int], real, static a => new CelDouble(Math.Sqrt(I(a[0]))))
            .Global("math.sqrt", "math_sqrt_uint", [Uint], real, static a => new CelDouble(Math.Sqrt(U(a[0]))));
        b.Global("math.abs", "math_abs_double", [real], real, static a => new CelDouble(Math.Abs(D(a[0]))))
            .Global("math.abs", "math_abs_int", [Int], Int, static a => I(a[0]) == long.MinValue ? CelError.Of("integer overflow") : CelInt.Of(Math.Abs(I(a[0]))))
            .Global("math.abs", "math_abs_uint", [Uint], Uint, static a => a[0]);
        b.Global("math.sign", "math_sign_double", [real], real, static a => new CelDouble(double.IsNaN(D(a[0])) ? double.NaN : Math.Sign(D(a[0]))))
            .Global("math.sign", "math_sign_int", [Int], Int, static a => CelInt.Of(Math.Sign(I(a[0]))))
            .Global("math.sign", "math_sign_uint", [Uint], Uint, static a => new CelUint(U(a[0]) > 0 ? 1UL : 0));
        Bits(b);
        return b.Build();
    }

    private static void Bits(LibraryBuilder b)
    {
        foreach ((string name, Func<ulong, ulong, ulong> f) in (ReadOnlySpan<(string, Func<ulong, ulong, ulong>)>)[("And", static (x, y) => x & y), ("Or", static (x, y) => x | y), ("Xor", static (x, y) => x ^ y)])
        {
            string id = $"math_bit{name}_";
            b.Global("math.bit" + name, id + "int_int", [Int, Int], Int, a => CelInt.Of(unchecked((long)f((ulong)I(a[0]), (ulong)I(a[1])))))
                .Global("math.bit" + name, id + "uint_uint", [Uint, Uint], Uint, a => new CelUint(f(U(a[0]), U(a[1]))));
        }

        b.Global("math.bitNot", "math_bitNot_int_int", [Int], Int, static a => CelInt.Of(~I(a[0])))
            .Global("math.bitNot", "math_bitNot_uint_uint", [Uint], Uint, static a => new CelUint(~U(a[0])));
        foreach ((string name, bool left) in (ReadOnlySpan<(string, bool)>)[("bitShiftLeft", true), ("bitShiftRight", false)])
        {
            b.Global("math." + name, $"math_{name}_int_int", [Int, Int], Int, a => Shift(name, unchecked((ulong)I(a[0])), I(a[1]), left) is { } bits ? CelInt.Of(unchecked((long)bits)) : Negative(name, a[1]))
                .Global("math." + name, $"math_{name}_uint_int", [Uint, Int], Uint, a => Shift(name, U(a[0]), I(a[1]), left) is { } bits ? new CelUint(bits) : Negative(name, a[1]));
        }
    }

    private static ulong? Shift(string name, ulong bits, long by, bool left) => by < 0 ? null : by >= 64 ? 0 : left ? bits << (int)by : bits >> (int)by;

    private static CelError Negative(string name, CelValue by) => CelError.Of($"math.{name}() negative offset: {by}");

    private static void Extreme(LibraryBuilder b, string function, string macro, string name, int sign)
    {
        CelType[] numbers = [Int, Uint, CelType.Double];
        CelImplementation single = static a => a[0];
        CelImplementation pair = a => Better(a[1], a[0], sign) ? a[1] : a[0];
        foreach (CelType t in numbers)
        {
            b.Global(function, $"{function}_{t.Name}", [t], t, single);
            foreach (CelType u in numbers) b.Global(function, $"{function}_{t.Name}_{u.Name}", [t, u], t.Equals(u) ? t : Dyn, pair);
        }

        // Lists after numbers: a literal of several types is a list(dyn), which fits each.
        foreach (CelType t in numbers) b.Global(function, $"{function}_list_{t.Name}", [CelType.List(t)], t, a => OfList(function, (CelList)a[0], sign));
        b.Macro(name, -1, true, (m, target, arguments) => target is IdentExpr { Name: "math" } ? Expand(m, target, function, macro, arguments) : null);
    }

    private static Expr Expand(MacroContext m, Expr target, string function, string macro, ImmutableArray<Expr> arguments)
    {
        switch (arguments)
        {
            case []:
                throw m.Refuse(target, $"{macro}() requires at least one argument");
            case [ListExpr list] when list.Elements.Length > 0:
                foreach (Expr e in list.Elements) Numeric(m, e, macro);
                return m.Call(function, arguments);
            case [ListExpr or MapExpr or StructExpr]:
                throw m.Refuse(arguments[0], $"{macro}() invalid single argument value");
            case [LiteralExpr { Value: not (CelInt or CelUint or CelDouble) }]:
                throw m.Refuse(arguments[0], $"{macro}() invalid single argument value");
        }

        foreach (Expr e in arguments) Numeric(m, e, macro);
        return arguments.Length <= 2 ? m.Call(function, arguments) : m.Call(function, m.List(arguments));
    }

    private static void Numeric(MacroContext m, Expr e, string macro)
    {
        if (e is LiteralExpr { Value: not (CelInt or CelUint or CelDouble) } or ListExpr or MapExpr or StructExpr) throw m.Refuse(e, $"{macro}() simple literal arguments must be numeric");
    }

    private static CelValue OfList(string function, CelList list, int sign)
    {
        if (list.Count == 0) return CelError.Of($"{function}(list) argument must not be empty");
        CelValue best = list[0];
        for (int i = 0; i < list.Count; i++)
        {
            if (!CelNumbers.IsNumber(list[i])) return CelError.Of($"no such overload: {function}");
            if (Better(list[i], best, sign)) best = list[i];
        }

        return best;
    }

    private static bool Better(CelValue a, CelValue than, int sign) => CelNumbers.Compare(a, than) is { } c && c * sign > 0;

    private static long I(CelValue v) => ((CelInt)v).Value;

    private static ulong U(CelValue v) => ((CelUint)v).Value;

    private static double D(CelValue v) => ((CelDouble)v).Value;
}
