using System.Collections.Immutable;
using Gureum.Cel.Costs;
using Gureum.Cel.Values;

namespace Gureum.Cel.Checking;

/// <summary>What a function does. Never throws for bad values: it returns a <see cref="CelError"/>.</summary>
public delegate CelValue CelImplementation(ReadOnlySpan<CelValue> arguments);

/// <summary>A variable that expressions may name.</summary>
/// <param name="Name">Perhaps qualified: <c>a.b</c>.</param>
/// <param name="Type">Its type.</param>
/// <param name="Value">Its value, if it is a constant.</param>
public sealed record CelVariable(string Name, CelType Type, CelValue? Value = null);

/// <summary>One signature of a function.</summary>
/// <param name="Id">Unique name, which cost tables go by.</param>
/// <param name="OnTarget">Whether the first argument stands before the dot.</param>
/// <param name="Arguments">Types of the arguments, the target first.</param>
/// <param name="Result">Type of the result.</param>
/// <param name="Run">What it does.</param>
public sealed record CelOverload(string Id, bool OnTarget, ImmutableArray<CelType> Arguments, CelType Result, CelImplementation Run)
{
    /// <summary>The type variables in it.</summary>
    public ImmutableArray<string> TypeParameters { get; } = [.. Arguments.Append(Result).SelectMany(Variables).Distinct()];

    /// <summary>Whether it wants to see errors among its arguments.</summary>
    public bool NonStrict { get; init; }

    /// <summary>What a call costs; null for what the table of the language says, or 1.</summary>
    public CallCost? Cost { get; init; }

    private static IEnumerable<string> Variables(CelType type) => type.Kind == CelKind.TypeParam ? [type.Name] : type.Parameters.SelectMany(Variables);
}

/// <summary>A function with all its signatures.</summary>
public sealed record CelFunction(string Name, ImmutableArray<CelOverload> Overloads)
{
    /// <summary>Both functions' signatures; one with a known id is replaced.</summary>
    public CelFunction Merge(CelFunction other)
    {
        var ids = other.Overloads.Select(o => o.Id).ToHashSet();
        return this with { Overloads = [.. Overloads.Where(o => !ids.Contains(o.Id)), .. other.Overloads] };
    }
}

/// <summary>What a name or call was resolved to.</summary>
/// <param name="Name">Full name of the variable, type or function; a leading dot if a local variable would hide it.</param>
/// <param name="Value">The constant that the name stands for, if it does.</param>
/// <param name="Overloads">The signatures that a call may turn out to have.</param>
public sealed record Reference(string Name, CelValue? Value, ImmutableArray<CelOverload> Overloads);
