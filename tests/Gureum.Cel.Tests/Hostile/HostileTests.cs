using System.Text;
using Gureum.Cel.Checking;
using Gureum.Cel.Evaluation;
using Gureum.Cel.Kubernetes;
using Gureum.Cel.Libraries;
using Gureum.Cel.Syntax;
using Gureum.Cel.Values;

namespace Gureum.Cel.Tests.Hostile;

/// <summary>Expressions that want to cost more than they look. Each ends in a clear error, or in a value; none hangs or overflows the stack.</summary>
public sealed class HostileTests
{
    private static readonly CelEnvironment Environment = KubernetesCel.Environment.With(CelLibraries.Bindings).With(CelLibraries.Math).WithVariable("x", CelType.Dyn);

    public static TheoryData<string, string> TooDeep => new()
    {
        { Repeat("(", 100_000) + "1", "expression code point size exceeds limit: size: 100001, limit 100000" },
        { Repeat("(", 5000) + "1" + Repeat(")", 5000), "expression recursion limit exceeded: 250" },
        { Repeat("[", 5000), "expression recursion limit exceeded: 250" },
        { Repeat("{1:", 5000), "expression recursion limit exceeded: 250" },
        { Repeat("size(", 5000), "expression recursion limit exceeded: 250" },
        { Repeat("true ? true : ", 5000) + "true", "expression recursion limit exceeded: 250" },
        { "1" + Repeat("+1", 40_000), "max recursion depth exceeded" },
        { "x" + Repeat(".a", 40_000), "max recursion depth exceeded" },
        { "x" + Repeat("[0]", 30_000), "max recursion depth exceeded" },
        { "x" + Repeat(".f()", 20_000), "max recursion depth exceeded" },
        { Repeat("[1].map(a,", 300) + "1" + Repeat(")", 300), "expression recursion limit exceeded: 250" },
    };

    [Theory]
    [MemberData(nameof(TooDeep))]
    public void Parse_TooLargeOrDeep_IsRefused(string expression, string message)
    {
        var e = Assert.Throws<CelCompileException>(() => Environment.Compile(expression));
        Assert.Equal($"ERROR: <input>:-1:0: {message}", e.Message);
    }

    [Fact]
    public void Parse_LongChainsOfOr_AreBalanced()
    {
        CelValue value = Environment.Compile("false" + Repeat("||false", 10_000)).Evaluate(CelVariables.None).Value;
        Assert.Equal(CelBool.False, value);
    }

    [Fact]
    public void Parse_ManySigns_AreCountedAway() =>
        Assert.Equal(CelBool.True, Environment.Compile(Repeat("!", 50_000) + "true").Evaluate(CelVariables.None).Value);

    [Fact]
    public void Check_TypeThatDoubles_IsRefused()
    {
        // map(T, T) of map(T, T) …: two to the thirtieth parts, were it written out.
        string expression = "a29";
        for (int i = 29; i > 0; i--) expression = $"cel.bind(a{i}, {{1: [a{i - 1}], 2: [a{i - 1}]}}, {expression})";
        Assert.Equal(CelKind.Map, Environment.Check($"cel.bind(a0, 1, {expression})").ResultType.Kind);
        expression = "a29";
        for (int i = 29; i > 0; i--) expression = $"cel.bind(a{i}, {{a{i - 1}: a{i - 1}}}, {expression})";
        var e = Assert.Throws<CelCompileException>(() => Environment.Check($"cel.bind(a0, 1, {expression})"));
        Assert.Contains("type is made of more than 1000 parts", e.Message);
    }

    [Theory]
    [InlineData("[0,1,2,3,4,5,6,7,8,9]")]
    public void Evaluate_LoopsInLoops_SpendTheBudget(string ten)
    {
        string expression = "true";
        for (int i = 0; i < 10; i++) expression = $"{ten}.all(i{i}, {expression})";
        CelResult result = Environment.Compile(expression).Evaluate(CelVariables.None, KubernetesCel.CostOfCall);
        Assert.Equal("operation cancelled: actual cost limit exceeded", Assert.IsType<CelError>(result.Value).Message);
        Assert.InRange(result.Cost, KubernetesCel.CostOfCall, KubernetesCel.CostOfCall + 1000);
    }

    [Fact]
    public void Evaluate_SpentBudget_IsNotAbsorbedByOr()
    {
        CelValue value = Environment.Compile("[1, 2, 3].all(i, i > 0) || true").Evaluate(CelVariables.None, 12).Value;
        Assert.Equal("operation cancelled: actual cost limit exceeded", Assert.IsType<CelError>(value).Message);
    }

    [Fact]
    public void Evaluate_Cancelled_Stops()
    {
        using var cancel = new CancellationTokenSource();
        cancel.Cancel();
        var variables = new CelVariables(new Dictionary<string, CelValue> { ["x"] = CelList.Of([.. Enumerable.Range(0, 1000).Select(i => CelInt.Of(i))]) });
        CelValue value = Environment.Compile("x.all(i, i >= 0)").Evaluate(variables, cancel: cancel.Token).Value;
        Assert.Equal("operation interrupted", Assert.IsType<CelError>(value).Message);
    }

    [Fact]
    public void Evaluate_StringThatDoubles_IsStopped()
    {
        string expression = "a40.size()";
        for (int i = 40; i > 0; i--) expression = $"cel.bind(a{i}, a{i - 1} + a{i - 1}, {expression})";
        CelValue value = Environment.Compile($"cel.bind(a0, 'x', {expression})").Evaluate(CelVariables.None).Value;
        Assert.Equal("string is too large: at most 33554432 characters", Assert.IsType<CelError>(value).Message);
    }

    [Theory]
    [InlineData("'aaaaaaaaaa'.replace('', 'bbbbbbbbbb')")]
    public void Evaluate_ReplacementThatGrows_IsStopped(string start)
    {
        string expression = start;
        for (int i = 0; i < 10; i++) expression = $"cel.bind(r{i}, {expression}, r{i}.replace('', r{i}))";
        CelValue value = Environment.Compile(expression).Evaluate(CelVariables.None).Value;
        Assert.Equal("string is too large: at most 33554432 characters", Assert.IsType<CelError>(value).Message);
    }

    [Fact]
    public void Evaluate_ListThatDoubles_IsStopped()
    {
        string expression = "a40.size()";
        for (int i = 40; i > 0; i--) expression = $"cel.bind(a{i}, a{i - 1} + a{i - 1}, {expression})";
        CelValue value = Environment.Compile($"cel.bind(a0, [1], {expression})").Evaluate(CelVariables.None).Value;
        Assert.StartsWith("list of 8388608 elements is too large", Assert.IsType<CelError>(value).Message);
    }

    [Fact]
    public void Evaluate_ComparisonOfListsWithinLists_IsStopped()
    {
        // Two separate trees of 2^40 leaves each, in forty steps.
        string Tree(string name, string body)
        {
            for (int i = 40; i > 0; i--) body = $"cel.bind({name}{i}, [{name}{i - 1}, {name}{i - 1}], {body})";
            return $"cel.bind({name}0, dyn([1]), {body})";
        }

        CelValue value = Environment.Compile(Tree("a", Tree("b", "a40 == b40"))).Evaluate(CelVariables.None).Value;
        Assert.StartsWith("operation cancelled: more than 50000000 elements compared", Assert.IsType<CelError>(value).Message);
    }

    [Fact]
    public void Evaluate_FormatOfListsWithinLists_IsStopped()
    {
        string expression = "'%s'.format([a40])";
        for (int i = 40; i > 0; i--) expression = $"cel.bind(a{i}, [a{i - 1}, a{i - 1}], {expression})";
        CelValue value = Environment.Compile($"cel.bind(a0, dyn([1]), {expression})").Evaluate(CelVariables.None).Value;
        Assert.Contains("too large", Assert.IsType<CelError>(value).Message);
    }

    [Theory]
    [InlineData("((((((((((x{9}){9}){9}){9}){9}){9}){9}){9}){9}){9})", "its repetitions multiply")]
    [InlineData("x{1001}", "invalid repeat count")]
    [InlineData("(?=x)", "invalid or unsupported Perl syntax")]
    [InlineData("(x)\\1", "invalid escape sequence")]
    [InlineData("x**", "invalid nested repetition operator")]
    [InlineData("[a", "missing closing ]")]
    [InlineData("x)", "unexpected )")]
    [InlineData("x\\", "trailing backslash")]
    [InlineData("(?P<1>x)", "invalid named capture")]
    [InlineData("[[:nope:]]", "invalid character class range")]
    public void Matches_BadPattern_IsRefused(string pattern, string message)
    {
        var variables = new CelVariables(new Dictionary<string, CelValue> { ["x"] = new CelString(pattern) });
        Assert.Contains(message, Assert.IsType<CelError>(Environment.Compile("'a'.matches(x)").Evaluate(variables).Value).Message);
    }

    [Fact]
    public void Matches_PatternThatBacktracks_IsLinear()
    {
        var variables = new CelVariables(new Dictionary<string, CelValue> { ["x"] = new CelString(new string('a', 20_000) + "b") });
        Assert.Equal(CelBool.False, Environment.Compile("x.matches('^(a+)+$') || x.matches('^(a|a)*$') || x.matches('(.*)(.*)(.*)(.*)c')").Evaluate(variables).Value);
    }

    [Fact]
    public void Matches_HugePattern_IsRefused()
    {
        var variables = new CelVariables(new Dictionary<string, CelValue> { ["x"] = new CelString(new string('a', 10_000)) });
        Assert.Contains("too long", Assert.IsType<CelError>(Environment.Compile("'a'.matches(x)").Evaluate(variables).Value).Message);
    }

    [Theory]
    [InlineData("quantity('1e999999999')")]
    [InlineData("lists.range(9223372036854775807)")]
    [InlineData("'%.100000f'.format([1.0])")]
    [InlineData("duration('9999999999999999999999h')")]
    [InlineData("timestamp('99999-01-01T00:00:00Z')")]
    public void Evaluate_ExtremeNumbers_AreErrors(string expression) =>
        Assert.IsType<CelError>(Environment.WithLiteralChecks(false).Compile(expression).Evaluate(CelVariables.None).Value);

    [Fact]
    public void Evaluate_ManyThreads_ShareAProgram()
    {
        CelProgram program = Environment.Compile("x.map(i, i * 2).exists(i, i == 198) && x.filter(i, i % 2 == 0).size() == 50");
        var variables = new CelVariables(new Dictionary<string, CelValue> { ["x"] = CelList.Of([.. Enumerable.Range(0, 100).Select(i => CelInt.Of(i))]) });
        Parallel.For(0, 200, _ => Assert.Equal(CelBool.True, program.Evaluate(variables).Value));
    }

    private static string Repeat(string text, int times) => new StringBuilder().Insert(0, text, times).ToString();
}
