using System.Text.Json.Nodes;
using Gureum.EndToEnd.Support;

namespace Gureum.EndToEnd;

public sealed class NodeTests(SharedCloud shared)
{
    [Fact]
    public async Task Up_Returned_NodeIsReady() =>
        Assert.Equal("True", await shared.Cloud.GetAsync("get", "node", "n1", "-o", "jsonpath={.status.conditions[?(@.type==\"Ready\")].status}"));

    [Fact]
    public async Task Up_SecondTime_IsANoOpThatSaysSo()
    {
        int pid = (int)(await shared.Cloud.StatusAsync())["pid"]!;

        string second = (await shared.Cloud.GureumAsync("up", "--no-install")).Ok();

        Assert.Contains("is up already", second);
        Assert.Contains("export KUBECONFIG=" + shared.Cloud.Kubeconfig, second);
        Assert.Equal(pid, (int)(await shared.Cloud.StatusAsync())["pid"]!);
    }

    [Fact]
    public async Task Status_Json_NamesServerNodeAndStore()
    {
        JsonNode status = await shared.Cloud.StatusAsync();

        Assert.Equal("up", (string?)status["state"]);
        Assert.True(Directory.Exists($"/proc/{(int)status["pid"]!}"));
        Assert.True((bool)status["nodes"]![0]!["ready"]!);
        Assert.True((long)status["store"]!["bytes"]! > 0);
        Assert.True((long)status["store"]!["revision"]! > 0);
    }

    [Fact]
    public async Task Kubectl_ThroughGureum_PassesEverythingOn()
    {
        string cluster = (await shared.Cloud.GureumAsync("kubectl", "get", "--raw", "/readyz")).Ok();

        Assert.Equal("ok", cluster.Trim());
    }

    [Fact]
    public async Task Up_OtherRangeThanTheCloudWasMadeWith_IsRefused()
    {
        Said said = await shared.Cloud.GureumAsync("up", "--pod-cidr", "10.99.0.0/16");

        Assert.Equal(1, said.Code);
        Assert.Contains("10.99.0.0/16", said.Errors);
        Assert.Contains("10.244.0.0/16", said.Errors);
    }

    [Fact]
    public async Task NodeWithoutUplink_AnswersAtTheGatewayOfItsOwnRange()
    {
        await using Cloud cloud = await Cloud.UpAsync("--node-name", "n1", "--pod-cidr", "10.51.0.0/16");
        string ns = await cloud.NamespaceAsync("range");
        await cloud.ApplyAsync(ns, Manifests.Sleeper("here"));
        await cloud.WaitAsync(ns, "pod/here", "condition=Ready");

        Assert.Equal("10.51.0.0/24", await cloud.GetAsync("get", "node", "n1", "-o", "jsonpath={.spec.podCIDR}"));
        Assert.Equal("10.51.0.1", await cloud.GetAsync("get", "node", "n1", "-o", "jsonpath={.status.addresses[?(@.type==\"InternalIP\")].address}"));
        Assert.Equal("10.51.0.1", await cloud.GetAsync("get", "endpointslice", "kubernetes", "-n", "default", "-o", "jsonpath={.endpoints[0].addresses[0]}"));
        // The API server finds the agent there, and a pod the API server.
        Assert.Equal("works", await cloud.GetAsync("exec", "-n", ns, "here", "--", "echo", "works"));
        Assert.Equal("open", await cloud.GetAsync("exec", "-n", ns, "here", "--", "sh", "-c", "timeout 10 nc 10.51.0.1 6443 < /dev/null > /dev/null && echo open"));
    }
}
