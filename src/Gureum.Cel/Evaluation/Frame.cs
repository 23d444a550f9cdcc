using Gureum.Cel.Values;

namespace Gureum.Cel.Evaluation;

/// <summary>Evaluation ends whatever is around it: the budget is spent, or the caller gave up. No operator absorbs it.</summary>
internal sealed class EvaluationStoppedException(string message) : Exception(message);

/// <summary>The state of one evaluation.</summary>
internal sealed class Frame(ICelActivation variables, int locals, ulong limit, CancellationToken cancel)
{
    private const int CheckEvery = 100;
    private int _untilCheck = CheckEvery;

    internal ICelActivation Variables { get; } = variables;

    /// <summary>Variables of comprehensions, by their slot.</summary>
    internal CelValue[] Locals { get; } = locals == 0 ? [] : new CelValue[locals];

    internal ulong Cost { get; private set; }

    internal void Charge(ulong cost)
    {
        Cost = Cost > ulong.MaxValue - cost ? ulong.MaxValue : Cost + cost;
        if (Cost > limit) throw new EvaluationStoppedException("operation cancelled: actual cost limit exceeded");
    }

    /// <summary>To be called in every round of a loop.</summary>
    internal void Tick()
    {
        if (--_untilCheck > 0) return;
        _untilCheck = CheckEvery;
        if (cancel.IsCancellationRequested) throw new EvaluationStoppedException("operation interrupted");
    }
}
