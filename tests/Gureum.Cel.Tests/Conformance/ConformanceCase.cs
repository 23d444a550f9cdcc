using System.Text.Json.Nodes;
using Gureum.Cel.Checking;
using Gureum.Cel.Evaluation;
using Gureum.Cel.Libraries;
using Gureum.Cel.Syntax;
using Gureum.Cel.Values;

namespace Gureum.Cel.Tests.Conformance;

/// <summary>A case of the suite.</summary>
internal sealed record ConformanceCase(string Section, string Name, JsonNode Test)
{
    private static readonly CelEnvironment Everything = CelLibraries.Extensions.Append(CelLibraries.Block).Aggregate(CelEnvironment.Standard, (e, l) => e.With(l));

    internal string Expression => (string)Test["expr"]!;

    /// <summary>Why the case is left out; null if it runs.</summary>
    internal string? LeftOut => LeftOutCases.Reason(this);

    /// <summary>Null if it passes, else what is wrong.</summary>
    internal string? Run()
    {
        try
        {
            CelEnvironment environment = Everything.WithContainer((string?)Test["container"] ?? "");
            foreach (JsonNode? declaration in Test["typeEnv"]?.AsArray() ?? []) environment = Declare(environment, declaration!);
            CelProgram program;
            try
            {
                program = (bool?)Test["disableCheck"] == true ? environment.CompileUnchecked(Expression) : environment.Compile(Expression);
            }
            catch (CelCompileException e)
            {
                return Test["evalError"] is null ? "does not compile: " + e.Message : null;
            }

            if (Test["typedResult"]?["deducedType"] is { } deduced && program.Expression!.ResultType.ToString() != ProtoJson.Type(deduced).ToString())
                return $"has type {program.Expression.ResultType}, expected {ProtoJson.Type(deduced)}";
            if ((bool?)Test["checkOnly"] == true) return null;
            var variables = new Dictionary<string, CelValue>();
            foreach ((string name, JsonNode? bound) in Test["bindings"]?.AsObject() ?? []) variables[name] = ProtoJson.Value(bound!["value"]!);
            CelValue value = program.Evaluate(new CelVariables(variables)).Value;
            if (Test["evalError"] is not null) return value is CelError ? null : $"is {value}, expected an error";
            JsonNode? wanted = Test["value"] ?? Test["typedResult"]?["result"];
            CelValue expected = wanted is null ? CelBool.True : ProtoJson.Value(wanted);
            return Same(value, expected) ? null : $"is {value}, expected {expected}";
        }
        catch (NotSupportedException e)
        {
            return "needs " + e.Message;
        }
    }

    // Stricter than the language: 1 is not 1.0, NaN is NaN.
    private static bool Same(CelValue a, CelValue b) => (a, b) switch
    {
        (CelDouble x, CelDouble y) => x.Value.Equals(y.Value),
        (CelList x, CelList y) => x.Count == y.Count && Enumerable.Range(0, x.Count).All(i => Same(x[i], y[i])),
        (CelMap x, CelMap y) => x.Count == y.Count && x.Keys.All(k => x.TryGet(k, out CelValue v) && y.TryGet(k, out CelValue w) && Same(v, w)),
        _ => a.Kind == b.Kind && a.EqualTo(b),
    };

    private static CelEnvironment Declare(CelEnvironment environment, JsonNode declaration)
    {
        string name = (string)declaration["name"]!;
        if (declaration["ident"] is { } ident) return environment.WithVariable(name, ProtoJson.Type(ident["type"]));
        var overloads = declaration["function"]!["overloads"]!.AsArray().Select(o => new CelOverload((string)o!["overloadId"]!, (bool?)o["isInstanceFunction"] ?? false,
            [.. (o["params"]?.AsArray() ?? []).Select(ProtoJson.Type)], ProtoJson.Type(o["resultType"]), _ => CelError.Of("unbound function")));
        return environment.With(new CelFunction(name, [.. overloads]));
    }
}
