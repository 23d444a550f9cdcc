using System.Text.Json.Nodes;
using Gureum.Objects.Patches;
using Gureum.Objects.Schemas;

namespace Gureum.Objects.Tests.Patches;

public sealed class StrategicMergePatchTests
{
    [Theory]
    [InlineData("""{"containers":[{"name":"a","image":"1"}]}""", """{"containers":[{"name":"b","image":"2"}]}""", """{"containers":[{"name":"b","image":"2"},{"name":"a","image":"1"}]}""")]
    [InlineData("""{"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]}""", """{"containers":[{"name":"c","image":"1"},{"name":"a","image":"2"}]}""", """{"containers":[{"name":"b"},{"name":"c","image":"1"},{"name":"a","image":"2"}]}""")]
    [InlineData("""{"containers":[{"name":"a","image":"1"},{"name":"b"}]}""", """{"containers":[{"name":"b","$patch":"delete"}]}""", """{"containers":[{"name":"a","image":"1"}]}""")]
    [InlineData("""{"containers":[{"name":"a"},{"name":"b"}]}""", """{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]}""", """{"containers":[{"name":"b"},{"name":"a"}]}""")]
    [InlineData("""{"containers":[{"name":"a"}]}""", """{"containers":[{"$patch":"replace"},{"name":"c"}]}""", """{"containers":[{"name":"c"}]}""")]
    [InlineData("""{"tolerations":[{"key":"a"}]}""", """{"tolerations":[{"key":"b"}]}""", """{"tolerations":[{"key":"b"}]}""")]
    [InlineData("""{"nodeSelector":{"a":"1","b":"2"}}""", """{"nodeSelector":{"a":null,"c":"3"}}""", """{"nodeSelector":{"b":"2","c":"3"}}""")]
    [InlineData("""{"volumes":[{"name":"v","emptyDir":{}}]}""", """{"volumes":[{"name":"v","$retainKeys":["name","hostPath"],"hostPath":{"path":"/x"}}]}""", """{"volumes":[{"name":"v","hostPath":{"path":"/x"}}]}""")]
    public void Apply_ToAPodSpec_MergesAsItsSchemaSays(string target, string patch, string expected)
    {
        var result = StrategicMergePatch.Apply(JsonNode.Parse(target)!.AsObject(), JsonNode.Parse(patch)!.AsObject(), KubernetesSchema.Instance.Type("core.v1.PodSpec"));
        Assert.Equal(expected, result.ToJsonString());
    }

    [Theory]
    [InlineData("""{"$retainKeys":[null]}""")]
    [InlineData("""{"$retainKeys":[[]]}""")]
    [InlineData("""{"$retainKeys":[1]}""")]
    [InlineData("""{"$retainKeys":{}}""")]
    [InlineData("""{"$retainKeys":null}""")]
    [InlineData("""{"$retainKeys":["nodeName"],"hostname":"h"}""")]
    public void Apply_OfKeysToRetainThatAreNoList_IsRefused(string patch) =>
        Assert.Equal(400, Assert.Throws<PatchException>(() => StrategicMergePatch.Apply([], JsonNode.Parse(patch)!.AsObject(), KubernetesSchema.Instance.Type("core.v1.PodSpec"))).Code);
}
