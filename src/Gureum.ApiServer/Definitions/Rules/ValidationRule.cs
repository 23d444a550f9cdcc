using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Gureum.Cel;
using Gureum.Cel.Checking;
using Gureum.Cel.Evaluation;
using Gureum.Cel.Kubernetes;
using Gureum.Cel.Syntax;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Definitions.Rules;

/// <summary>
/// One entry of x-kubernetes-validations, compiled (immutable)
/// (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules).
/// </summary>
/// <param name="Program">Null when it does not compile; then <paramref name="Problem"/> says why.</param>
/// <param name="UsesOld">A transition rule: it speaks of the value before.</param>
internal sealed record ValidationRule(string Text, CelProgram? Program, string? Problem, bool UsesOld)
{
    internal string? Message { get; private init; }
    internal RuleMessage? MessageExpression { get; private init; }

    /// <summary>FieldValueInvalid and its like.</summary>
    internal string Cause { get; private init; } = "FieldValueInvalid";

    /// <summary>Names below the value, for the error's place; null is the value itself, empty one that is malformed.</summary>
    internal ImmutableArray<string>? FieldPath { get; private init; }

    /// <summary>oldSelf is an optional, and the rule runs for new values too.</summary>
    internal bool OptionalOld { get; private init; }

    internal static readonly string[] Causes = ["FieldValueInvalid", "FieldValueForbidden", "FieldValueRequired", "FieldValueDuplicate"];

    internal static ValidationRule Compile(JsonObject rule, SchemaTypes types)
    {
        var optional = rule.Flag("optionalOldSelf") == true;
        var environment = KubernetesCel.Environment.With((ICelTypeProvider)types).WithVariable("self", types.Root).WithVariable("oldSelf", optional ? CelType.Optional(types.Root) : types.Root);
        var text = rule.Text("rule") ?? "";
        var (program, problem) = Compile(environment, text, CelType.Bool);
        var usesOld = program?.Expression!.References.Values.Any(r => r.Name == "oldSelf") == true;
        return new ValidationRule(text, program, problem, usesOld)
        {
            OptionalOld = optional, Message = rule.Text("message") is { Length: > 0 } message ? message : null, Cause = rule.Text("reason") ?? "FieldValueInvalid",
            FieldPath = rule.Text("fieldPath") is { Length: > 0 } path ? RuleFieldPath.Parse(path) : null,
            MessageExpression = rule.Text("messageExpression") is { Length: > 0 } made ? new RuleMessage(made, Compile(environment, made, CelType.String)) : null,
        };
    }

    private static (CelProgram?, string?) Compile(CelEnvironment environment, string text, CelType wanted)
    {
        try
        {
            var program = environment.Compile(text);
            var type = program.Expression!.ResultType;
            return type.Equals(wanted) || (wanted.Kind == CelKind.Bool && type.IsDynOrError) ? (program, null)
                : (null, wanted.Kind == CelKind.Bool ? "cel expression must evaluate to a bool" : "messageExpression must evaluate to a string");
        }
        catch (CelCompileException e) { return (null, "compilation failed: " + e.Message); }
    }

    /// <summary>What is said when the rule does not hold and nothing says more.</summary>
    internal string DefaultMessage => Message ?? "failed rule: " + Text.Trim();
}

/// <summary>An expression that makes a message (immutable).</summary>
internal sealed record RuleMessage(string Text, CelProgram? Program, string? Problem)
{
    internal RuleMessage(string text, (CelProgram? Program, string? Problem) made) : this(text, made.Program, made.Problem) { }
}

/// <summary>fieldPath of a rule: ".a.b" or ".a['b c']".</summary>
internal static class RuleFieldPath
{
    /// <returns>The names; empty when the text is no path.</returns>
    internal static ImmutableArray<string> Parse(string text)
    {
        var names = ImmutableArray.CreateBuilder<string>();
        for (var at = 0; at < text.Length;)
        {
            int end;
            if (text[at] == '.')
            {
                end = text.AsSpan(at + 1).IndexOfAny('.', '[') is var next and >= 0 ? at + 1 + next : text.Length;
                if (end == at + 1) return [];
                names.Add(text[(at + 1)..end]);
            }
            else if (text.AsSpan(at).StartsWith("['"))
            {
                end = text.IndexOf("']", at, StringComparison.Ordinal) + 2;
                if (end <= at + 4) return [];
                names.Add(text[(at + 2)..(end - 2)]);
            }
            else return [];
            at = end;
        }
        return names.ToImmutable();
    }
}
