namespace Gureum.Cel.Costs;

/// <summary>Between which bounds the size of a string, bytes, list or map lies. Sums and products stop at the largest number.</summary>
public readonly record struct SizeEstimate(ulong Min, ulong Max)
{
    /// <summary>Nothing is known.</summary>
    public static readonly SizeEstimate Unknown = new(0, ulong.MaxValue);

    /// <summary>The size is known.</summary>
    public static SizeEstimate Exactly(ulong size) => new(size, size);

    /// <summary>Both together.</summary>
    public SizeEstimate Plus(SizeEstimate other) => new(Bounded.Add(Min, other.Min), Bounded.Add(Max, other.Max));

    /// <summary>One for each unit of the other.</summary>
    public SizeEstimate Times(SizeEstimate other) => new(Bounded.Multiply(Min, other.Min), Bounded.Multiply(Max, other.Max));

    /// <summary>Wide enough for either.</summary>
    public SizeEstimate Or(SizeEstimate other) => new(Math.Min(Min, other.Min), Math.Max(Max, other.Max));

    /// <summary>The cost of passing over it, so much for each unit, rounded up.</summary>
    public CostEstimate At(double costOfUnit) => new(Bounded.Scale(Min, costOfUnit), Bounded.Scale(Max, costOfUnit));

    /// <summary>The cost of doing something for each unit.</summary>
    public CostEstimate Each(CostEstimate cost) => new(Bounded.Multiply(Min, cost.Min), Bounded.Multiply(Max, cost.Max));
}

/// <summary>Between which bounds the cost of an expression lies, in units of about the cost of reading one variable.</summary>
public readonly record struct CostEstimate(ulong Min, ulong Max)
{
    /// <summary>One unit.</summary>
    public static readonly CostEstimate One = new(1, 1);

    /// <summary>The cost is known.</summary>
    public static CostEstimate Exactly(ulong cost) => new(cost, cost);

    /// <summary>Both.</summary>
    public CostEstimate Plus(CostEstimate other) => new(Bounded.Add(Min, other.Min), Bounded.Add(Max, other.Max));

    /// <summary>The product.</summary>
    public CostEstimate Times(CostEstimate other) => new(Bounded.Multiply(Min, other.Min), Bounded.Multiply(Max, other.Max));

    /// <summary>Scaled, rounded up.</summary>
    public CostEstimate Times(double factor) => new(Bounded.Scale(Min, factor), Bounded.Scale(Max, factor));

    /// <summary>Wide enough for either.</summary>
    public CostEstimate Or(CostEstimate other) => new(Math.Min(Min, other.Min), Math.Max(Max, other.Max));
}

/// <summary>Arithmetic that stops at the largest number.</summary>
internal static class Bounded
{
    internal static ulong Add(ulong a, ulong b) => a > ulong.MaxValue - b ? ulong.MaxValue : a + b;

    internal static ulong Multiply(ulong a, ulong b) => b != 0 && a > ulong.MaxValue / b ? ulong.MaxValue : a * b;

    internal static ulong Scale(ulong a, double factor)
    {
        double product = Math.Ceiling(a * factor);
        return product >= 18446744073709551616.0 ? ulong.MaxValue : (ulong)product;
    }
}
