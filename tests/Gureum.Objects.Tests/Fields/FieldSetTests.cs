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
}
