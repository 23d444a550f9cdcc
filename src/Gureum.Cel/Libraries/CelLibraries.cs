using System.Collections.Immutable;

namespace Gureum.Cel.Libraries;

/// <summary>The extension libraries, as cel-go names and defines them.</summary>
public static class CelLibraries
{
    /// <summary>cel.bind(name, value, expression).</summary>
    public static CelLibrary Bindings => BindingsLibrary.Instance;

    /// <summary>optional.of, .?, orValue and so on.</summary>
    public static CelLibrary Optionals => OptionalLibrary.Instance;

    /// <summary>charAt, indexOf, split, format and so on.</summary>
    public static CelLibrary Strings => StringsLibrary.Instance;

    /// <summary>math.greatest, math.bitAnd and so on.</summary>
    public static CelLibrary Math => MathLibrary.Instance;

    /// <summary>slice, flatten, sort, distinct and so on.</summary>
    public static CelLibrary Lists => ListsLibrary.Instance;

    /// <summary>sets.contains, sets.equivalent, sets.intersects.</summary>
    public static CelLibrary Sets => SetsLibrary.Instance;

    /// <summary>base64.encode and base64.decode.</summary>
    public static CelLibrary Encoders => EncodersLibrary.Instance;

    /// <summary>regex.replace, regex.extract, regex.extractAll.</summary>
    public static CelLibrary Regex => RegexLibrary.Instance;

    /// <summary>Comprehensions of two variables: transformList, transformMap, all(k, v, …) and so on.</summary>
    public static CelLibrary TwoVariables => TwoVariableLibrary.Instance;

    /// <summary>cel.block, by which optimizers share common parts; no user writes it.</summary>
    public static CelLibrary Block => BlockLibrary.Instance;

    /// <summary>All but <see cref="Block"/>.</summary>
    public static ImmutableArray<CelLibrary> Extensions => [Bindings, Optionals, Strings, Math, Lists, Sets, Encoders, Regex, TwoVariables];
}
