using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Gureum.Cel;
using Gureum.Cel.Checking;
using Gureum.Cel.Evaluation;
using Gureum.Cel.Kubernetes;
using Gureum.Cel.Syntax;
using Gureum.Cel.Values;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Admission.Hooks;

/// <summary>An expression that was compiled, or the reason why it could not be (immutable).</summary>
internal sealed record HookExpression(string Text, CelProgram? Program, string? Problem)
{
    /// <param name="wanted">Types that the result may have.</param>
    internal static HookExpression Compile(CelEnvironment environment, string text, params ReadOnlySpan<CelType> wanted)
    {
        try
        {
            var program = environment.Compile(text);
            var type = program.Expression!.ResultType;
            if (wanted.Length == 0 || type.IsDynOrError) return new HookExpression(text, program, null);
            foreach (var one in wanted) if (type.Equals(one) || (type.Kind == CelKind.List && one.Kind == CelKind.List && type.Parameters[0].Kind is CelKind.Dyn or CelKind.TypeParam)) return new HookExpression(text, program, null);
            return new HookExpression(text, null, wanted.Length == 1 ? $"must evaluate to {wanted[0]}" : $"must evaluate to one of [{string.Join(' ', wanted.ToArray().Select(w => w.ToString()))}]");
        }
        catch (CelCompileException e) { return new HookExpression(text, null, "compilation failed: " + e.Message); }
    }

    /// <summary>The value, or a <see cref="CelError"/>; takes what it costs from the budget.</summary>
    internal CelValue Evaluate(ICelActivation variables, ref ulong budget, CancellationToken cancel)
    {
        if (Program is null) return CelError.Of(Problem!);
        if (budget == 0) return CelError.Of("validation failed due to running out of cost budget, no further validation rules will be run");
        var (value, cost) = Program.Evaluate(variables, KubernetesCel.CostOfCall, cancel);
        budget = cost >= budget ? 0 : budget - cost;
        return value;
    }
}

/// <summary>Conditions that must all hold for a hook to be asked (immutable).</summary>
internal sealed record MatchConditions(ImmutableArray<(string Name, HookExpression Expression)> List)
{
    /// <summary>Most that the conditions of one hook may cost together.</summary>
    private const ulong Budget = KubernetesCel.CostOfObject / 4;

    internal static MatchConditions Compile(JsonObject hook, CelEnvironment environment) =>
        new([.. hook.Objects("matchConditions").Select(c => (c.Text("name") ?? "", HookExpression.Compile(environment, c.Text("expression") ?? "", CelType.Bool)))]);

    /// <summary>Whether all hold; one that is false decides, whatever errors others have.</summary>
    /// <param name="errors">What went wrong, when none was false.</param>
    internal bool Hold(ICelActivation variables, CancellationToken cancel, out IReadOnlyList<string> errors)
    {
        errors = [];
        List<string>? wrong = null;
        var budget = Budget;
        foreach (var (_, expression) in List)
        {
            switch (expression.Evaluate(variables, ref budget, cancel))
            {
                case CelBool { Value: true }: break;
                case CelBool: return false;
                case CelError error: (wrong ??= []).Add($"expression '{expression.Text}' resulted in error: {error.Message}"); break;
                default: (wrong ??= []).Add($"expression '{expression.Text}' resulted in error: must evaluate to bool"); break;
            }
        }
        if (wrong is not null) errors = wrong;
        return true;
    }
}
