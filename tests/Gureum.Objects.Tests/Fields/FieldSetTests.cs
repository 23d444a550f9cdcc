using System.Text.Json.Nodes;
using Gureum.Objects.Fields;

namespace Gureum.Objects.Tests.Fields;

public sealed class FieldSetTests
{
    private static JsonObject Set(string json) => JsonNode.Parse(json)!.AsObject();

    [Theory]
    [InlineData("""{"f:a":{},"f:b":{}}""", """{"f:b":{}}""", """{"f:a":{}}""")]
    [InlineData("""{"f:a":{".":{},"f:x":{}}}""", """{"f:a":{"f:x":{}}}""", """{"f:a":{}}""")]
    [InlineData("""{"f:a":{".":{},"f:x":{}}}""", """{"f:a":{}}""", """{"f:a":{"f:x":{}}}""")]
    [InlineData("""{"f:a":{"f:x":{}}}""", """{"f:a":{"f:x":{}}}""", "null")]
    public void Minus_OfMembersAndWhatIsBelow_KeepsThemApart(string set, string other, string expected) =>
        Assert.Equal(expected, FieldSet.Minus(Set(set), Set(other))?.ToJsonString() ?? "null");

    [Theory]
    [InlineData("""{"f:a":{}}""", """{"f:a":{"f:x":{}}}""", """{"f:a":{"f:x":{},".":{}}}""")]
    [InlineData("""{"f:a":{"f:x":{}}}""", """{"f:b":{}}""", """{"f:a":{"f:x":{}},"f:b":{}}""")]
    public void Union_KeepsMembership(string set, string other, string expected)
    {
        var target = Set(set);
        FieldSet.UnionInto(target, Set(other));
        Assert.Equal(expected, target.ToJsonString());
    }

    [Fact]
    public void Both_OfAMemberAndItsChild_IsNothing() => Assert.Null(FieldSet.Both(Set("""{"f:a":{}}"""), Set("""{"f:a":{"f:x":{}}}""")));

    [Fact]
    public void Paths_ReadAsPeopleWriteThem() => Assert.Equal([".spec.c[name=\"a\"]", ".spec.c[name=\"a\"].image", ".spec.f[=\"x\"]"],
        FieldSet.Paths(Set("""{"f:spec":{"f:c":{"k:{\"name\":\"a\"}":{".":{},"f:image":{}}},"f:f":{"v:\"x\"":{}}}}""")));

    // fieldpath.PathElement.Compare and value.Compare of structured-merge-diff v6: what is before what.
    [Theory]
    [InlineData("""{"f:b":{},"f:a":{"f:y":{},"f:x":{},".":{}},"f:B":{}}""", """{"f:B":{},"f:a":{".":{},"f:x":{},"f:y":{}},"f:b":{}}""")]
    [InlineData("""{"i:0":{},"v:1":{},"k:{\"a\":1}":{},"f:z":{},".":{}}""", """{".":{},"f:z":{},"k:{\"a\":1}":{},"v:1":{},"i:0":{}}""")]
    [InlineData("""{"k:{\"name\":\"b\"}":{},"k:{\"name\":\"a-b\"}":{},"k:{\"name\":\"a b\"}":{},"k:{\"name\":\"a\"}":{}}""", """{"k:{\"name\":\"a\"}":{},"k:{\"name\":\"a b\"}":{},"k:{\"name\":\"a-b\"}":{},"k:{\"name\":\"b\"}":{}}""")]
    [InlineData("""{"k:{\"containerPort\":80,\"protocol\":\"UDP\"}":{},"k:{\"containerPort\":443,\"protocol\":\"TCP\"}":{},"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{}}""", """{"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{},"k:{\"containerPort\":80,\"protocol\":\"UDP\"}":{},"k:{\"containerPort\":443,\"protocol\":\"TCP\"}":{}}""")]
    [InlineData("""{"k:{\"a\":1,\"b\":1}":{},"k:{\"b\":1}":{},"k:{\"a\":1}":{},"k:{\"a\":\"0\"}":{}}""", """{"k:{\"a\":1}":{},"k:{\"a\":1,\"b\":1}":{},"k:{\"a\":\"0\"}":{},"k:{\"b\":1}":{}}""")]
    [InlineData("""{"v:null":{},"v:true":{},"v:false":{},"v:\"b\"":{},"v:\"a\\\"\"":{},"v:10":{},"v:9.5":{},"v:-1":{}}""", """{"v:-1":{},"v:9.5":{},"v:10":{},"v:\"a\\\"\"":{},"v:\"b\"":{},"v:false":{},"v:true":{},"v:null":{}}""")]
    [InlineData("""{"k:{c":{},"k:{b":{},"v:":{},"z:":{}}""", """{"z:":{},"k:{b":{},"k:{c":{},"v:":{}}""")]
    public void Sort_PutsElementsInUpstreamsOrder(string set, string expected)
    {
        var sorted = Set(set);
        FieldSet.Sort(sorted);
        Assert.Equal(Set(expected).Select(e => e.Key), sorted.Select(e => e.Key));
        Assert.Equal(Set(expected).ToJsonString(), sorted.ToJsonString());
    }
}
