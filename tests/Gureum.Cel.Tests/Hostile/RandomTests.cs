using Gureum.Cel.Checking;
using Gureum.Cel.Costs;
using Gureum.Cel.Evaluation;
using Gureum.Cel.Kubernetes;
using Gureum.Cel.Libraries;
using Gureum.Cel.Syntax;
using Gureum.Cel.Values;

namespace Gureum.Cel.Tests.Hostile;

/// <summary>Whatever is written: a value, an error value, or a <see cref="CelCompileException"/>. Seeds are fixed.</summary>
public sealed class RandomTests
{
    private static readonly CelEnvironment Environment = CelLibraries.Extensions.Aggregate(KubernetesCel.Environment, (e, l) => e.With(l)).With(KubernetesCel.Patches)
        .WithHomogeneousLiterals(false).WithLiteralChecks(false).WithVariable("d", CelType.Dyn).WithVariable("l", CelType.List(CelType.Dyn)).WithVariable("m", CelType.Map(CelType.String, CelType.Dyn));

    private static readonly string[] Atoms =
    [
        "0", "1", "-1", "9223372036854775807", "18446744073709551615u", "2u", "1.5", "-0.0", "1e308", "'a'", "''", "'10.0.0.1'", "'😁b'", "b'\\xff'", "true", "false", "null", "d", "l", "m", "[]", "{}",
        "duration('1h')", "timestamp('2026-01-01T00:00:00Z')", "dyn([1, 'a'])", "dyn({'a': 1})", "optional.of(1)", "optional.none()", "int", "type(1)", "ip('10.0.0.1')", "cidr('10.0.0.0/8')", "quantity('1Gi')",
        "semver('1.2.3')", "url('https://a/b?c=d')", "format.dns1123Label()", "JSONPatch{op: 'a'}", "Object{}", "'['", "'%s %d %f %x'", "lists.range(5)",
    ];

    private static readonly string[] Unary =
    [
        "-({0})", "!({0})", "size({0})", "int({0})", "uint({0})", "double({0})", "string({0})", "bytes({0})", "bool({0})", "type({0})", "dyn({0})", "timestamp({0})", "duration({0})", "({0}).a", "({0}).?a", "has(({0}).a)",
        "[{0}]", "[?{0}]", "{{'k': {0}}}", "{{?'k': {0}}}", "({0}).size()", "({0}).sort()", "({0}).distinct()", "({0}).flatten()", "({0}).sum()", "({0}).max()", "({0}).isSorted()", "({0}).reverse()", "({0}).first()",
        "({0}).value()", "({0}).lowerAscii()", "({0}).trim()", "strings.quote({0})", "base64.encode({0})", "base64.decode({0})", "math.abs({0})", "math.greatest({0})", "({0}).join()", "({0}).getFullYear()", "({0}).getHours()",
        "url({0})", "isURL({0})", "ip({0})", "isCIDR({0})", "quantity({0})", "semver({0})", "({0}).major()", "({0}).asInteger()", "({0}).family()", "({0}).getQuery()", "lists.range({0})", "optional.ofNonZeroValue({0})", "({0}).unwrapOpt()",
        "Object{{spec: {0}}}", "JSONPatch{{path: {0}}}", "({0}).charAt(0)", "({0}).map(x, x)", "({0}).exists_one(x, x == 1)", "({0}).transformMap(k, v, v)",
    ];

    private static readonly string[] Binary =
    [
        "({0}) + ({1})", "({0}) - ({1})", "({0}) * ({1})", "({0}) / ({1})", "({0}) % ({1})", "({0}) == ({1})", "({0}) != ({1})", "({0}) < ({1})", "({0}) >= ({1})", "({0}) && ({1})", "({0}) || ({1})", "({0}) in ({1})",
        "({0})[{1}]", "({0})[?{1}]", "({0}) ? ({1}) : ({0})", "[{0}, {1}]", "{{{0}: {1}}}", "({0}).contains({1})", "({0}).matches({1})", "({0}).find({1})", "({0}).findAll({1})", "({0}).split({1})", "({0}).indexOf({1})", "({0}).lastIndexOf({1})",
        "({0}).replace({1}, {0})", "({0}).substring({1})", "({0}).slice({1}, {1})", "({0}).format({1})", "({0}).format([{1}])", "({0}).join({1})", "({0}).or({1})", "({0}).orValue({1})", "({0}).optMap(x, {1})", "({0}).optFlatMap(x, {1})",
        "sets.contains({0}, {1})", "sets.equivalent({0}, {1})", "math.least({0}, {1})", "math.bitShiftLeft({0}, {1})", "({0}).all(x, {1})", "({0}).exists(x, {1})", "({0}).filter(x, {1})", "({0}).map(x, {1})", "({0}).sortBy(x, {1})", "({0}).sortBy(x, x)",
        "({0}).transformList(i, x, {1})", "({0}).transformMapEntry(k, v, {1})", "cel.bind(x, {0}, {1})", "cel.bind(x, {0}, [x, {1}])", "({0}).containsIP({1})", "({0}).add({1})", "({0}).compareTo({1})", "({0}).validate({1})", "({0}).getDate({1})",
        "regex.extract({0}, {1})", "regex.replace({0}, {1}, {0})", "({0}).flatten({1})", "({0}).startsWith({1})",
    ];

    [Fact]
    public void Expressions_OfAllFunctions_EndWell()
    {
        var random = new Random(20260101);
        var variables = new CelVariables(new Dictionary<string, CelValue>
        {
            ["d"] = CelList.Of(CelInt.Of(3), new CelString("x"), CelNull.Value), ["l"] = CelList.Of(new CelString("b"), new CelString("a")), ["m"] = JsonValues.Of(System.Text.Json.Nodes.JsonNode.Parse("""{"a": {"b": [1, 2.5]}}""")),
        });
        int values = 0, errors = 0, refused = 0;
        for (int i = 0; i < 6000; i++)
        {
            string expression = Any(random, 4);
            foreach (bool check in (ReadOnlySpan<bool>)[true, false])
            {
                try
                {
                    CelProgram program = check ? Environment.Compile(expression) : Environment.CompileUnchecked(expression);
                    CelResult result = program.Evaluate(variables, 100_000);
                    if (result.Value is CelError) errors++;
                    else values++;
                    _ = result.Value.ToString();
                    _ = result.Value.GetHashCode();
                    Assert.True(result.Value is CelError || result.Value.EqualTo(result.Value) || result.Value.ToString()!.Contains("NaN", StringComparison.Ordinal), expression);
                    if (check) CostEstimator.Estimate(program.Expression!);
                }
                catch (CelCompileException)
                {
                    refused++;
                }
                catch (Exception e) when (e is not Xunit.Sdk.XunitException)
                {
                    Assert.Fail($"{(check ? "checked" : "unchecked")} {expression}\n{e}");
                }
            }
        }

        Assert.True(values > 500 && errors > 500 && refused > 500, $"{values} values, {errors} errors, {refused} refused");
    }

    [Fact]
    public void Texts_OfRandomTokens_EndWell()
    {
        var random = new Random(7);
        string[] tokens = [.. Atoms, "(", ")", "[", "]", "{", "}", ".", ",", "?", ":", "+", "-", "!", "&&", "||", "in", "x", "`a-b`", "\"", "'''", "r'\\'", "\\", "@", "\n", "//", "0x", "1e", "é", "has", "cel", "\ud83d"];
        int refused = 0;
        for (int i = 0; i < 20_000; i++)
        {
            string text = string.Join(random.Next(3) == 0 ? "" : " ", Enumerable.Range(0, random.Next(1, 12)).Select(_ => tokens[random.Next(tokens.Length)]));
            try
            {
                Environment.Check(text);
            }
            catch (CelCompileException e)
            {
                Assert.StartsWith("ERROR: <input>:", e.Message);
                refused++;
            }
            catch (Exception e)
            {
                Assert.Fail($"{text}\n{e}");
            }
        }

        Assert.InRange(refused, 1000, 19_999);
    }

    private static string Any(Random random, int depth)
    {
        if (depth == 0 || random.Next(5) == 0) return Atoms[random.Next(Atoms.Length)];
        return random.Next(2) == 0
            ? string.Format(System.Globalization.CultureInfo.InvariantCulture, Unary[random.Next(Unary.Length)], Any(random, depth - 1))
            : string.Format(System.Globalization.CultureInfo.InvariantCulture, Binary[random.Next(Binary.Length)], Any(random, depth - 1), Any(random, depth - 1));
    }
}
