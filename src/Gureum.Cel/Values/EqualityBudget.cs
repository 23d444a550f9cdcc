using Gureum.Cel.Evaluation;

namespace Gureum.Cel.Values;

/// <summary>
/// Bounds how many elements one evaluation compares. Lists that hold one list twice at each of forty levels are cheap to
/// write and have 2^40 elements to compare, which no cost by size shows. An evaluation stays on one thread.
/// </summary>
internal static class EqualityBudget
{
    internal const int Elements = 50_000_000;

    // Zero outside of an evaluation, where nothing is counted.
    [ThreadStatic]
    private static int _left;

    /// <summary>Begins an evaluation; one within another spends of the same budget. To be given to <see cref="End"/>.</summary>
    internal static int Begin()
    {
        int before = _left;
        if (before == 0) _left = Elements;
        return before;
    }

    internal static void End(int before) => _left = before == 0 ? 0 : _left;

    internal static void Spend()
    {
        if (_left == 0) return;
        if (--_left > 0) return;
        // Spent stays spent, for an evaluation around this one too.
        _left = 1;
        throw new EvaluationStoppedException($"operation cancelled: more than {Elements} elements compared");
    }
}
