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

    internal static void Begin() => _left = Elements;

    internal static void End() => _left = 0;

    internal static void Spend()
    {
        if (_left == 0) return;
        if (--_left == 0) throw new EvaluationStoppedException($"operation cancelled: more than {Elements} elements compared");
    }
}
