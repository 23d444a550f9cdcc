using System.Collections.Immutable;
using Gureum.Cel.Values;

namespace Gureum.Cel.Syntax;

/// <summary>A call that the parser replaces by another expression.</summary>
/// <param name="Function">The function's name.</param>
/// <param name="Arguments">How many arguments it takes; -1 for any number.</param>
/// <param name="OnTarget">Whether something stands before the dot.</param>
/// <param name="Expand">Makes the replacement; null leaves the call as it is.</param>
public sealed record Macro(string Function, int Arguments, bool OnTarget, Func<MacroContext, Expr?, ImmutableArray<Expr>, Expr?> Expand)
{
    /// <summary>The accumulator's name in standard macros; no user can write it.</summary>
    public const string Accumulator = "@result";
}

/// <summary>A macro got arguments that it cannot take.</summary>
internal sealed class MacroException(int offset, string message) : Exception(message)
{
    internal int Offset { get; } = offset;
}

/// <summary>Makes the nodes of a macro's replacement; they are reported at the place of the call.</summary>
public sealed class MacroContext
{
    private readonly Func<int> _nextId;
    private readonly int _offset;

    internal MacroContext(Func<int> nextId, int offset)
    {
        _nextId = nextId;
        _offset = offset;
    }

    /// <summary>The accumulator of a standard macro.</summary>
    public Expr Result => Ident(Macro.Accumulator);

    /// <summary>A constant.</summary>
    public Expr Literal(CelValue value) => new LiteralExpr(_nextId(), _offset, value);

    /// <summary>A name.</summary>
    public Expr Ident(string name) => new IdentExpr(_nextId(), _offset, name);

    /// <summary>A call of a function or operator.</summary>
    public Expr Call(string function, params ImmutableArray<Expr> arguments) => new CallExpr(_nextId(), _offset, function, null, arguments);

    /// <summary>A call on a target.</summary>
    public Expr CallOn(Expr target, string function, params ImmutableArray<Expr> arguments) => new CallExpr(_nextId(), _offset, function, target, arguments);

    /// <summary>A list.</summary>
    public Expr List(params ImmutableArray<Expr> elements) => new ListExpr(_nextId(), _offset, elements, [.. elements.Select(_ => false)]);

    /// <summary>An empty map.</summary>
    public Expr EmptyMap() => new MapExpr(_nextId(), _offset, []);

    /// <summary>A presence test.</summary>
    public Expr Has(Expr operand, string field) => new SelectExpr(_nextId(), _offset, operand, field, true);

    /// <summary>A fold.</summary>
    public Expr Fold(Expr range, string variable, string? variable2, string accumulator, Expr initial, Expr condition, Expr step, Expr result) =>
        new ComprehensionExpr(_nextId(), _offset, variable, variable2, range, accumulator, initial, condition, step, result);

    /// <summary>A name for a value within an expression.</summary>
    public Expr Bind(string name, Expr value, Expr body) =>
        Fold(List(), "#unused", null, name, value, Literal(CelBool.False), Ident(name), body);

    /// <summary>The name that an argument must be.</summary>
    public string Variable(Expr argument, string refusal = "argument must be a simple name")
    {
        if (argument is not IdentExpr ident || ident.Name.StartsWith('.')) throw Refuse(argument, refusal);
        return ident.Name is Macro.Accumulator or "__result__" ? throw Refuse(argument, "iteration variable overwrites accumulator variable") : ident.Name;
    }

    /// <summary>To be thrown: the arguments do not fit.</summary>
    public Exception Refuse(Expr at, string message) => new MacroException(at.Offset, message);
}
