using Gureum.EndToEnd.Support;

namespace Gureum.EndToEnd;

/// <summary>A tenant's network over two nodes, and a guest that moves on it while it runs.</summary>
[Collection(TwoNodes.Collection)]
public sealed class TenantMigrationTests(TwoNodes nodes) : IAsyncLifetime
{
    private readonly Cloud cloud = nodes.First;
    private string ns = "";

    public async ValueTask InitializeAsync() => ns = await cloud.NamespaceAsync("tenant-migrations");

    public async ValueTask DisposeAsync() => await cloud.GetAsync("delete", "namespace", ns, "--wait=false");

    [Fact]
    public async Task Guest_OnATenantsNetwork_IsReachedFromBothNodesWhereverItIs()
    {
        await cloud.ApplyAsync(ns, $$"""
            apiVersion: network.gureum.io/v1
            kind: Network
            metadata: { name: blue }
            spec: { segment: 201 }
            ---
            apiVersion: network.gureum.io/v1
            kind: Subnet
            metadata: { name: blue4 }
            spec: { network: blue, cidr: 10.0.0.0/24, noGateway: true }
            ---
            apiVersion: network.gureum.io/v1
            kind: Port
            metadata: { name: blue-dhcp }
            spec: { network: { name: blue }, macAddress: "fa:16:3e:00:02:02", fixedIPs: [{ subnet: blue4, address: 10.0.0.2 }], deviceOwner: "network:dhcp", portSecurity: false }
            ---
            apiVersion: network.gureum.io/v1
            kind: SecurityGroup
            metadata: { name: web }
            spec: { rules: [{ id: a, direction: egress }, { id: b, direction: ingress, protocol: tcp, portRangeMin: 80, portRangeMax: 80 }] }
            ---
            apiVersion: network.gureum.io/v1
            kind: Port
            metadata: { name: rover }
            spec: { network: { name: blue }, macAddress: "fa:16:3e:00:02:05", fixedIPs: [{ subnet: blue4, address: 10.0.0.5 }], securityGroups: [web] }
            ---
            apiVersion: kubevirt.io/v1
            kind: VirtualMachine
            metadata: { name: rover }
            spec:
              runStrategy: Always
              template:
                spec:
                  terminationGracePeriodSeconds: 1
                  domain: { memory: { guest: 128Mi }, devices: { interfaces: [{ name: blue, bridge: {}, macAddress: "fa:16:3e:00:02:05" }] } }
                  networks: [{ name: blue, multus: { networkName: blue } }]
                  volumes:
                    - { name: root, containerDisk: { image: "gureum.local/tiny-guest:1" } }
                    - { name: seed, cloudInitNoCloud: { userData: "#cloud-config\nruncmd:\n- cat /proc/sys/kernel/random/boot_id > /www/index.html\n" } }
            ---
            {{Asker("one", 7)}}
            ---
            {{Asker("two", 8)}}
            """);
        await cloud.WaitAsync(ns, "vm/rover", "condition=Ready");
        await cloud.WaitAsync(ns, "pod/one", "condition=Ready");
        await cloud.WaitAsync(ns, "pod/two", "condition=Ready");
        string start = await cloud.GetAsync("get", "vmi", "rover", "-n", ns, "-o", "jsonpath={.status.nodeName}");
        string boot = await Eventually.GetAsync("the guest's answer", () => AskAsync("one"), s => s.Length == 36);
        Assert.Equal(boot, await Eventually.GetAsync("the guest's answer to the other node", () => AskAsync("two"), s => s.Length == 36));
        foreach (string target in new[] { start == "one" ? "two" : "one", start })
        {
            await cloud.ApplyAsync(ns, $$"""
                apiVersion: kubevirt.io/v1
                kind: VirtualMachineInstanceMigration
                metadata: { name: to-{{target}} }
                spec: { vmiName: rover }
                """);
            await cloud.WaitAsync(ns, "vmim/to-" + target, "jsonpath={.status.phase}=Succeeded");
            foreach (string from in new[] { "one", "two" }) Assert.Equal(boot, await Eventually.GetAsync($"the same guest, asked from {from}", () => AskAsync(from), s => s.Length > 0));
            await cloud.WaitAsync(ns, "port/rover", $"jsonpath={{.status.node}}={target}");
            await cloud.WaitAsync(ns, "port/rover", "jsonpath={.status.phase}=ACTIVE");
        }
    }

    // A pod of one node on the network, by a port of its own.
    private static string Asker(string node, int number) => $$"""
        apiVersion: network.gureum.io/v1
        kind: Port
        metadata: { name: {{node}} }
        spec: { network: { name: blue }, macAddress: "fa:16:3e:00:02:0{{number}}", fixedIPs: [{ subnet: blue4, address: 10.0.0.{{number}} }], portSecurity: false, deviceID: {{node}} }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: {{node}}, annotations: { k8s.v1.cni.cncf.io/networks: blue } }
        spec: { nodeName: {{node}}, terminationGracePeriodSeconds: 0, containers: [{ name: c, image: "gureum.local/busybox:1", command: [sleep, "3600"] }] }
        """;

    private async Task<string> AskAsync(string pod) => (await cloud.KubectlAsync("exec", "-n", ns, pod, "--", "timeout", "3", "wget", "-qO-", "http://10.0.0.5/")).Output.Trim();
}
