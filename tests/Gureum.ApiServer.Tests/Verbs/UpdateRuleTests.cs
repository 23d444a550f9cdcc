using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Verbs;

/// <summary>What an update may change, and what becomes of what the server allotted.</summary>
public sealed class UpdateRuleTests(TestServer server)
{
    private const string Merge = "application/merge-patch+json";

    private async Task<string> ServiceAsync(string spec)
    {
        var path = $"/api/v1/namespaces/{await server.NamespaceAsync()}/services";
        (await server.Admin.PostAsync(path, $$$"""{"metadata":{"name":"s"},"spec":{{{spec}}}}""")).Ok();
        return path + "/s";
    }

    private async Task<System.Text.Json.Nodes.JsonObject> SpecAsync(string path) => (await server.Admin.GetAsync(path)).Ok().Child("spec")!;

    [Fact]
    public async Task Service_ThatBecomesAnExternalName_LosesAddressesAndPorts()
    {
        var path = await ServiceAsync("""{"type":"LoadBalancer","externalTrafficPolicy":"Local","loadBalancerClass":"a/b","ports":[{"port":80}]}""");
        var before = await SpecAsync(path);
        Assert.InRange(before.Number("healthCheckNodePort") ?? 0, 30000, 32767);
        Assert.InRange(before.Objects("ports").Single().Number("nodePort") ?? 0, 30000, 32767);

        var after = (await server.Admin.PatchAsync(path, """{"spec":{"type":"ExternalName","externalName":"example.org"}}""", Merge)).Ok().Child("spec")!;
        foreach (var gone in (string[])["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort", "allocateLoadBalancerNodePorts", "loadBalancerClass", "externalTrafficPolicy"])
            Assert.False(after.ContainsKey(gone), gone);
        Assert.Null(after.Objects("ports").Single().Number("nodePort"));

        // What it had is free for others.
        var taken = $$$"""{"type":"NodePort","clusterIP":"{{{before.Text("clusterIP")}}}","ports":[{"name":"a","port":80,"nodePort":{{{before.Objects("ports").Single().Number("nodePort")}}}},{"name":"b","port":81,"nodePort":{{{before.Number("healthCheckNodePort")}}}}]}""";
        await ServiceAsync(taken);
    }

    [Fact]
    public async Task Service_ThatBecomesAClusterIP_KeepsItsAddressAndLosesItsNodePorts()
    {
        var path = await ServiceAsync("""{"type":"NodePort","ports":[{"port":80}]}""");
        var before = await SpecAsync(path);
        var after = (await server.Admin.PatchAsync(path, """{"spec":{"type":"ClusterIP"}}""", Merge)).Ok().Child("spec")!;
        Assert.Equal(before.Text("clusterIP"), after.Text("clusterIP"));
        Assert.Null(after.Objects("ports").Single().Number("nodePort"));
        Assert.False(after.ContainsKey("externalTrafficPolicy"));
    }

    [Fact]
    public async Task Service_WhosePortHasAnotherNumber_KeepsTheNodePortOfItsName()
    {
        var path = await ServiceAsync("""{"type":"NodePort","ports":[{"name":"a","port":80},{"name":"b","port":81}]}""");
        var before = (await SpecAsync(path)).Objects("ports").ToDictionary(p => p.Text("name")!, p => p.Number("nodePort"));
        var put = (await server.Admin.PutAsync(path, """{"metadata":{"name":"s"},"spec":{"type":"NodePort","ports":[{"name":"b","port":91},{"name":"a","port":90}]}}""")).Ok();
        Assert.Equal(before, put.Child("spec")!.Objects("ports").ToDictionary(p => p.Text("name")!, p => p.Number("nodePort")));
    }

    [Theory]
    [InlineData("""{"type":"ClusterIP","ports":[{"port":80,"nodePort":30080}]}""", "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'")]
    [InlineData("""{"type":"ClusterIP","externalTrafficPolicy":"Local","ports":[{"port":80}]}""", "spec.externalTrafficPolicy: Invalid value: \"Local\": may only be set for externally-accessible services")]
    [InlineData("""{"type":"ExternalName","externalName":"example.org","clusterIP":"10.96.3.4"}""", "spec.clusterIPs: Forbidden: may not be set for ExternalName services")]
    [InlineData("""{"type":"NodePort","allocateLoadBalancerNodePorts":true,"ports":[{"port":80}]}""", "spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'")]
    [InlineData("""{"type":"LoadBalancer","healthCheckNodePort":30081,"ports":[{"port":80}]}""", "spec.healthCheckNodePort: Invalid value: 30081: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'")]
    public async Task Service_WithWhatItsTypeHasNoUseFor_IsRefused(string spec, string expected)
    {
        var answer = await server.Admin.PostAsync($"/api/v1/namespaces/{await server.NamespaceAsync()}/services", $$$"""{"metadata":{"name":"s"},"spec":{{{spec}}}}""");
        Assert.Equal((422, $"Service \"s\" is invalid: {expected}"), (answer.Code, answer.Message));
    }

    [Fact]
    public async Task Pod_WithAnotherTolerationSeconds_IsTaken_AndWithLessTolerationsIsNot()
    {
        var path = $"/api/v1/namespaces/{await server.NamespaceAsync()}/pods";
        (await server.Admin.PostAsync(path, """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}],"tolerations":[{"key":"a","operator":"Exists","effect":"NoExecute","tolerationSeconds":10}]}}""")).Ok();
        var pod = (await server.Admin.GetAsync(path + "/p")).Ok();
        pod.Child("spec")!.Objects("tolerations").Single(t => t.Text("key") == "a")["tolerationSeconds"] = 20;
        Assert.Equal(20, (await server.Admin.PutAsync(path + "/p", pod.ToJsonString())).Ok().Child("spec")!.Objects("tolerations").Single(t => t.Text("key") == "a").Number("tolerationSeconds"));

        var refused = await server.Admin.PatchAsync(path + "/p", """{"spec":{"tolerations":[]}}""", Merge);
        Assert.Contains("spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds", refused.Message);
        var wrong = await server.Admin.PostAsync(path, """{"metadata":{"name":"q"},"spec":{"containers":[{"name":"c","image":"i"}],"tolerations":[{"key":"a","operator":"Exists","effect":"NoSchedule","tolerationSeconds":10}]}}""");
        Assert.Contains("spec.tolerations[0].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when `tolerationSeconds` is set", wrong.Message);
    }

    [Theory]
    [InlineData("""{"value":6}""", "value: Forbidden: may not be changed in an update.")]
    [InlineData("""{"preemptionPolicy":"Never"}""", "preemptionPolicy: Invalid value: \"Never\": field is immutable")]
    public async Task PriorityClass_WithAnotherValueOrPolicy_IsRefused(string patch, string expected)
    {
        var name = await server.NamespaceAsync();
        (await server.Admin.PostAsync("/apis/scheduling.k8s.io/v1/priorityclasses", $$$"""{"metadata":{"name":"{{{name}}}"},"value":5}""")).Ok();
        var answer = await server.Admin.PatchAsync("/apis/scheduling.k8s.io/v1/priorityclasses/" + name, patch, Merge);
        Assert.Equal((422, $"PriorityClass.scheduling.k8s.io \"{name}\" is invalid: {expected}"), (answer.Code, answer.Message));
    }
}
