using System.Text.Json.Nodes;
using Gureum.EndToEnd.Support;

namespace Gureum.EndToEnd;

/// <summary>Guests that move from node to node while they run.</summary>
[Collection(TwoNodes.Collection)]
public sealed class MigrationTests(TwoNodes nodes) : IAsyncLifetime
{
    private readonly Cloud cloud = nodes.First;
    private string ns = "";

    public async ValueTask InitializeAsync() => ns = await cloud.NamespaceAsync("migrations");

    public async ValueTask DisposeAsync() => await cloud.GetAsync("delete", "namespace", ns, "--wait=false");

    [Fact]
    public async Task Guest_MovedThereAndBack_KeepsRunningUnderItsAddressAndNeverTwice()
    {
        await cloud.ApplyAsync(ns, """
            apiVersion: kubevirt.io/v1
            kind: VirtualMachine
            metadata: { name: rover }
            spec:
              runStrategy: Always
              template:
                metadata: { labels: { app: rover } }
                spec:
                  terminationGracePeriodSeconds: 1
                  nodeSelector: { }
                  domain:
                    memory: { guest: 128Mi }
                    devices:
                      disks: [{ name: root, disk: { bus: virtio } }, { name: spare, disk: { bus: virtio } }, { name: seed, disk: { bus: virtio } }]
                  volumes:
                    - { name: root, containerDisk: { image: "gureum.local/tiny-guest:1" } }
                    - { name: spare, emptyDisk: { capacity: 8Mi } }
                    - { name: seed, cloudInitNoCloud: { userData: "#cloud-config\nruncmd:\n- printf kept | dd of=/dev/vdb; sync\n- cat /proc/sys/kernel/random/boot_id > /www/index.html\n" } }
            ---
            apiVersion: v1
            kind: Service
            metadata: { name: rover }
            spec: { selector: { app: rover }, ports: [{ port: 80 }] }
            """);
        await cloud.WaitAsync(ns, "vm/rover", "condition=Ready");
        await cloud.WaitAsync(ns, "vmi/rover", "condition=LiveMigratable");
        (string address, string uid, string start) = (await FieldAsync(".status.interfaces[0].ipAddress"), await FieldAsync(".metadata.uid"), await FieldAsync(".status.nodeName"));
        string service = await cloud.GetAsync("get", "service", "rover", "-n", ns, "-o", "jsonpath={.spec.clusterIP}");
        string boot = await Eventually.GetAsync("the guest's answer", async () => (await FetchAsync(cloud, address)).Trim(), s => s.Length == 36);

        foreach (string target in new[] { start == "one" ? "two" : "one", start })
        {
            using var over = new CancellationTokenSource();
            Task<int> twice = WatchStatesAsync(over.Token);
            Task<long>[] asking = [LongestSilenceAsync(cloud, address, over.Token), LongestSilenceAsync(nodes.Second, address, over.Token)];
            await MigrateAsync();
            foreach (Cloud from in new[] { cloud, nodes.Second })
            {
                Assert.Equal(boot, await Eventually.GetAsync("the same guest, by its address", async () => (await FetchAsync(from, address)).Trim(), s => s.Length > 0));
                Assert.Equal(boot, await Eventually.GetAsync("the same guest, by its Service", async () => (await FetchAsync(from, service)).Trim(), s => s.Length > 0));
            }

            await over.CancelAsync();
            Assert.Equal(0, await twice);
            TestContext.Current.TestOutputHelper?.WriteLine($"to {target}: silent for at most {string.Join(" and ", await Task.WhenAll(asking))} ms");
            Assert.Equal((target, address, uid), (await FieldAsync(".status.nodeName"), await FieldAsync(".status.interfaces[0].ipAddress"), await FieldAsync(".metadata.uid")));
            await Eventually.GetAsync("one pod, on the new node", () => cloud.GetAsync("get", "pods", "-n", ns, "-o", "jsonpath={.items[*].spec.nodeName} {.items[*].status.phase} {.items[*].status.podIP}"), s => s == $"{target} Running {address}");
        }
    }

    [Fact]
    public async Task Guest_WithAClaimOfOneNode_IsNotMigratableAndStaysWhereItIs()
    {
        await cloud.ApplyAsync(ns, """
            apiVersion: v1
            kind: PersistentVolumeClaim
            metadata: { name: data }
            spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 8Mi } } }
            ---
            apiVersion: kubevirt.io/v1
            kind: VirtualMachineInstance
            metadata: { name: rover }
            spec:
              terminationGracePeriodSeconds: 0
              domain: { memory: { guest: 64Mi }, devices: { disks: [{ name: data, disk: { bus: virtio } }] } }
              volumes: [{ name: data, persistentVolumeClaim: { claimName: data } }]
            """);
        await cloud.WaitAsync(ns, "vmi/rover", "condition=LiveMigratable=False");
        string node = await FieldAsync(".status.nodeName");
        string made = await StartAsync();
        await cloud.WaitAsync(ns, made, "jsonpath={.status.phase}=Failed");
        Assert.Contains("the volume data lies in a claim", await cloud.GetAsync("get", made, "-n", ns, "-o", "jsonpath={.status.conditions[*].message}"));
        Assert.Equal((node, "Running"), (await FieldAsync(".status.nodeName"), await FieldAsync(".status.phase")));
    }

    [Fact]
    public async Task Guest_UnderAPolicy_IsJudgedByItWhereverItIs()
    {
        foreach (string node in (string[])["one", "two"])
            foreach (string name in (string[])["friend", "stranger"])
                await cloud.ApplyAsync(ns, Manifests.Sleeper($"{name}-{node}", $"  nodeSelector: {{ kubernetes.io/hostname: {node} }}").Replace($"app: {name}-{node}", $"app: {name}", StringComparison.Ordinal));
        await cloud.ApplyAsync(ns, """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: { name: friends }
            spec: { podSelector: { matchLabels: { app: rover } }, ingress: [{ from: [{ podSelector: { matchLabels: { app: friend } } }], ports: [{ port: 80 }] }] }
            ---
            apiVersion: kubevirt.io/v1
            kind: VirtualMachineInstance
            metadata: { name: rover, labels: { app: rover } }
            spec:
              terminationGracePeriodSeconds: 0
              domain: { memory: { guest: 128Mi }, devices: {} }
              volumes: [{ name: root, containerDisk: { image: "gureum.local/tiny-guest:1" } }, { name: seed, cloudInitNoCloud: { userData: "#cloud-config\nruncmd:\n- echo rover > /www/index.html\n" } }]
            """);
        await cloud.WaitAsync(ns, "vmi/rover", "condition=LiveMigratable");
        string address = await FieldAsync(".status.interfaces[0].ipAddress"), start = await FieldAsync(".status.nodeName");
        foreach (string node in (string[])["one", "two"])
        {
            await cloud.WaitAsync(ns, "pod/stranger-" + node, "condition=Ready");
            await Eventually.GetAsync($"the guest's answer on {node}", () => AskAsync("friend-" + node), s => s == "rover");
        }

        var asking = new List<System.Diagnostics.Process>();
        foreach (string node in (string[])["one", "two"])
            asking.Add(cloud.StartInside("kubectl", "exec", "-n", ns, "stranger-" + node, "--", "sh", "-c", $"while [ ! -e /tmp/enough ]; do timeout 1 wget -qO- http://{address}/ 2>/dev/null; done; echo asked"));
        await MigrateAsync();
        Assert.NotEqual(start, await FieldAsync(".status.nodeName"));
        foreach (string node in (string[])["one", "two"])
        {
            Assert.Equal("rover", await Eventually.GetAsync($"the guest's answer on {node}", () => AskAsync("friend-" + node), s => s == "rover"));
            Assert.Equal("", await AskAsync("stranger-" + node));
            await cloud.GetAsync("exec", "-n", ns, "stranger-" + node, "--", "touch", "/tmp/enough");
        }

        foreach (System.Diagnostics.Process process in asking)
            using (process) Assert.Equal("asked", (await process.StandardOutput.ReadToEndAsync()).Trim());

        Task<string> AskAsync(string pod) => cloud.GetAsync("exec", "-n", ns, pod, "--", "sh", "-c", $"timeout 3 wget -qO- http://{address}/ 2>/dev/null; true");
    }

    private async Task MigrateAsync()
    {
        string made = await StartAsync();
        string phase = await Eventually.GetAsync("the migration", () => cloud.GetAsync("get", made, "-n", ns, "-o", "jsonpath={.status.phase}"), s => s is "Succeeded" or "Failed");
        Assert.True(phase == "Succeeded", await cloud.GetAsync("get", made, "-n", ns, "-o", "jsonpath={.status}"));
    }

    private async Task<string> StartAsync() => (await cloud.InsideAsync("kubectl", ["create", "-n", ns, "-o", "name", "-f", "-"], """
        apiVersion: kubevirt.io/v1
        kind: VirtualMachineInstanceMigration
        metadata: { generateName: move- }
        spec: { vmiName: rover }
        """)).Ok().Trim();

    // How often both nodes said that the guest runs.
    private async Task<int> WatchStatesAsync(CancellationToken cancel)
    {
        int both = 0;
        while (!cancel.IsCancellationRequested)
        {
            bool[] runs = await Task.WhenAll(new[] { cloud, nodes.Second }.Select(async c =>
                (await c.VirshAsync("domstate", $"{ns}_rover")).Output.Trim() == "running"));
            if (runs[0] && runs[1]) both++;
        }

        return both;
    }

    private static async Task<long> LongestSilenceAsync(Cloud from, string address, CancellationToken cancel)
    {
        long last = System.Diagnostics.Stopwatch.GetTimestamp(), longest = 0;
        while (!cancel.IsCancellationRequested)
        {
            if ((await FetchAsync(from, address)).Length == 0) continue;
            longest = Math.Max(longest, (long)System.Diagnostics.Stopwatch.GetElapsedTime(last).TotalMilliseconds);
            last = System.Diagnostics.Stopwatch.GetTimestamp();
        }

        return longest;
    }

    private static async Task<string> FetchAsync(Cloud from, string address) => (await from.InsideAsync("curl", ["-s", "-m", "1", $"http://{address}/"])).Output;

    private Task<string> FieldAsync(string path) => cloud.GetAsync("get", "vmi", "rover", "-n", ns, "-o", $"jsonpath={{{path}}}");
}
