using System.Collections.Immutable;

namespace Gureum.Cel.Checking;

/// <summary>What sort of type a <see cref="CelType"/> is.</summary>
public enum CelKind
{
    /// <summary>Stands in for the type of an expression that has an error.</summary>
    Error,
    /// <summary>Anything; checked while evaluating.</summary>
    Dyn,
    /// <summary>null.</summary>
    Null,
    /// <summary>true or false.</summary>
    Bool,
    /// <summary>64-bit signed integer.</summary>
    Int,
    /// <summary>64-bit unsigned integer.</summary>
    Uint,
    /// <summary>IEEE 754 double.</summary>
    Double,
    /// <summary>Sequence of Unicode code points.</summary>
    String,
    /// <summary>Sequence of bytes.</summary>
    Bytes,
    /// <summary>A point in time, google.protobuf.Timestamp.</summary>
    Timestamp,
    /// <summary>A span of time, google.protobuf.Duration.</summary>
    Duration,
    /// <summary>list(T).</summary>
    List,
    /// <summary>map(K, V).</summary>
    Map,
    /// <summary>An object with named fields.</summary>
    Struct,
    /// <summary>An abstract type, possibly with parameters, such as optional_type(T).</summary>
    Opaque,
    /// <summary>The type of a type.</summary>
    Type,
    /// <summary>A type variable of an overload.</summary>
    TypeParam,
}

/// <summary>A type of the Common Expression Language (cel-spec, langdef.md, section "Values"). Equal by structure.</summary>
public sealed class CelType : IEquatable<CelType>
{
    /// <summary>Any value.</summary>
    public static readonly CelType Dyn = new(CelKind.Dyn, "dyn");
    /// <summary>google.protobuf.Any: any value, spelt differently in messages.</summary>
    public static readonly CelType Any = new(CelKind.Dyn, "any");
    /// <summary>The type of null.</summary>
    public static readonly CelType Null = new(CelKind.Null, "null_type");
    /// <summary>bool.</summary>
    public static readonly CelType Bool = new(CelKind.Bool, "bool");
    /// <summary>int.</summary>
    public static readonly CelType Int = new(CelKind.Int, "int");
    /// <summary>uint.</summary>
    public static readonly CelType Uint = new(CelKind.Uint, "uint");
    /// <summary>double.</summary>
    public static readonly CelType Double = new(CelKind.Double, "double");
    /// <summary>string.</summary>
    public static readonly CelType String = new(CelKind.String, "string");
    /// <summary>bytes.</summary>
    public static readonly CelType Bytes = new(CelKind.Bytes, "bytes");
    /// <summary>google.protobuf.Timestamp.</summary>
    public static readonly CelType Timestamp = new(CelKind.Timestamp, "google.protobuf.Timestamp");
    /// <summary>google.protobuf.Duration.</summary>
    public static readonly CelType Duration = new(CelKind.Duration, "google.protobuf.Duration");
    /// <summary>The type of types.</summary>
    public static readonly CelType Type = new(CelKind.Type, "type");
    /// <summary>list(dyn).</summary>
    public static readonly CelType ListOfDyn = List(Dyn);
    /// <summary>map(dyn, dyn).</summary>
    public static readonly CelType MapOfDyn = Map(Dyn, Dyn);
    /// <summary>The type given to a faulty expression; fits everything, so that one fault is reported once.</summary>
    public static readonly CelType Error = new(CelKind.Error, "!error!");

    private CelType(CelKind kind, string name, ImmutableArray<CelType> parameters = default, bool nullable = false)
    {
        Kind = kind;
        Name = name;
        Parameters = parameters.IsDefault ? [] : parameters;
        Nullable = nullable;
        long weight = 1;
        foreach (CelType p in Parameters) weight += p.Weight;
        Weight = (int)Math.Min(weight, int.MaxValue / 2);
    }

    /// <summary>How many types it is made of: a type that names itself twice at each level grows exponentially, and must be stopped.</summary>
    internal int Weight { get; }

    /// <summary>Its sort.</summary>
    public CelKind Kind { get; }

    /// <summary>The name under which <c>type(x)</c> shows it: without parameters.</summary>
    public string Name { get; }

    /// <summary>Element type of a list, key and value of a map, arguments of an abstract type.</summary>
    public ImmutableArray<CelType> Parameters { get; }

    /// <summary>Whether this is a primitive that may also be null (protobuf's wrapper messages).</summary>
    public bool Nullable { get; }

    /// <summary>list(<paramref name="element"/>).</summary>
    public static CelType List(CelType element) => new(CelKind.List, "list", [element]);

    /// <summary>map(<paramref name="key"/>, <paramref name="value"/>).</summary>
    public static CelType Map(CelType key, CelType value) => new(CelKind.Map, "map", [key, value]);

    /// <summary>An object type; its fields are told by an <see cref="ICelTypeProvider"/>.</summary>
    public static CelType Struct(string name) => new(CelKind.Struct, name);

    /// <summary>An abstract type.</summary>
    public static CelType Opaque(string name, params ImmutableArray<CelType> parameters) => new(CelKind.Opaque, name, parameters);

    /// <summary>optional_type(<paramref name="value"/>).</summary>
    public static CelType Optional(CelType value) => Opaque("optional_type", value);

    /// <summary>type(<paramref name="of"/>).</summary>
    public static CelType TypeOf(CelType of) => new(CelKind.Type, "type", [of]);

    /// <summary>A type variable.</summary>
    public static CelType Param(string name) => new(CelKind.TypeParam, name);

    /// <summary>A primitive type that may also be null.</summary>
    public static CelType Wrapper(CelType primitive) => new(primitive.Kind, primitive.Name, nullable: true);

    /// <summary>Whether this is optional_type(T).</summary>
    public bool IsOptional => Kind == CelKind.Opaque && Name == "optional_type";

    /// <summary>Whether nothing can be told before evaluation.</summary>
    public bool IsDynOrError => Kind is CelKind.Dyn or CelKind.Error;

    /// <inheritdoc/>
    public bool Equals(CelType? other)
    {
        if (ReferenceEquals(this, other)) return true;
        if (other is null || Kind != other.Kind || Nullable != other.Nullable || Name != other.Name || Parameters.Length != other.Parameters.Length) return false;
        for (int i = 0; i < Parameters.Length; i++)
        {
            if (!Parameters[i].Equals(other.Parameters[i])) return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CelType);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, Name, Parameters.Length);

    /// <summary>As cel-go writes it in messages.</summary>
    public override string ToString()
    {
        string plain = Kind switch
        {
            CelKind.Null => "null",
            CelKind.Timestamp => "timestamp",
            CelKind.Duration => "duration",
            _ when Nullable => $"wrapper({Name})",
            _ => Name,
        };
        return Parameters.Length == 0 ? plain : $"{plain}({string.Join(", ", Parameters)})";
    }
}
