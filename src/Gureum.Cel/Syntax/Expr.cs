using System.Collections.Immutable;
using Gureum.Cel.Values;

namespace Gureum.Cel.Syntax;

/// <summary>A node of a parsed expression.</summary>
/// <param name="id">Unique within the expression, from 1.</param>
/// <param name="offset">Where it is reported: its code point's number within the text.</param>
public abstract class Expr(int id, int offset)
{
    /// <summary>Unique within the expression.</summary>
    public int Id { get; } = id;

    /// <summary>Code points before the place where it is reported.</summary>
    public int Offset { get; } = offset;

    /// <summary>Levels of nodes below and including this one.</summary>
    public abstract int Depth { get; }

    private protected static int Over(ReadOnlySpan<Expr> below)
    {
        int depth = 0;
        foreach (Expr e in below) depth = Math.Max(depth, e.Depth);
        return depth + 1;
    }
}

/// <summary>A constant.</summary>
public sealed class LiteralExpr(int id, int offset, CelValue value) : Expr(id, offset)
{
    /// <summary>The constant.</summary>
    public CelValue Value { get; } = value;

    /// <inheritdoc/>
    public override int Depth => 1;
}

/// <summary>A name; with a leading dot it is not looked for among local variables.</summary>
public sealed class IdentExpr(int id, int offset, string name) : Expr(id, offset)
{
    /// <summary>As written.</summary>
    public string Name { get; } = name;

    /// <inheritdoc/>
    public override int Depth => 1;
}

/// <summary><c>operand.field</c>, or <c>has(operand.field)</c>.</summary>
public sealed class SelectExpr(int id, int offset, Expr operand, string field, bool testOnly) : Expr(id, offset)
{
    /// <summary>What is selected from.</summary>
    public Expr Operand { get; } = operand;

    /// <summary>The field's name or the map's key.</summary>
    public string Field { get; } = field;

    /// <summary>Whether only the presence is asked.</summary>
    public bool TestOnly { get; } = testOnly;

    /// <inheritdoc/>
    public override int Depth { get; } = operand.Depth + 1;
}

/// <summary>A call of a function or operator.</summary>
public sealed class CallExpr(int id, int offset, string function, Expr? target, ImmutableArray<Expr> arguments) : Expr(id, offset)
{
    /// <summary>The function's name, or the operator's as in <see cref="Operators"/>.</summary>
    public string Function { get; } = function;

    /// <summary>What stands before the dot, if anything does.</summary>
    public Expr? Target { get; } = target;

    /// <summary>What stands between the parentheses.</summary>
    public ImmutableArray<Expr> Arguments { get; } = arguments;

    /// <inheritdoc/>
    public override int Depth { get; } = Math.Max(Over(arguments.AsSpan()), 1 + (target?.Depth ?? 0));
}

/// <summary><c>[a, ?b]</c>.</summary>
public sealed class ListExpr(int id, int offset, ImmutableArray<Expr> elements, ImmutableArray<bool> optional) : Expr(id, offset)
{
    /// <summary>The elements.</summary>
    public ImmutableArray<Expr> Elements { get; } = elements;

    /// <summary>For each element, whether it has a question mark.</summary>
    public ImmutableArray<bool> Optional { get; } = optional;

    /// <inheritdoc/>
    public override int Depth { get; } = Over(elements.AsSpan());
}

/// <summary>An entry of a map literal.</summary>
public sealed record MapEntry(Expr Key, Expr Value, bool Optional);

/// <summary><c>{k: v, ?k: v}</c>.</summary>
public sealed class MapExpr(int id, int offset, ImmutableArray<MapEntry> entries) : Expr(id, offset)
{
    /// <summary>The entries.</summary>
    public ImmutableArray<MapEntry> Entries { get; } = entries;

    /// <inheritdoc/>
    public override int Depth { get; } = 1 + entries.Select(e => Math.Max(e.Key.Depth, e.Value.Depth)).DefaultIfEmpty(0).Max();
}

/// <summary>A field of an object literal.</summary>
public sealed record StructField(int Offset, string Name, Expr Value, bool Optional);

/// <summary><c>T{f: v, ?f: v}</c>.</summary>
public sealed class StructExpr(int id, int offset, string typeName, ImmutableArray<StructField> fields) : Expr(id, offset)
{
    /// <summary>As written, perhaps with a leading dot.</summary>
    public string TypeName { get; } = typeName;

    /// <summary>The fields.</summary>
    public ImmutableArray<StructField> Fields { get; } = fields;

    /// <inheritdoc/>
    public override int Depth { get; } = 1 + fields.Select(f => f.Value.Depth).DefaultIfEmpty(0).Max();
}

/// <summary>The fold that macros expand to: for each item of <see cref="Range"/>, while <see cref="Condition"/>, the accumulator becomes <see cref="Step"/>.</summary>
public sealed class ComprehensionExpr(int id, int offset, string variable, string? variable2, Expr range, string accumulator, Expr initial, Expr condition, Expr step, Expr result) : Expr(id, offset)
{
    /// <summary>Element of a list or key of a map; with a second variable, index of a list.</summary>
    public string Variable { get; } = variable;

    /// <summary>Element of a list or value of a map, if two variables are wanted.</summary>
    public string? Variable2 { get; } = variable2;

    /// <summary>A list or map.</summary>
    public Expr Range { get; } = range;

    /// <summary>The accumulator's name.</summary>
    public string Accumulator { get; } = accumulator;

    /// <summary>Its first value.</summary>
    public Expr Initial { get; } = initial;

    /// <summary>Whether to go on.</summary>
    public Expr Condition { get; } = condition;

    /// <summary>Its next value.</summary>
    public Expr Step { get; } = step;

    /// <summary>What comes out, told from the accumulator.</summary>
    public Expr Result { get; } = result;

    /// <inheritdoc/>
    public override int Depth { get; } = Over([range, initial, condition, step, result]);

    /// <summary>Whether this only names a value (<c>cel.bind</c>): nothing to go through, and a name of the user's own.</summary>
    public bool IsBinding => Range is ListExpr { Elements.Length: 0 } && Condition is LiteralExpr { Value: CelBool { Value: false } } && Accumulator != Macro.Accumulator;
}
