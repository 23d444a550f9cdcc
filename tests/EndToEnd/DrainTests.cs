using Gureum.EndToEnd.Support;

namespace Gureum.EndToEnd;

/// <summary>Nodes that are emptied while guests and containers run on them.</summary>
[Collection(TwoNodes.Collection)]
public sealed class DrainTests(TwoNodes nodes) : IAsyncLifetime
{
    private const string Boot = "/www/index.html";

    private readonly Cloud cloud = nodes.First;
    private string ns = "";

    public async ValueTask InitializeAsync() => ns = await cloud.NamespaceAsync("drain");

    public async ValueTask DisposeAsync() => await cloud.GetAsync("delete", "namespace", ns, "--wait=false");

    [Fact]
    public async Task Drain_OfNodeWithGuestAndContainer_MovesTheGuestAliveAndTheContainerAnew()
    {
        string boot = await StartAsync();
        string from = await FieldAsync(".status.nodeName"), to = from == "one" ? "two" : "one";
        await cloud.ApplyAsync(ns, $$"""
            apiVersion: apps/v1
            kind: Deployment
            metadata: { name: beside }
            spec:
              selector: { matchLabels: { app: beside } }
              template:
                metadata: { labels: { app: beside } }
                spec:
                  terminationGracePeriodSeconds: 0
                  affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: { matchExpressions: [{ key: kubernetes.io/hostname, operator: In, values: [{{from}}] }] } }] } }
                  containers: [{ name: main, image: {{Manifests.Busybox}}, command: [sleep, "100000"] }]
            """);
        await cloud.WaitAsync(ns, "deployment/beside", "condition=Available");
        try
        {
            string said = await cloud.GetAsync("drain", from, "--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=150s", "--pod-selector=app in (drained, beside)");

            Assert.Contains($"node/{from} drained", said, StringComparison.Ordinal);
            await cloud.WaitAsync(ns, "deployment/beside", "condition=Available");
            Assert.Equal(to, await FieldAsync(".status.nodeName"));
            Assert.Equal(boot, await AnswerAsync());
            Assert.Equal($"{to} {to}", await Eventually.GetAsync("both on the other node", () => cloud.GetAsync("get", "pods", "-n", ns, "-o", "jsonpath={.items[*].spec.nodeName}"), s => s == $"{to} {to}"));
        }
        finally
        {
            await cloud.GetAsync("uncordon", from);
        }
    }

    [Fact]
    public async Task Migration_DeletedWhileItGoesOn_LeavesOneGuestThatRuns()
    {
        string boot = await StartAsync();
        string made = (await cloud.InsideAsync("kubectl", ["create", "-n", ns, "-o", "name", "-f", "-"], """
            apiVersion: kubevirt.io/v1
            kind: VirtualMachineInstanceMigration
            metadata: { generateName: off- }
            spec: { vmiName: guest }
            """)).Ok().Trim();
        await Eventually.GetAsync("the target's pod", () => cloud.GetAsync("get", made, "-n", ns, "-o", "jsonpath={.status.phase}"), s => s is not ("" or "Pending" or "Scheduling"));

        await cloud.GetAsync("delete", made, "-n", ns, "--timeout=60s");

        // Too late to stop it, or in time: either way there is one guest, the same one, and nothing of the other side.
        string node = await Eventually.GetAsync("one pod", () => cloud.GetAsync("get", "pods", "-n", ns, "-o", "jsonpath={.items[*].spec.nodeName}"), s => s is "one" or "two");
        Assert.Equal((node, "Running"), (await FieldAsync(".status.nodeName"), await FieldAsync(".status.phase")));
        Assert.Equal(boot, await AnswerAsync());
        foreach (Cloud each in new[] { cloud, nodes.Second })
        {
            string domains = (await each.VirshAsync("list", "--name")).Ok();
            Assert.Equal((node == "one") == (each == cloud), domains.Split('\n').Contains($"{ns}_guest"));
        }

        // Nothing is in the way of the next one.
        await cloud.ApplyAsync(ns, """
            apiVersion: kubevirt.io/v1
            kind: VirtualMachineInstanceMigration
            metadata: { name: again }
            spec: { vmiName: guest }
            """);
        await cloud.WaitAsync(ns, "vmim/again", "jsonpath={.status.phase}=Succeeded");
        Assert.Equal(boot, await AnswerAsync());
    }

    /// <summary>Starts the guest and waits for the identifier of its boot, which it serves.</summary>
    private async Task<string> StartAsync()
    {
        await cloud.ApplyAsync(ns, $$"""
            apiVersion: kubevirt.io/v1
            kind: VirtualMachine
            metadata: { name: guest }
            spec:
              runStrategy: Always
              template:
                metadata: { labels: { app: drained } }
                spec:
                  evictionStrategy: LiveMigrate
                  terminationGracePeriodSeconds: 1
                  domain:
                    memory: { guest: 128Mi }
                    devices: { disks: [{ name: root, disk: { bus: virtio } }, { name: seed, disk: { bus: virtio } }] }
                  volumes:
                    - { name: root, containerDisk: { image: "gureum.local/tiny-guest:1" } }
                    - { name: seed, cloudInitNoCloud: { userData: "#cloud-config\nruncmd:\n- cat /proc/sys/kernel/random/boot_id > {{Boot}}\n" } }
            """);
        await cloud.WaitAsync(ns, "vmi/guest", "condition=LiveMigratable");
        return await AnswerAsync();
    }

    private async Task<string> AnswerAsync()
    {
        string address = await Eventually.GetAsync("its address", () => FieldAsync(".status.interfaces[0].ipAddress"), s => s.Length > 0);
        return await Eventually.GetAsync("the guest's answer", async () => (await cloud.InsideAsync("curl", ["-s", "-m", "2", $"http://{address}/"])).Output.Trim(), s => s.Length == 36);
    }

    private Task<string> FieldAsync(string path) => cloud.GetAsync("get", "vmi", "guest", "-n", ns, "-o", $"jsonpath={{{path}}}");
}
