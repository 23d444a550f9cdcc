using System.Text.RegularExpressions;
using Gureum.EndToEnd.Support;

namespace Gureum.EndToEnd;

/// <summary>What the README's first page shows, step by step.</summary>
public sealed partial class GuestbookTests(SharedCloud shared) : IAsyncLifetime
{
    private readonly Cloud cloud = shared.Cloud;
    private string ns = "";

    public async ValueTask InitializeAsync()
    {
        ns = await cloud.NamespaceAsync("guestbook");
        await cloud.GetAsync("apply", "-n", ns, "-f", Path.Combine(Cloud.Root, "examples", "guestbook"));
        await RolledOutAsync();
    }

    public async ValueTask DisposeAsync() => await cloud.GetAsync("delete", "namespace", ns, "--wait=false");

    [Fact]
    public async Task Page_VisitedTwice_CountsBoth()
    {
        int first = await VisitAsync(), second = await VisitAsync();

        Assert.Equal(first + 1, second);
    }

    [Fact]
    public async Task Scale_ToTen_AllGetReady()
    {
        await cloud.GetAsync("scale", "-n", ns, "deployment/web", "--replicas=10");
        await RolledOutAsync();

        Assert.Equal("10", await cloud.GetAsync("get", "deployment", "web", "-n", ns, "-o", "jsonpath={.status.readyReplicas}"));
        Assert.Equal(10, (await EndpointsAsync()).Length);
    }

    [Fact]
    public async Task SetImage_ThenUndo_ShowsTheNewPageThenTheOld()
    {
        await cloud.GetAsync("set", "image", "-n", ns, "deployment/web", "web=gureum.local/guestbook:2");
        await RolledOutAsync();
        string next = await Eventually.GetAsync("the new page", PageAsync, p => p.Contains("Version 2", StringComparison.Ordinal));
        await cloud.GetAsync("rollout", "undo", "-n", ns, "deployment/web");
        await RolledOutAsync();
        string back = await Eventually.GetAsync("the old page", PageAsync, p => p.Contains("Version 1", StringComparison.Ordinal));

        Assert.Contains("Guestbook", next);
        Assert.Contains("Guestbook", back);
    }

    [Fact]
    public async Task DeletedPods_ComeBackByThemselves()
    {
        string[] before = await PodsAsync();
        await cloud.GetAsync("delete", "pod", "-n", ns, "-l", "app=web");
        await RolledOutAsync();

        Assert.Empty((await PodsAsync()).Intersect(before));
        Assert.True(await VisitAsync() > 0);
    }

    // 137 would be SIGKILL after the whole grace period: somebody did not listen to the stop signal. The finalizer keeps the pod readable.
    [Theory]
    [InlineData("web", "web counter")]
    [InlineData("redis", "redis")]
    public async Task DeletedPod_ItsContainersEndByThemselves(string app, string containers)
    {
        string pod = (await cloud.GetAsync("get", "pods", "-n", ns, "-l", "app=" + app, "-o", "jsonpath={.items[0].metadata.name}")).Trim();
        await cloud.GetAsync("patch", "pod", pod, "-n", ns, "-p", """{"metadata":{"finalizers":["gureum.io/test"]}}""");
        await cloud.GetAsync("delete", "pod", pod, "-n", ns, "--wait=false");
        string ended = await Eventually.GetAsync("the containers' ends",
            () => cloud.GetAsync("get", "pod", pod, "-n", ns, "-o", "jsonpath={range .status.containerStatuses[*]}{.name}={.state.terminated.exitCode} {end}"),
            s => containers.Split(' ').All(c => Regex.IsMatch(s, $@"\b{c}=\d")));
        await cloud.GetAsync("patch", "pod", pod, "-n", ns, "--type=merge", "-p", """{"metadata":{"finalizers":null}}""");

        Assert.DoesNotContain("=137", ended);
    }

    [Fact]
    public async Task ClusterIp_AndNames_AreReachableFromAPod()
    {
        string page = await cloud.GetAsync("exec", "-n", ns, "deploy/web", "--", "timeout", "5", "wget", "-qO-", $"http://web.{ns}.svc.cluster.local/");

        Assert.Contains("Visits:", page);
    }

    private Task<string> RolledOutAsync() => cloud.GetAsync("rollout", "status", "-n", ns, "deployment/web", "--timeout=180s");

    private async Task<string[]> PodsAsync() => (await cloud.GetAsync("get", "pods", "-n", ns, "-l", "app=web", "-o", "jsonpath={.items[*].metadata.uid}")).Split(' ');

    private async Task<string[]> EndpointsAsync() => (await cloud.GetAsync("get", "endpointslices", "-n", ns, "-l", "kubernetes.io/service-name=web", "-o", "jsonpath={.items[*].endpoints[*].addresses[0]}")).Split(' ');

    private async Task<string> PageAsync()
    {
        string node = await cloud.GetAsync("get", "node", "n1", "-o", "jsonpath={.status.addresses[?(@.type==\"InternalIP\")].address}");
        string port = await cloud.GetAsync("get", "service", "web", "-n", ns, "-o", "jsonpath={.spec.ports[0].nodePort}");
        return (await cloud.InsideAsync("curl", ["-sS", "--max-time", "20", $"http://{node}:{port}/"])).Ok();
    }

    // Redis may come up after the front: until then the page says that it does not answer.
    private async Task<int> VisitAsync()
    {
        string page = await Eventually.GetAsync("a page with a number", PageAsync, p => Visits().IsMatch(p));
        return int.Parse(Visits().Match(page).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
    }

    [GeneratedRegex("Visits: ([0-9]+)")]
    private static partial Regex Visits();
}
