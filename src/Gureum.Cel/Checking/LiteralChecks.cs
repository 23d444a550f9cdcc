using System.Collections.Immutable;
using Gureum.Cel.Libraries;
using Gureum.Cel.Syntax;
using Gureum.Cel.Values;

namespace Gureum.Cel.Checking;

/// <summary>Finds constant arguments that can only fail: <c>duration('1')</c>, <c>timestamp('x')</c>, <c>s.matches('(')</c>. Kubernetes refuses such rules when they are written.</summary>
internal static class LiteralChecks
{
    internal static void Run(CheckedExpression expression)
    {
        var issues = new List<CelIssue>();
        Visit(expression.Root, issues);
        if (issues.Count > 0) throw new CelCompileException(expression.Source, [.. issues]);
    }

    private static void Visit(Expr expr, List<CelIssue> issues)
    {
        switch (expr)
        {
            case SelectExpr e:
                Visit(e.Operand, issues);
                break;
            case CallExpr e:
                if (e.Target is not null) Visit(e.Target, issues);
                Each(e.Arguments, issues);
                if (e.Arguments.Length > 0 && e.Arguments[^1] is LiteralExpr { Value: CelString text } && Fails(e.Function, text.Value)) issues.Add(new CelIssue(e.Arguments[^1].Offset, $"invalid {e.Function} argument"));
                break;
            case ListExpr e:
                Each(e.Elements, issues);
                break;
            case MapExpr e:
                foreach (MapEntry entry in e.Entries) Each([entry.Key, entry.Value], issues);
                break;
            case StructExpr e:
                foreach (StructField field in e.Fields) Visit(field.Value, issues);
                break;
            case ComprehensionExpr e:
                Each([e.Range, e.Initial, e.Condition, e.Step, e.Result], issues);
                break;
        }
    }

    private static void Each(ImmutableArray<Expr> all, List<CelIssue> issues)
    {
        foreach (Expr e in all) Visit(e, issues);
    }

    private static bool Fails(string function, string text) => function switch
    {
        "duration" => TimeText.ParseDuration(text) is null,
        "timestamp" => TimeText.ParseTimestamp(text) is not CelTimestamp,
        "matches" => LinearRegex.Find(text, out _) is null,
        _ => false,
    };
}
