using Gureum.Cel.Checking;
using Gureum.Cel.Costs;
using Gureum.Cel.Evaluation;
using Gureum.Cel.Kubernetes;
using Gureum.Cel.Libraries;
using Gureum.Cel.Values;

namespace Gureum.Cel.Tests.Costs;

/// <summary>Costs are compared across implementations: a rule that one server takes another must take too. The figures are those that cel-go v0.29 and Kubernetes 1.36 tell for the same expressions.</summary>
public sealed class CostTests
{
    private static readonly CelEnvironment Environment = KubernetesCel.Environment.With(KubernetesCel.Patches).With(CelLibraries.Bindings).WithHomogeneousLiterals(false)
        .WithVariable("input", CelType.List(CelType.Int)).WithVariable("text", CelType.String).WithVariable("authorizer", KubernetesTypes.Authorizer);

    private static readonly CelVariables Variables = new(new Dictionary<string, CelValue>
    {
        ["input"] = CelList.Of(CelInt.Of(1), CelInt.Of(2)), ["text"] = new CelString(new string('x', 500)), ["authorizer"] = new CelAuthorizer(new Yes()),
    });

    [Theory]
    // Names, literals, operators.
    [InlineData("'Hello World!'", 0)]
    [InlineData("input", 1)]
    [InlineData("input[0]", 2)]
    [InlineData("input[3-3]", 3)]
    [InlineData("[1, 2, 3]", 10)]
    [InlineData("{'a': 1, 'b': 2, 'c': 3}", 30)]
    [InlineData("[1, 2, 3].all(x, true)", 20)]
    [InlineData("text.matches('[0-9]')", 103)]
    [InlineData("'123'.matches('[0-9]')", 2)]
    [InlineData("true || false", 0)]
    [InlineData("1 < 2", 1)]
    [InlineData("1 == 2", 1)]
    [InlineData("2 in [1, 2, 3]", 13)]
    [InlineData("true ? 1 : 2", 0)]
    [InlineData("size('123')", 1)]
    [InlineData("'12345678901234567890' == '123456789012345678901234567890'", 2)]
    [InlineData("bytes(text)", 51)]
    [InlineData("string(1)", 1)]
    [InlineData("text.contains(text)", 2502)]
    [InlineData("text.size()", 2)]
    // Kubernetes' libraries.
    [InlineData("[1, 2, 3, 4, 5].sum()", 15)]
    [InlineData("[uint(1), uint(2), uint(3), uint(4), uint(5)].max()", 20)]
    [InlineData("['012345678901', '012345678901', '012345678901', '012345678901', '012345678901'].isSorted()", 15)]
    [InlineData("'ABCDEFGHIJ abcdefghij'.lowerAscii() == 'abcdefghij ABCDEFGHIJ'.lowerAscii()", 9)]
    [InlineData("strings.quote('ABCDEFGHIJ abcdefghij') == strings.quote('ABCDEFGHIJ abcdefghij')", 9)]
    [InlineData("'abc 123 def 123'.replace('123', '456')", 3)]
    [InlineData("['aa', 'bb', 'cc', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].join(' ')", 15)]
    [InlineData("'abc 123 def 123'.findAll('123')", 2)]
    [InlineData("jsonpatch.escapeKey('abc/def~ abc/def~')", 2)]
    [InlineData("sets.contains([1, 2, 3, 4], [2, 3])", 29)]
    [InlineData("sets.equivalent([1, 2, 3], [3u, 2.0, 1])", 39)]
    [InlineData("{'a': 1, 'b': 2}.all(k, v, v > 0)", 41)]
    [InlineData("{'a': 1, 'b': 2}.exists(k, v, v > 0)", 40)]
    [InlineData("{'a': 1, 'b': 2}.existsOne(k, v, v > 0)", 40)]
    [InlineData("{'a': 1, 'b': 2}.transformMap(k, v, v + 1)", 71)]
    [InlineData("{'a': 1, 'b': 2}.transformMap(k, v, v < 5, v + 1)", 75)]
    [InlineData("{'a': 1, 'b': 2}.transformMapEntry(k, v, {k: v + 1})", 131)]
    [InlineData("[1, 2].all(i, v, v > 0)", 21)]
    [InlineData("ip('192.168.0.1').family()", 3)]
    [InlineData("cidr('192.168.0.0/16').containsCIDR(cidr('192.0.0.0/30'))", 7)]
    [InlineData("authorizer.path('/healthz').check('get').allowed()", 350003)]
    public void Measured_Expression_CostsAsUpstream(string expression, ulong cost)
    {
        CelResult result = Environment.Compile(expression).Evaluate(Variables);
        Assert.False(result.Value is CelError, $"{result.Value}");
        Assert.Equal(cost, result.Cost);
    }

    [Theory]
    [InlineData("[1, 2, 3, 4, 5].sum()", 15, 15)]
    [InlineData("[uint(1), uint(2), uint(3), uint(4), uint(5)].max()", 20, 20)]
    [InlineData("'ABCDEFGHIJ abcdefghij'.lowerAscii()", 3, 3)]
    [InlineData("'ABCDEFGHIJ abcdefghij'.lowerAscii() == 'abcdefghij ABCDEFGHIJ'.lowerAscii()", 7, 9)]
    [InlineData("strings.quote('ABCDEFGHIJ abcdefghij') == strings.quote('ABCDEFGHIJ abcdefghij')", 7, 11)]
    [InlineData("'abc 123 def 123'.replace('', 'x')", 3, 3)]
    [InlineData("'abc 123 def 123'.split(' ')", 3, 3)]
    [InlineData("'abc 123 def 123'.substring(5, 8)", 2, 2)]
    [InlineData("'abc 123 def 123'.find('123')", 2, 2)]
    [InlineData("sets.contains([[1], [2, 3]], [[2, 3.0]])", 53, 53)]
    [InlineData("sets.equivalent([1], [1, 1])", 25, 25)]
    [InlineData("{'a': 1, 'b': 2}.all(k, v, v > 0)", 37, 41)]
    [InlineData("{'a': 1, 'b': 2}.exists(k, v, v > 0)", 39, 43)]
    [InlineData("{'a': 1, 'b': 2}.existsOne(k, v, v > 0)", 38, 40)]
    [InlineData("{'a': 1, 'b': 2}.transformMap(k, v, v + 1)", 71, 71)]
    [InlineData("{'a': 1, 'b': 2}.transformMap(k, v, v < 5, v + 1)", 67, 75)]
    [InlineData("{'a': 1, 'b': 2}.transformMapEntry(k, v, v < 5, {k: v + 1})", 67, 135)]
    [InlineData("[1, 2].all(i, v, v > 0)", 17, 21)]
    [InlineData("ip('192.168.0.1').family()", 3, 3)]
    [InlineData("ip('192.168.0.1') == ip('192.168.0.1')", 5, 5)]
    [InlineData("cidr('192.168.0.0/16').containsCIDR(cidr('192.0.0.0/30'))", 7, 11)]
    public void Estimated_Expression_LiesWhereUpstreamSays(string expression, ulong least, ulong most) =>
        Assert.Equal(new CostEstimate(least, most), CostEstimator.Estimate(Environment.Check(expression)));

    [Theory]
    [InlineData("['aa', 'bb'].join(' ')")]
    [InlineData("['aa', 'bb'].max() == 'x'")]
    public void Estimated_ElementsOfUnknownSize_ExceedTheLimit(string expression) =>
        Assert.True(CostEstimator.Estimate(Environment.Check(expression)).Max > KubernetesCel.EstimateOfRule);

    [Fact]
    public void Estimated_TextOfUnknownSize_IsTheLargestNumber() =>
        Assert.Equal(ulong.MaxValue, CostEstimator.Estimate(Environment.Check("text.contains(text)")).Max);

    private sealed class Yes : ICelAuthorizer
    {
        public CelDecision Check(CelAccess access) => new(true);

        public ICelAuthorizer ForServiceAccount(string ns, string name) => this;
    }
}
