using System.Text.Json.Nodes;
using Gureum.Cel.Libraries;
using Gureum.Cel.Syntax;

namespace Gureum.Cel.Tests.Conformance;

/// <summary>The cases of cel-go's parser: the tree of each expression, or the first thing that is wrong with it.</summary>
public sealed class ParsingTests
{
    private static readonly CelEnvironment Environment = CelEnvironment.Standard.With(CelLibraries.Optionals);

    [Fact]
    public void Parse_AllCases_GiveTheSameTrees()
    {
        var wrong = new List<string>();
        int trees = 0;
        foreach (JsonNode? test in ConformanceData.Load("parsing")["tests"]!.AsArray())
        {
            string expression = (string)test!["original"]!["expr"]!;
            if (test["ast"] is not { } tree || expression.Contains("noop_macro", StringComparison.Ordinal) || expression.Contains("get_constant_macro", StringComparison.Ordinal)) continue;
            trees++;
            try
            {
                string ours = Strip(DebugText.Of(Environment.Parse(new CelSource(expression))));
                if (ours != Strip((string)tree!)) wrong.Add($"{expression}\n{ours}\ninstead of\n{Strip((string)tree!)}");
            }
            catch (CelCompileException e)
            {
                wrong.Add($"{expression}\n{e.Message}");
            }
        }

        Assert.True(trees > 100, $"only {trees} cases have trees");
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {trees}:\n" + string.Join("\n\n", wrong));
    }

    [Theory]
    [InlineData("0xFFFFFFFFFFFFFFFFF", "1:1: invalid int literal")]
    [InlineData("0xFFFFFFFFFFFFFFFFFu", "1:1: invalid uint literal")]
    [InlineData("1.99e90000009", "1:1: invalid double literal")]
    [InlineData("*@a | b", "1:1: Syntax error: extraneous input '*' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}")]
    [InlineData("has(m)", "1:5: invalid argument to has() macro")]
    [InlineData("m.filter(a.b, false)", "1:11: argument is not an identifier")]
    [InlineData("m.map(__result__, __result__)", "1:7: iteration variable overwrites accumulator variable")]
    [InlineData("1.all(2, 3)", "1:7: argument must be a simple name")]
    [InlineData("{", "1:2: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '}', '(', '.', ',', '-', '!', '?', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}")]
    [InlineData("TestAllTypes(){}", "1:15: Syntax error: mismatched input '{' expecting <EOF>")]
    [InlineData("1 2", "1:3: Syntax error: extraneous input '2' expecting <EOF>")]
    [InlineData("1 + $", "1:5: Syntax error: token recognition error at: '$'")]
    [InlineData("1 + 2\n3 +", "2:1: Syntax error: mismatched input '3' expecting <EOF>")]
    [InlineData("1 + +", "1:5: Syntax error: mismatched input '+' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}")]
    [InlineData("{\"a\": 1}.\"a\"", "1:10: Syntax error: no viable alternative at input '.\"a\"'")]
    [InlineData("\"\\xFh\"", "1:1: Syntax error: token recognition error at: '\"\\xFh'")]
    [InlineData("as", "1:1: reserved identifier: as")]
    [InlineData("[1, 2, 3].map(var, var * var)", "1:15: reserved identifier: var")]
    [InlineData("func{{a}}", "1:6: Syntax error: extraneous input '{' expecting {'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}")]
    [InlineData("{a}", "1:3: Syntax error: mismatched input '}' expecting ':'")]
    [InlineData("self.true == 1", "1:6: Syntax error: mismatched input 'true' expecting IDENTIFIER")]
    [InlineData("(1", "1:3: Syntax error: missing ')' at '<EOF>'")]
    [InlineData("      '😁' in ['😁', '😑', '😦']\n\t\t\t&& in.😁", "2:7: Syntax error: extraneous input 'in' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}")]
    public void Parse_Faulty_SaysFirstWhatUpstreamSays(string expression, string message)
    {
        var e = Assert.Throws<CelCompileException>(() => Environment.Parse(new CelSource(expression)));
        Assert.Equal("ERROR: <input>:" + message, e.Message.Split('\n')[0]);
    }

    [Fact]
    public void Describe_WideCharacters_KeepTheCaretInPlace()
    {
        var e = Assert.Throws<CelCompileException>(() => Environment.Compile("'😁' + x"));
        Assert.Equal("ERROR: <input>:1:7: undeclared reference to 'x' (in container '')\n | '😁' + x\n | .．....^", e.Message);
    }

    // Numbers of nodes, and how constants and lines are spelt, are not ours to match.
    private static string Strip(string text) => string.Concat(text.Where(c => !char.IsWhiteSpace(c))).Replace("^#*expr.Expr_CreateStruct_Entry#", "", StringComparison.Ordinal);
}
