using Gureum.Cel.Values;

namespace Gureum.Cel.Evaluation;

/// <summary>The values of variables for one evaluation. They are asked for when an expression reads them, so they may be made lazily.</summary>
public interface ICelActivation
{
    /// <summary>The value of a variable; false if it has none.</summary>
    bool TryResolve(string name, out CelValue value);
}

/// <summary>Variables in a dictionary.</summary>
public sealed class CelVariables(IReadOnlyDictionary<string, CelValue> values) : ICelActivation
{
    /// <summary>No variables.</summary>
    public static readonly CelVariables None = new(new Dictionary<string, CelValue>());

    /// <inheritdoc/>
    public bool TryResolve(string name, out CelValue value) => values.TryGetValue(name, out value!);
}
