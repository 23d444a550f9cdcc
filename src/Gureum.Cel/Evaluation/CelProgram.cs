using Gureum.Cel.Checking;
using Gureum.Cel.Values;

namespace Gureum.Cel.Evaluation;

/// <summary>What an evaluation came to.</summary>
/// <param name="Value">The value, or a <see cref="CelError"/>.</param>
/// <param name="Cost">What it did cost; counted up to the end, be it an error.</param>
public readonly record struct CelResult(CelValue Value, ulong Cost);

/// <summary>An expression ready to be evaluated, any number of times and by several threads at once.</summary>
public sealed class CelProgram
{
    private readonly Node _root;
    private readonly int _locals;

    internal CelProgram(Node root, int locals, CheckedExpression? expression)
    {
        _root = root;
        _locals = locals;
        Expression = expression;
    }

    /// <summary>The checked expression; null if it was compiled unchecked.</summary>
    public CheckedExpression? Expression { get; }

    /// <summary>Evaluates with these variables.</summary>
    /// <param name="variables">Values of the declared variables.</param>
    /// <param name="costLimit">Budget; past it the result is the error "operation cancelled: actual cost limit exceeded".</param>
    /// <param name="cancel">Looked at in every hundredth round of a loop; the result is then the error "operation interrupted".</param>
    public CelResult Evaluate(ICelActivation variables, ulong costLimit = ulong.MaxValue, CancellationToken cancel = default)
    {
        var frame = new Frame(variables, _locals, costLimit, cancel);
        int outer = EqualityBudget.Begin();
        try
        {
            return new CelResult(_root.Evaluate(frame), frame.Cost);
        }
        catch (EvaluationStoppedException e)
        {
            return new CelResult(CelError.Of(e.Message), frame.Cost);
        }
        finally
        {
            EqualityBudget.End(outer);
        }
    }
}
