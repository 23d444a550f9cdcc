using System.Collections.Immutable;
using Gureum.Cel.Checking;
using Gureum.Cel.Syntax;
using Gureum.Cel.Values;

namespace Gureum.Cel.Costs;

/// <summary>What the estimator knows of an argument.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Size">Its size.</param>
/// <param name="Path">Where it lies below a variable, if it does: names, and <c>@items</c>, <c>@keys</c>, <c>@values</c>.</param>
/// <param name="Expr">The expression, if there is one.</param>
/// <param name="Element">Size of an element, if it is a list.</param>
public sealed record CostArgument(CelType Type, SizeEstimate Size, ImmutableArray<string>? Path, Expr? Expr, SizeEstimate Element);

/// <summary>The estimate for a call without its arguments' own costs.</summary>
public readonly record struct CallEstimate(CostEstimate Cost, SizeEstimate? Result = null);

/// <summary>Estimates a call from its arguments, the target first.</summary>
public delegate CallEstimate EstimateCall(ImmutableArray<CostArgument> arguments);

/// <summary>Tells what a call did cost.</summary>
public delegate ulong MeasureCall(ReadOnlySpan<CelValue> arguments, CelValue result);

/// <summary>What a call costs, before and after. The figures are those of cel-go and of Kubernetes' libraries, since limits are compared across implementations.</summary>
/// <param name="Estimate">Before evaluation.</param>
/// <param name="Measure">While evaluating.</param>
/// <param name="NeedsResult">Whether <paramref name="Measure"/> looks at the result; else it is charged before the call, so that a call beyond the budget does not even start.</param>
public sealed record CallCost(EstimateCall Estimate, MeasureCall Measure, bool NeedsResult = false)
{
    /// <summary>For each code point or byte passed over.</summary>
    public const double PerUnit = 0.1;
    /// <summary>For each character of a regular expression.</summary>
    public const double PerPatternUnit = 0.25;
    /// <summary>For a name or a field.</summary>
    public const ulong Select = 1;
    /// <summary>For making a list.</summary>
    public const ulong MakeList = 10;
    /// <summary>For making a map.</summary>
    public const ulong MakeMap = 30;
    /// <summary>For making an object.</summary>
    public const ulong MakeStruct = 40;

    /// <summary>One unit.</summary>
    public static readonly CallCost One = Fixed(1);

    /// <summary>One pass over the first argument; the result is as long.</summary>
    public static readonly CallCost PassFirst = Pass(0, 1, true);

    /// <summary>Two passes over the first argument.</summary>
    public static readonly CallCost PassFirstTwice = Pass(0, 2, false);

    /// <summary>Passing over the part that two values share at most.</summary>
    public static readonly CallCost Compare = new(
        static a =>
        {
            ulong most = Math.Min(a[0].Size.Max, a[1].Size.Max);
            return new(new CostEstimate(most > 0 ? 1UL : 0, most).Times(PerUnit));
        },
        static (a, _) => Bounded.Scale((ulong)Math.Min(a[0].Size, a[1].Size), PerUnit));

    /// <summary>Searching one string for another.</summary>
    public static readonly CallCost Search = new(
        static a => new(a[0].Size.At(PerUnit).Times(a[1].Size.At(PerUnit))),
        static (a, _) => Bounded.Multiply(Bounded.Scale((ulong)a[0].Size, PerUnit), Bounded.Scale((ulong)a[1].Size, PerUnit)));

    /// <summary>Matching a string with a regular expression.</summary>
    public static readonly CallCost Match = new(
        static a => new(a[0].Size.Plus(SizeEstimate.Exactly(1)).At(PerUnit).Times(a[1].Size.At(PerPatternUnit)), new SizeEstimate(0, a[0].Size.Max)),
        static (a, _) => Bounded.Multiply(Bounded.Scale((ulong)a[0].Size + 1, PerUnit), Bounded.Scale((ulong)a[1].Size, PerPatternUnit)));

    /// <summary>Copying two values behind one another.</summary>
    public static readonly CallCost Join = new(
        static a =>
        {
            SizeEstimate sum = a[0].Size.Plus(a[1].Size);
            return new(sum.At(PerUnit), sum);
        },
        static (a, _) => Bounded.Scale((ulong)(a[0].Size + a[1].Size), PerUnit));

    /// <summary>The same number always.</summary>
    public static CallCost Fixed(ulong cost) => new(_ => new(CostEstimate.Exactly(cost)), (_, _) => cost);

    /// <summary>One pass over each unit of an argument, at ten units for one of cost.</summary>
    public static CallCost Pass(int argument, double passes, bool keepsSize) => new(
        a => new(a[argument].Size.At(passes * PerUnit), keepsSize ? a[argument].Size : null),
        (a, _) => Bounded.Scale((ulong)a[argument].Size, passes * PerUnit));
}
