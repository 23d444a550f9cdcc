using System.Text.Json.Nodes;
using Gureum.Cel.Libraries;
using Gureum.Cel.Syntax;

namespace Gureum.Cel.Tests.Conformance;

/// <summary>The cases of cel-go's checker that name nothing beyond the language: the deduced type.</summary>
public sealed class CheckingTests
{
    private static readonly CelEnvironment Environment = CelLibraries.Extensions.Aggregate(CelEnvironment.Standard, (e, l) => e.With(l));

    [Theory]
    [InlineData("checking", 40, 55)]
    [InlineData("parsing", 36, 0)]
    public void Check_Cases_HaveTheTypeThatUpstreamDeduces(string suite, int typed, int needDeclarations)
    {
        var wrong = new List<string>();
        int passed = 0, undeclared = 0;
        foreach (JsonNode? test in Tests(ConformanceData.Load(suite)))
        {
            string expression = (string)test!["original"]!["expr"]!;
            // One case declares base64.encode for strings.
            if (test["type"] is not { } type || expression == "base64.encode('hello')") continue;
            try
            {
                string ours = Environment.Check(expression).ResultType.ToString();
                if (ours == (string)type!) passed++;
                else wrong.Add($"{expression} has type {ours}, expected {type}");
            }
            catch (CelCompileException e) when (e.Issues.Any(i => i.Message.StartsWith("undeclared reference", StringComparison.Ordinal)))
            {
                undeclared++;
            }
            catch (CelCompileException e)
            {
                wrong.Add($"{expression}\n{e.Message}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join("\n\n", wrong));
        Assert.Equal((typed, needDeclarations), (passed, undeclared));
    }

    private static IEnumerable<JsonNode?> Tests(JsonNode suite) =>
        (suite["tests"]?.AsArray() ?? []).Concat((suite["suites"]?.AsArray() ?? []).SelectMany(s => Tests(s!)));
}
