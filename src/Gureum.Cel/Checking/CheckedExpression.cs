using Gureum.Cel.Syntax;

namespace Gureum.Cel.Checking;

/// <summary>An expression whose names and types are known.</summary>
/// <param name="Source">Its text.</param>
/// <param name="Root">Its tree.</param>
/// <param name="Types">The type of each node, by its id.</param>
/// <param name="References">What names and calls were resolved to, by the node's id; local variables have none.</param>
public sealed record CheckedExpression(CelSource Source, Expr Root, IReadOnlyDictionary<int, CelType> Types, IReadOnlyDictionary<int, Reference> References)
{
    /// <summary>The type of its result.</summary>
    public CelType ResultType => Types[Root.Id];
}
