using System.Collections.Immutable;
using Gureum.Cel.Checking;
using Gureum.Cel.Costs;
using Gureum.Cel.Syntax;

namespace Gureum.Cel.Libraries;

/// <summary>Functions, macros and types that belong together.</summary>
public sealed record CelLibrary(string Name, ImmutableArray<CelFunction> Functions)
{
    /// <summary>Macros.</summary>
    public ImmutableArray<Macro> Macros { get; init; } = [];

    /// <summary>Named types, if it brings any.</summary>
    public ICelTypeProvider? Types { get; init; }
}

/// <summary>Gathers a library's functions.</summary>
internal sealed class LibraryBuilder(string name)
{
    private readonly List<string> _order = [];
    private readonly Dictionary<string, ImmutableArray<CelOverload>.Builder> _functions = [];
    private readonly List<Macro> _macros = [];

    /// <summary>A function called as <c>f(a)</c>.</summary>
    internal LibraryBuilder Global(string function, string id, ImmutableArray<CelType> arguments, CelType result, CelImplementation run, CallCost? cost = null) =>
        Add(function, new CelOverload(id, false, arguments, result, run) { Cost = cost });

    /// <summary>A function called as <c>a.f()</c>; the target's type comes first.</summary>
    internal LibraryBuilder Member(string function, string id, ImmutableArray<CelType> arguments, CelType result, CelImplementation run, CallCost? cost = null) =>
        Add(function, new CelOverload(id, true, arguments, result, run) { Cost = cost });

    internal LibraryBuilder Macro(string function, int arguments, bool onTarget, Func<MacroContext, Expr?, ImmutableArray<Expr>, Expr?> expand)
    {
        _macros.Add(new Macro(function, arguments, onTarget, expand));
        return this;
    }

    internal LibraryBuilder Macro(IEnumerable<Macro> macros)
    {
        _macros.AddRange(macros);
        return this;
    }

    internal LibraryBuilder Add(string function, CelOverload overload)
    {
        if (!_functions.TryGetValue(function, out ImmutableArray<CelOverload>.Builder? overloads))
        {
            _functions[function] = overloads = ImmutableArray.CreateBuilder<CelOverload>();
            _order.Add(function);
        }

        overloads.Add(overload);
        return this;
    }

    internal CelLibrary Build(ICelTypeProvider? types = null) =>
        new(name, [.. _order.Select(f => new CelFunction(f, _functions[f].ToImmutable()))]) { Macros = [.. _macros], Types = types };
}
