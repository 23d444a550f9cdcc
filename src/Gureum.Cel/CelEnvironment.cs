using System.Collections.Immutable;
using Gureum.Cel.Checking;
using Gureum.Cel.Evaluation;
using Gureum.Cel.Libraries;
using Gureum.Cel.Syntax;
using Gureum.Cel.Values;

namespace Gureum.Cel;

/// <summary>
/// What expressions may name, and how they are read. Immutable: each <c>With</c> makes another. Compile with
/// <see cref="Compile"/>, then evaluate the program as often as wanted, from several threads too.
/// </summary>
public sealed class CelEnvironment
{
    private ImmutableDictionary<string, CelVariable> _variables = ImmutableDictionary<string, CelVariable>.Empty;
    private ImmutableDictionary<string, CelFunction> _functions = ImmutableDictionary<string, CelFunction>.Empty;
    private ImmutableArray<ICelTypeProvider> _providers = [];
    private ImmutableArray<Macro> _macros = [];

    private CelEnvironment()
    {
        Types = new CombinedTypeProvider([]);
    }

    private CelEnvironment(CelEnvironment other)
    {
        _variables = other._variables;
        _functions = other._functions;
        _providers = other._providers;
        _macros = other._macros;
        Types = other.Types;
        Container = other.Container;
        HomogeneousLiterals = other.HomogeneousLiterals;
        MixedComparisons = other.MixedComparisons;
        ChecksLiterals = other.ChecksLiterals;
        Limits = other.Limits;
    }

    /// <summary>The language itself: standard functions, macros and types.</summary>
    public static readonly CelEnvironment Standard = new CelEnvironment().With(StandardLibrary.Instance).With(new StandardTypes());

    /// <summary>The namespace within which names are looked for first, such as <c>a.b</c>.</summary>
    public string Container { get; private init; } = "";

    /// <summary>Whether list and map literals must have elements of one type.</summary>
    public bool HomogeneousLiterals { get; private init; }

    /// <summary>Whether the checker lets int, uint and double be compared by &lt;, &lt;=, &gt;, &gt;= with one another.</summary>
    public bool MixedComparisons { get; private init; } = true;

    /// <summary>Whether constant durations, timestamps and patterns that are none are refused when compiling.</summary>
    public bool ChecksLiterals { get; private init; }

    /// <summary>How large expressions may be.</summary>
    public ParserLimits Limits { get; private init; } = new();

    /// <summary>All named types.</summary>
    public ICelTypeProvider Types { get; private set; }

    /// <summary>Adds functions, macros and types.</summary>
    public CelEnvironment With(CelLibrary library)
    {
        var result = new CelEnvironment(this) { _macros = [.. _macros, .. library.Macros] };
        foreach (CelFunction f in library.Functions)
            result._functions = result._functions.SetItem(f.Name, result._functions.TryGetValue(f.Name, out CelFunction? known) ? known.Merge(f) : f);
        return library.Types is null ? result : result.With(library.Types);
    }

    /// <summary>Adds named types, asked before those known so far.</summary>
    public CelEnvironment With(ICelTypeProvider types)
    {
        var result = new CelEnvironment(this) { _providers = [types, .. _providers] };
        result.Types = new CombinedTypeProvider(result._providers);
        return result;
    }

    /// <summary>Adds a variable, or replaces the one of that name.</summary>
    public CelEnvironment With(CelVariable variable) => new(this) { _variables = _variables.SetItem(variable.Name, variable) };

    /// <summary>Adds a variable, or replaces the one of that name.</summary>
    public CelEnvironment WithVariable(string name, CelType type) => With(new CelVariable(name, type));

    /// <summary>Adds a function, or signatures to the one of that name.</summary>
    public CelEnvironment With(CelFunction function) =>
        new(this) { _functions = _functions.SetItem(function.Name, _functions.TryGetValue(function.Name, out CelFunction? known) ? known.Merge(function) : function) };

    /// <summary>Sets <see cref="Container"/>.</summary>
    public CelEnvironment WithContainer(string container) => new(this) { Container = container };

    /// <summary>Sets <see cref="HomogeneousLiterals"/>.</summary>
    public CelEnvironment WithHomogeneousLiterals(bool on) => new(this) { HomogeneousLiterals = on };

    /// <summary>Sets <see cref="MixedComparisons"/>.</summary>
    public CelEnvironment WithMixedComparisons(bool on) => new(this) { MixedComparisons = on };

    /// <summary>Sets <see cref="ChecksLiterals"/>.</summary>
    public CelEnvironment WithLiteralChecks(bool on) => new(this) { ChecksLiterals = on };

    /// <summary>Sets <see cref="Limits"/>.</summary>
    public CelEnvironment WithLimits(ParserLimits limits) => new(this) { Limits = limits };

    /// <summary>Parses an expression, macros expanded.</summary>
    /// <exception cref="CelCompileException">It is none.</exception>
    public Expr Parse(CelSource source) => Parser.Parse(source, _macros, Limits);

    /// <summary>Parses and checks an expression.</summary>
    /// <exception cref="CelCompileException">It is none, names what is not there, or applies what does not fit.</exception>
    public CheckedExpression Check(string expression)
    {
        var source = new CelSource(expression);
        CheckedExpression result = Checker.Check(this, source, Parse(source));
        if (ChecksLiterals) LiteralChecks.Run(result);
        return result;
    }

    /// <summary>Makes a program of an expression.</summary>
    /// <exception cref="CelCompileException">It is none, names what is not there, or applies what does not fit.</exception>
    public CelProgram Compile(string expression) => Plan(Check(expression));

    /// <summary>Makes a program of a checked expression.</summary>
    public CelProgram Plan(CheckedExpression expression) => Planner.Plan(this, expression.Root, expression);

    /// <summary>Makes a program of an expression without checking it: names and types are found while evaluating.</summary>
    /// <exception cref="CelCompileException">It is none.</exception>
    public CelProgram CompileUnchecked(string expression) => Planner.Plan(this, Parse(new CelSource(expression)), null);

    /// <summary>The full names that a name may stand for, most specific first (langdef.md, "Name Resolution").</summary>
    internal IEnumerable<string> Candidates(string name)
    {
        if (name.StartsWith('.'))
        {
            yield return name[1..];
            yield break;
        }

        for (string container = Container; container.Length > 0;)
        {
            yield return $"{container}.{name}";
            int dot = container.LastIndexOf('.');
            container = dot < 0 ? "" : container[..dot];
        }

        yield return name;
    }

    /// <summary>A variable, type or constant by its full name.</summary>
    internal CelVariable? FindVariable(string fullName)
    {
        if (_variables.TryGetValue(fullName, out CelVariable? variable)) return variable;
        if (Types.FindType(fullName) is { } type) return new CelVariable(fullName, CelType.TypeOf(type), new CelTypeValue(type));
        return Types.FindConstant(fullName) is { } constant ? new CelVariable(fullName, constant.Type, constant) : null;
    }

    /// <summary>A function by a name that may be short.</summary>
    internal CelFunction? FindFunction(string name)
    {
        foreach (string candidate in Candidates(name))
        {
            if (_functions.TryGetValue(candidate, out CelFunction? found)) return found;
        }

        return null;
    }

    internal bool IsDisabled(CelOverload overload) => !MixedComparisons && StandardLibrary.IsMixedComparison(overload);
}
