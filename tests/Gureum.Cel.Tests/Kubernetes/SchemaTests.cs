using System.Text.Json.Nodes;
using Gureum.Cel.Checking;
using Gureum.Cel.Costs;
using Gureum.Cel.Evaluation;
using Gureum.Cel.Kubernetes;
using Gureum.Cel.Syntax;
using Gureum.Cel.Values;

namespace Gureum.Cel.Tests.Kubernetes;

public sealed class SchemaTests
{
    private const string Schema = """
        {
          "type": "object", "required": ["replicas"],
          "properties": {
            "replicas": {"type": "integer"}, "share": {"type": "number"}, "port": {"x-kubernetes-int-or-string": true}, "open": {"type": "boolean", "nullable": true},
            "name": {"type": "string", "maxLength": 10}, "long": {"type": "string"}, "my-name": {"type": "string"}, "namespace": {"type": "string"}, "color": {"type": "string", "enum": ["red", "green"]},
            "wait": {"type": "string", "format": "duration"}, "born": {"type": "string", "format": "date-time"}, "day": {"type": "string", "format": "date"}, "data": {"type": "string", "format": "byte"},
            "labels": {"type": "object", "maxProperties": 5, "additionalProperties": {"type": "string", "maxLength": 3}},
            "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
            "ports": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port"], "items": {"type": "object", "properties": {"port": {"type": "integer"}, "note": {"type": "string"}}}},
            "open-ended": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"known": {"type": "string"}}}
          }
        }
        """;

    private const string Data = """
        {
          "replicas": 3, "share": 1, "port": "http", "open": null, "name": "abc", "my-name": "dash", "namespace": "ns", "color": "red", "wait": "90s", "born": "2026-01-02T03:04:05Z", "day": "2026-01-02", "data": "aGk=",
          "labels": {"a-b": "x"}, "tags": ["a", "b"], "ports": [{"port": 80, "note": "web"}, {"port": 443}], "open-ended": {"known": "k", "other": 1}, "unknown": true
        }
        """;

    private static readonly CelSchema Parsed = CelSchema.Parse(JsonNode.Parse(Schema)!.AsObject());
    private static readonly SchemaTypes Types = SchemaTypes.Of(Parsed, "Widget");
    private static readonly CelEnvironment Environment = KubernetesCel.Environment.With((ICelTypeProvider)Types).WithVariable("self", Types.Root).WithVariable("oldSelf", Types.Root);

    [Theory]
    [InlineData("self.replicas == 3 && self.share == 1.0 && self.port == 'http' && dyn(self.open) == null")]
    [InlineData("self.my__dash__name == 'dash' && self.__namespace__ == 'ns' && self.open__dash__ended.known == 'k'")]
    [InlineData("self.wait == duration('1m30s') && self.born.getFullYear() == 2026 && self.day.getDate() == 2 && self.data == b'hi'")]
    [InlineData("self.labels['a-b'] == 'x' && self.labels.all(k, k.size() == 3) && 'a-b' in self.labels && has(self.labels) && !has(self.long)")]
    [InlineData("self.tags == ['a', 'b'] && oldSelf.tags == self.tags && (self.tags + ['b', 'c']) == ['a', 'b', 'c']")]
    [InlineData("self.ports == oldSelf.ports && (self.ports + oldSelf.ports).size() == 2 && self.ports.exists(p, p.port == 443 && !has(p.note))")]
    [InlineData("self.?long.orValue('none') == 'none' && self.ports[?5].hasValue() == false")]
    public void Rule_OverSchema_Holds(string rule)
    {
        CelValue value = Evaluate(rule);
        Assert.True(value is CelBool { Value: true }, $"{rule} is {value}");
    }

    [Theory]
    [InlineData("self.nothing == 1", "undefined field 'nothing'")]
    [InlineData("self.replicas == 'a'", "found no matching overload for '_==_' applied to '(int, string)'")]
    [InlineData("self.ports.all(p, p.prot == 1)", "undefined field 'prot'")]
    [InlineData("self.open__dash__ended.other == 1", "undefined field 'other'")]
    [InlineData("Widget{replicas: 1}.replicas == 1", "'Widget' is not a message type")]
    [InlineData("duration('1') == self.wait", "invalid duration argument")]
    [InlineData("self.name.matches('(')", "invalid matches argument")]
    public void Rule_AgainstSchema_IsRefused(string rule, string message)
    {
        var e = Assert.Throws<CelCompileException>(() => Environment.Compile(rule));
        Assert.Contains(e.Issues, i => i.Message == message);
    }

    [Theory]
    [InlineData("""{"replicas": "3"}""", "self.replicas == 3", "invalid data, expected int, got String")]
    [InlineData("""{"wait": "soon"}""", "self.wait == duration('1s')", "Invalid duration soon")]
    [InlineData("""{"name": null}""", "self.name == ''", "invalid data, got null for schema with nullable=false")]
    [InlineData("""{}""", "self.name == ''", "no such key: name")]
    public void Data_AgainstSchema_IsAnError(string data, string rule, string message)
    {
        var variables = new CelVariables(new Dictionary<string, CelValue> { ["self"] = JsonValues.Of(JsonNode.Parse(data), Parsed) });
        Assert.Equal(message, Assert.IsType<CelError>(Environment.Compile(rule).Evaluate(variables).Value).Message);
    }

    [Fact]
    public void Json_WithoutSchema_IsDynamic()
    {
        CelEnvironment environment = KubernetesCel.Environment.WithVariable("object", CelType.Dyn);
        var variables = new CelVariables(new Dictionary<string, CelValue> { ["object"] = JsonValues.Of(JsonNode.Parse("""{"a": {"b-c": [1, 2.5, "x", null, true]}, "namespace": "n"}""")) });
        CelValue value = environment.Compile("object.a['b-c'] == [dyn(1), dyn(2.5), dyn('x'), dyn(null), dyn(true)] && object.namespace == 'n' && type(object.a['b-c'][0]) == int && !has(object.z)").Evaluate(variables).Value;
        Assert.Equal(CelBool.True, value);
    }

    [Theory]
    // A name, a field, a pass over 40 bytes at most.
    [InlineData("self.name == 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'", 2 + 4)]
    // No length is given: a request's size is assumed.
    [InlineData("self.long.contains('abcdefghij')", 2 + 314573)]
    // Five entries of at most 12 bytes: each costs the quantifier 3, the look-up 3 and a pass of 2.
    [InlineData("self.labels.all(k, self.labels[k] == '0123456789012345')", 2 + 1 + (5 * (3 + 4 + 2)))]
    [InlineData("self.color.startsWith('re')", 2 + 1)]
    public void Estimate_WithHints_IsBounded(string rule, ulong most) =>
        Assert.Equal(most, CostEstimator.Estimate(Environment.Check(rule), Types).Max);

    [Fact]
    public void Estimate_NestedListsWithoutBounds_ExceedsTheLimit()
    {
        CostEstimate estimate = CostEstimator.Estimate(Environment.Check("self.ports.all(a, self.ports.all(b, a.port != b.port || a.note.matches(b.note)))"), Types);
        Assert.True(estimate.Max > KubernetesCel.EstimateOfRule, $"{estimate.Max}");
        Assert.True(CostEstimator.Estimate(Environment.Check("self.replicas > 1"), Types).Max < KubernetesCel.EstimateOfRule);
    }

    private static CelValue Evaluate(string rule)
    {
        JsonNode old = JsonNode.Parse(Data)!;
        // The same sets in another order.
        old["tags"] = new JsonArray("b", "a");
        old["ports"] = new JsonArray(old["ports"]![1]!.DeepClone(), old["ports"]![0]!.DeepClone());
        var variables = new CelVariables(new Dictionary<string, CelValue> { ["self"] = JsonValues.Of(JsonNode.Parse(Data), Parsed), ["oldSelf"] = JsonValues.Of(old, Parsed) });
        return Environment.Compile(rule).Evaluate(variables, KubernetesCel.CostOfCall).Value;
    }
}
