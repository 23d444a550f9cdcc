using System.Text.Json.Nodes;
using Gureum.Cel.Checking;
using Gureum.Cel.Evaluation;
using Gureum.Cel.Kubernetes;
using Gureum.Cel.Syntax;
using Gureum.Cel.Values;

namespace Gureum.Cel.Tests.Kubernetes;

public sealed class PolicyVariablesTests
{
    private static readonly CelEnvironment Environment = KubernetesCel.Environment.WithVariable("object", CelType.Dyn);

    private static readonly CelVariables Object = new(new Dictionary<string, CelValue> { ["object"] = JsonValues.Of(JsonNode.Parse("""{"spec": {"replicas": 3}}""")) });

    [Fact]
    public void Variables_NameEarlierOnes_AreEvaluatedOnce()
    {
        PolicyVariables variables = Compile(("replicas", "int(object.spec.replicas)"), ("double", "variables.replicas * 2"), ("broken", "1 / 0"));
        PolicyVariables.BoundVariables bound = variables.Bind(Object);
        CelValue value = variables.Environment.Compile("variables.double == 6 && variables.double + variables.replicas == 9").Evaluate(bound).Value;
        Assert.Equal(CelBool.True, value);
        ulong cost = bound.Cost;
        Assert.True(cost > 0);
        variables.Environment.Compile("variables.double > 0").Evaluate(bound);
        Assert.Equal(cost, bound.Cost);
    }

    [Fact]
    public void Variable_ThatFails_FailsOnlyWhereItIsRead()
    {
        PolicyVariables variables = Compile(("broken", "1 / 0"));
        CelEnvironment environment = variables.Environment;
        Assert.Equal(CelBool.True, environment.Compile("true || variables.broken == 1").Evaluate(variables.Bind(Object)).Value);
        Assert.Equal("composited variable \"broken\" fails to evaluate: division by zero", Assert.IsType<CelError>(environment.Compile("variables.broken == 1").Evaluate(variables.Bind(Object)).Value).Message);
    }

    [Theory]
    [InlineData("variables.later", "undefined field 'later'")]
    [InlineData("variables.first + 1", "found no matching overload for '_+_' applied to '(string, int)'")]
    public void Variable_OfNoSuchNameOrType_IsRefused(string expression, string message)
    {
        var e = Assert.Throws<CelCompileException>(() => Compile(("first", "'a'"), ("second", expression), ("later", "1")));
        Assert.Equal(message, Assert.Single(e.Issues).Message);
    }

    private static PolicyVariables Compile(params (string Name, string Expression)[] variables) =>
        PolicyVariables.Compile(Environment, variables.Select(v => KeyValuePair.Create(v.Name, v.Expression)));
}
