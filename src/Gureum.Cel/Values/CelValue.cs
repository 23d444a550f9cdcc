using Gureum.Cel.Checking;

namespace Gureum.Cel.Values;

/// <summary>A value while evaluating. Immutable. Errors are values too (<see cref="CelError"/>), because <c>||</c> and <c>&amp;&amp;</c> can absorb them.</summary>
public abstract class CelValue
{
    /// <summary>Its type as <c>type(x)</c> tells it; lists and maps say list(dyn) and map(dyn, dyn).</summary>
    public abstract CelType Type { get; }

    /// <summary>Short for <c>Type.Kind</c>.</summary>
    public CelKind Kind => Type.Kind;

    /// <summary>Heterogeneous equality (langdef.md, "Equality"): values of different types are unequal, numbers compare across types.</summary>
    public virtual bool EqualTo(CelValue other) => ReferenceEquals(this, other);

    /// <summary>Agrees with <see cref="EqualTo"/>.</summary>
    public virtual int Hash() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);

    /// <summary>What <c>size()</c> says and what costs are reckoned by: 1 where there is no size.</summary>
    public virtual long Size => 1;

    /// <inheritdoc/>
    public sealed override bool Equals(object? obj) => obj is CelValue other && EqualTo(other);

    /// <inheritdoc/>
    public sealed override int GetHashCode() => Hash();
}

/// <summary>An error in place of a value.</summary>
public sealed class CelError : CelValue
{
    private CelError(string message) => Message = message;

    /// <summary>No function takes arguments of these types.</summary>
    public static readonly CelError NoSuchOverload = Of("no such overload");

    /// <summary>What went wrong; clients match on it.</summary>
    public string Message { get; }

    /// <summary>An error with this message.</summary>
    public static CelError Of(string message) => new(message);

    /// <summary>An object or map lacks the key.</summary>
    public static CelError NoSuchKey(string key) => Of($"no such key: {key}");

    /// <inheritdoc/>
    public override CelType Type => CelType.Error;

    /// <inheritdoc/>
    public override string ToString() => $"error({Message})";
}

/// <summary>null.</summary>
public sealed class CelNull : CelValue
{
    /// <summary>The only one.</summary>
    public static readonly CelNull Value = new();

    private CelNull() { }

    /// <inheritdoc/>
    public override CelType Type => CelType.Null;

    /// <inheritdoc/>
    public override string ToString() => "null";
}

/// <summary>true or false.</summary>
public sealed class CelBool : CelValue
{
    /// <summary>true.</summary>
    public static readonly CelBool True = new(true);
    /// <summary>false.</summary>
    public static readonly CelBool False = new(false);

    private CelBool(bool value) => Value = value;

    /// <summary>As a plain value.</summary>
    public bool Value { get; }

    /// <summary>One of the two.</summary>
    public static CelBool Of(bool value) => value ? True : False;

    /// <inheritdoc/>
    public override CelType Type => CelType.Bool;

    /// <inheritdoc/>
    public override bool EqualTo(CelValue other) => other is CelBool b && b.Value == Value;

    /// <inheritdoc/>
    public override int Hash() => Value ? 1231 : 1237;

    /// <inheritdoc/>
    public override string ToString() => Value ? "true" : "false";
}

/// <summary>A type as a value.</summary>
public sealed class CelTypeValue(CelType value) : CelValue
{
    /// <summary>The type.</summary>
    public CelType Value { get; } = value;

    /// <inheritdoc/>
    public override CelType Type => CelType.Type;

    /// <summary>Types without their parameters: <c>type([1]) == list</c>.</summary>
    public override bool EqualTo(CelValue other) => other is CelTypeValue t && t.Value.Name == Value.Name;

    /// <inheritdoc/>
    public override int Hash() => Value.Name.GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => Value.Name;
}

/// <summary>A value or its absence.</summary>
public sealed class CelOptional : CelValue
{
    /// <summary>No value.</summary>
    public static readonly CelOptional None = new(null);
    private static readonly CelType OptionalType = CelType.Optional(CelType.Dyn);

    private CelOptional(CelValue? value) => Value = value;

    /// <summary>The value, or null if there is none.</summary>
    public CelValue? Value { get; }

    /// <summary>A present value.</summary>
    public static CelOptional Of(CelValue value) => new(value);

    /// <inheritdoc/>
    public override CelType Type => OptionalType;

    /// <inheritdoc/>
    public override bool EqualTo(CelValue other) =>
        other is CelOptional o && (Value is null ? o.Value is null : o.Value is not null && Value.EqualTo(o.Value));

    /// <inheritdoc/>
    public override int Hash() => Value?.Hash() ?? 0;

    /// <inheritdoc/>
    public override long Size => Value?.Size ?? 1;

    /// <inheritdoc/>
    public override string ToString() => Value is null ? "optional.none()" : $"optional({Value})";
}

/// <summary>An object with named fields.</summary>
public abstract class CelObject : CelValue
{
    /// <summary>Reads a field; false if it has no such field.</summary>
    public abstract bool TryGetField(string name, out CelValue value);

    /// <summary>Whether <c>has(x.name)</c>; false if it has no such field.</summary>
    public abstract bool TryHasField(string name, out bool isSet);
}
