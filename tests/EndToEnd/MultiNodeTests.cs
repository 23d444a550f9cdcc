using System.Text.Json.Nodes;
using Gureum.EndToEnd.Support;

namespace Gureum.EndToEnd;

/// <summary>More than one machine: joining, the network between them, and what happens when one goes.</summary>
[Collection(TwoNodes.Collection)]
public sealed class MultiNodeTests(TwoNodes nodes) : IAsyncLifetime
{
    private readonly Cloud cloud = nodes.First;
    private string ns = "";

    public async ValueTask InitializeAsync() => ns = await cloud.NamespaceAsync("nodes");

    public async ValueTask DisposeAsync() => await cloud.GetAsync("delete", "namespace", ns, "--wait=false");

    [Fact]
    public async Task Pods_OfTwoNodes_ReachEachOtherByAddressNameAndService()
    {
        await WebAsync();
        (string onOne, string onTwo) = (await PodAsync("one"), await PodAsync("two"));
        (string addressOne, string addressTwo) = (await AddressAsync(onOne), await AddressAsync(onTwo));

        Assert.Equal(onTwo, await FetchAsync(onOne, addressTwo));
        Assert.Equal(onOne, await FetchAsync(onTwo, addressOne));
        // Neither side hides behind its node's address.
        Assert.Equal(addressOne, await FetchAsync(onOne, addressTwo, "/cgi-bin/who"));
        Assert.Equal(addressTwo, await FetchAsync(onTwo, addressOne, "/cgi-bin/who"));
        Assert.Equal(onTwo, (await cloud.InsideAsync("curl", ["-sS", "-m", "5", $"http://{addressTwo}/"])).Ok().Trim());
        Assert.Equal(onOne, (await nodes.Second.InsideAsync("curl", ["-sS", "-m", "5", $"http://{addressOne}/"])).Ok().Trim());
        // More than the tunnel takes in one piece.
        Assert.Equal("300000", await cloud.GetAsync("exec", "-n", ns, onTwo, "--", "sh", "-c", $"timeout 10 wget -qO- http://{addressOne}/big | wc -c"));

        string service = await cloud.GetAsync("get", "service", "web", "-n", ns, "-o", "jsonpath={.spec.clusterIP}");
        string[] expected = [onOne, onTwo];
        foreach (string from in expected)
        {
            var answers = new HashSet<string>();
            await Eventually.GetAsync($"both pods behind the Service, from {from}", async () =>
            {
                answers.Add(await FetchAsync(from, "web"));
                return string.Join(' ', answers);
            }, _ => answers.SetEquals(expected));
        }

        foreach (Cloud host in new[] { cloud, nodes.Second })
            Assert.Contains((await host.InsideAsync("curl", ["-sS", "-m", "5", $"http://{service}/"])).Ok().Trim(), expected);
    }

    [Fact]
    public async Task SecondNode_OfAPod_GivesItsLogsAndRunsCommandsInIt()
    {
        await WebAsync();
        string pod = await PodAsync("two");

        Assert.Equal("serving " + pod, await cloud.GetAsync("logs", "-n", ns, pod));
        Assert.Equal(pod, await cloud.GetAsync("exec", "-n", ns, pod, "--", "hostname"));
        Assert.Equal("typed", (await cloud.InsideAsync("kubectl", ["exec", "-i", "-n", ns, pod, "--", "cat"], "typed")).Ok());
        JsonNode status = await nodes.Second.StatusAsync();
        Assert.Equal(("up", "two", 0), ((string)status["state"]!, (string)status["nodes"]!.AsArray().Single()!["name"]!, status["problems"]!.AsArray().Count));
    }

    [Fact]
    public async Task Agent_KilledAndStartedAgain_IsNotReadyThenReadyAndItsPodsGoOn()
    {
        await WebAsync();
        string pod = await PodAsync("two"), address = await AddressAsync(pod), before = await RunsAsync(pod);

        System.Diagnostics.Process.GetProcessById((int)(await nodes.Second.StatusAsync())["pid"]!).Kill();
        await cloud.WaitAsync("default", "node/two", "condition=Ready=Unknown");
        Assert.Equal("crashed", (string)(await nodes.Second.StatusAsync())["state"]!);
        // Nobody looks after it, and it answers all the same.
        Assert.Equal(pod, await FetchAsync(await PodAsync("one"), address));

        (await nodes.Second.GureumAsync("up", "--no-install")).Ok();
        await cloud.WaitAsync("default", "node/two", "condition=Ready");
        await cloud.WaitAsync(ns, "pod/" + pod, "condition=Ready");
        Assert.Equal(before, await RunsAsync(pod));
        Assert.Equal(pod, await FetchAsync(await PodAsync("one"), address));
        Assert.Equal(pod, await cloud.GetAsync("exec", "-n", ns, pod, "--", "hostname"));
    }

    [Fact]
    public async Task Node_DrainedAndTakenDown_MovesItsPodsLeavesNothingAndComesBack()
    {
        await cloud.ApplyAsync(ns, """
            apiVersion: apps/v1
            kind: Deployment
            metadata: { name: mover }
            spec:
              selector: { matchLabels: { app: mover } }
              template:
                metadata: { labels: { app: mover } }
                spec:
                  terminationGracePeriodSeconds: 1
                  affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: { matchExpressions: [{ key: kubernetes.io/hostname, operator: In, values: [two] }] } }] } }
                  containers: [{ name: main, image: "gureum.local/busybox:1", command: [sleep, "1000"] }]
            """);
        await cloud.GetAsync("rollout", "status", "-n", ns, "deployment/mover", "--timeout=60s");
        Assert.Equal("two", await NodeOfMoverAsync());

        await cloud.GetAsync("drain", "two", "--ignore-daemonsets", "--timeout=60s");
        await cloud.GetAsync("rollout", "status", "-n", ns, "deployment/mover", "--timeout=60s");
        Assert.Equal("one", await NodeOfMoverAsync());

        (await nodes.Second.GureumAsync("down")).Ok();
        IReadOnlyList<string> left = await MachineState.ReadAsync(nodes.Second);
        Assert.DoesNotContain(left, l => l.StartsWith("process", StringComparison.Ordinal) || l.StartsWith("mount", StringComparison.Ordinal) || l.StartsWith("cgroup", StringComparison.Ordinal) || l.StartsWith("nft", StringComparison.Ordinal) || l.Contains("10.244.", StringComparison.Ordinal) || l.Contains("gureum", StringComparison.Ordinal));

        // What it joined with is still good: no token is needed.
        (await nodes.Second.GureumAsync("up", "--no-install")).Ok();
        await cloud.GetAsync("uncordon", "two");
        await WebAsync();
        Assert.Equal(await PodAsync("two"), await FetchAsync(await PodAsync("one"), await AddressAsync(await PodAsync("two"))));
    }

    [Fact]
    public async Task Join_OfWhatDoesNotFit_IsRefusedAndSaysWhy()
    {
        await using Cloud stranger = await Cloud.CreateAsync();
        JsonNode made = await nodes.TokenAsync();
        string token = (string)made["token"]!, hash = (string)made["caHash"]!, otherHash = "sha256:" + new string('0', 64);
        await cloud.WaitAsync("default", "node/two", "condition=Ready");

        Assert.Contains("--token is not of the form", await RefusedAsync(stranger, "abc", hash, "three"));
        Assert.Contains("cannot be reached", await RefusedAsync(stranger, token, hash, "three"));
        await ConnectAsync(stranger);
        Assert.Contains("does not know token zzzzzz", await RefusedAsync(stranger, "zzzzzz." + token[7..], hash, "three"));
        Assert.Contains($"the secret of token {token[..6]} is wrong", await RefusedAsync(stranger, token[..7] + new string('0', 16), hash, "three"));
        Assert.Contains($"with the hash {hash}, not {otherHash}", await RefusedAsync(stranger, token, otherHash, "three"));
        Assert.Contains("a node named two is in the cluster and Ready (at 192.0.2.2)", await RefusedAsync(stranger, token, hash, "two"));
        await cloud.GetAsync("delete", "secret", "-n", "kube-system", "bootstrap-token-" + token[..6]);
        Assert.Contains("does not know token", await RefusedAsync(stranger, token, hash, "three"));
        Assert.Equal("node/one node/two", (await cloud.GetAsync("get", "nodes", "-o", "name")).ReplaceLineEndings(" "));
    }

    private static async Task<string> RefusedAsync(Cloud from, string token, string hash, string node)
    {
        Said said = await from.GureumAsync("join", TwoNodes.Server, "--token", token, "--ca-hash", hash, "--node-name", node, "--no-install");
        Assert.Equal(1, said.Code);
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(from.Data), f => !f.EndsWith("lock", StringComparison.Ordinal));
        return said.Errors;
    }

    // By a way of its own to the machine of the server.
    private async Task ConnectAsync(Cloud stranger)
    {
        (await Shell.RunAsync("ip", ["-n", cloud.Network, "link", "add", "stranger", "type", "veth", "peer", "name", "uplink", "netns", stranger.Network])).Ok();
        foreach ((Cloud end, string link, string address) in new[] { (cloud, "stranger", "198.51.100.1/24"), (stranger, "uplink", "198.51.100.2/24") })
        {
            (await Shell.RunAsync("ip", ["-n", end.Network, "addr", "add", address, "dev", link])).Ok();
            (await Shell.RunAsync("ip", ["-n", end.Network, "link", "set", link, "up"])).Ok();
        }

        (await Shell.RunAsync("ip", ["-n", stranger.Network, "route", "add", "192.0.2.0/24", "via", "198.51.100.1"])).Ok();
    }

    private async Task WebAsync()
    {
        await cloud.ApplyAsync(ns, """
            apiVersion: apps/v1
            kind: DaemonSet
            metadata: { name: web }
            spec:
              selector: { matchLabels: { app: web } }
              template:
                metadata: { labels: { app: web } }
                spec:
                  terminationGracePeriodSeconds: 1
                  containers:
                    - name: main
                      image: gureum.local/busybox:1
                      command: [sh, -c, "mkdir -p /tmp/cgi-bin; printf '#!/bin/sh\\necho\\necho ${REMOTE_ADDR##*:} | tr -d ]\\n' > /tmp/cgi-bin/who; chmod +x /tmp/cgi-bin/who; hostname > /tmp/index.html; head -c 300000 /dev/zero > /tmp/big; echo serving $(hostname); exec httpd -f -p 80 -h /tmp"]
                      readinessProbe: { httpGet: { path: /, port: 80 }, periodSeconds: 1 }
            ---
            apiVersion: v1
            kind: Service
            metadata: { name: web }
            spec: { selector: { app: web }, ports: [{ port: 80 }] }
            """);
        await cloud.GetAsync("rollout", "status", "-n", ns, "daemonset/web", "--timeout=60s");
    }

    private Task<string> PodAsync(string node) => cloud.GetAsync("get", "pods", "-n", ns, "-l", "app=web", "--field-selector", "spec.nodeName=" + node, "-o", "jsonpath={.items[0].metadata.name}");

    private Task<string> AddressAsync(string pod) => cloud.GetAsync("get", "pod", pod, "-n", ns, "-o", "jsonpath={.status.podIP}");

    private Task<string> RunsAsync(string pod) => cloud.GetAsync("get", "pod", pod, "-n", ns, "-o", "jsonpath={.metadata.uid} {.status.podIP} {.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}");

    private Task<string> NodeOfMoverAsync() => cloud.GetAsync("get", "pods", "-n", ns, "-l", "app=mover", "--field-selector", "status.phase=Running", "-o", "jsonpath={.items[0].spec.nodeName}");

    private Task<string> FetchAsync(string pod, string host, string path = "/") => cloud.GetAsync("exec", "-n", ns, pod, "--", "timeout", "5", "wget", "-qO-", $"http://{host}{path}");
}
