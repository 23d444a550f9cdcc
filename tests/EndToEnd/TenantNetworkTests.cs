using Gureum.EndToEnd.Support;

namespace Gureum.EndToEnd;

/// <summary>Tenants' networks as their objects: a machine and a pod on one, a router, an address from outside.</summary>
public sealed class TenantNetworkTests(SharedCloud shared) : IAsyncLifetime
{
    private readonly Cloud cloud = shared.Cloud;
    private string ns = "", key = "";

    public async ValueTask InitializeAsync()
    {
        ns = await cloud.NamespaceAsync("tenant");
        key = Path.Combine(cloud.Data, ns + "-key");
        (await Shell.RunAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key])).Ok();
    }

    public async ValueTask DisposeAsync() => await cloud.GetAsync("delete", "namespace", ns, "--wait=false");

    [Fact]
    public async Task Machine_OnATenantsNetwork_IsReachedByItsFloatingAddressAndSurvivesTheServer()
    {
        await cloud.ApplyAsync(ns, Networks + Machine);
        // Its port is not there yet: it says so, and starts when it is.
        await Eventually.GetAsync("the pod's reason", () => cloud.GetAsync("get", "pods", "-n", ns, "-o", "jsonpath={.items[*].status.containerStatuses[0].state.waiting.reason}"), s => s == "NoPort");
        await cloud.ApplyAsync(ns, Ports(await RouterAsync()));
        await cloud.WaitAsync(ns, "vm/box", "condition=Ready");
        await cloud.WaitAsync(ns, "port/box", "jsonpath={.status.phase}=ACTIVE");
        await cloud.WaitAsync(ns, "router.network.gureum.io/r", "jsonpath={.status.phase}=ACTIVE");
        await cloud.WaitAsync(ns, "floatingip/f", "jsonpath={.status.phase}=ACTIVE");
        Assert.Equal("10.0.0.5", await cloud.GetAsync("get", "vmi", "box", "-n", ns, "-o", "jsonpath={.status.interfaces[0].ipAddress}"));
        Assert.Equal("", await cloud.GetAsync("get", "pods", "-n", ns, "-l", "kubevirt.io=virt-launcher", "-o", "jsonpath={.items[0].status.podIP}"));
        Assert.Equal("box", await SshAsync("hostname"));
        Assert.Contains("\"hostname\":\"box\"", await SshAsync("wget -qO- http://169.254.169.254/openstack/latest/meta_data.json"));
        Assert.Contains("1 packets received", await SshAsync("ping -c 1 192.0.2.1"));

        // The network goes on while the server is away, and is taken over by the next.
        System.Diagnostics.Process.GetProcessById((int)(await cloud.StatusAsync())["pid"]!).Kill();
        Assert.Equal("box", await SshAsync("hostname"));
        (await cloud.GureumAsync("up", "--no-install")).Ok();
        Assert.Equal("box", await SshAsync("hostname"));

        await cloud.GetAsync("delete", "floatingip", "f", "-n", ns);
        await Eventually.GetAsync("ssh to an address that leads nowhere", async () => (await TryAsync("hostname")).Code.ToString(System.Globalization.CultureInfo.InvariantCulture), s => s != "0");
        await cloud.GetAsync("patch", "vm", "box", "-n", ns, "--type", "merge", "-p", "{\"spec\":{\"runStrategy\":\"Halted\"}}");
        await cloud.WaitAsync(ns, "port/box", "jsonpath={.status.phase}=DOWN");
    }

    [Fact]
    public async Task Pod_WithTheAnnotation_IsOnBothNetworks()
    {
        await cloud.ApplyAsync(ns, Networks + """

            ---
            apiVersion: network.gureum.io/v1
            kind: Port
            metadata: { name: one }
            spec: { network: { name: blue }, macAddress: "fa:16:3e:00:01:07", fixedIPs: [{ subnet: blue4, address: 10.0.0.7 }], portSecurity: false, deviceID: one }
            ---
            apiVersion: network.gureum.io/v1
            kind: Port
            metadata: { name: two }
            spec: { network: { name: blue }, macAddress: "fa:16:3e:00:01:08", fixedIPs: [{ subnet: blue4, address: 10.0.0.8 }], portSecurity: false, deviceID: two }
            ---
            apiVersion: v1
            kind: Pod
            metadata: { name: one, annotations: { k8s.v1.cni.cncf.io/networks: blue } }
            spec: { terminationGracePeriodSeconds: 0, containers: [{ name: c, image: "gureum.local/busybox:1", command: [sleep, "3600"] }] }
            ---
            apiVersion: v1
            kind: Pod
            metadata: { name: two, annotations: { k8s.v1.cni.cncf.io/networks: "blue@side" } }
            spec: { terminationGracePeriodSeconds: 0, containers: [{ name: c, image: "gureum.local/busybox:1", command: [sleep, "3600"] }] }
            """);
        await cloud.WaitAsync(ns, "pod/one", "condition=Ready");
        await cloud.WaitAsync(ns, "pod/two", "condition=Ready");
        Assert.Contains("10.0.0.7/24", await cloud.GetAsync("exec", "-n", ns, "one", "--", "ip", "addr", "show", "net1"));
        Assert.Contains("10.0.0.8/24", await cloud.GetAsync("exec", "-n", ns, "two", "--", "ip", "addr", "show", "side"));
        Assert.Contains("1 packets received", await cloud.GetAsync("exec", "-n", ns, "one", "--", "ping", "-c", "1", "-W", "2", "10.0.0.8"));
        await cloud.GetAsync("delete", "pod", "two", "-n", ns);
        await cloud.WaitAsync(ns, "port/two", "jsonpath={.status.phase}=DOWN");
    }

    private async Task<string> RouterAsync() => await cloud.GetAsync("get", "router.network.gureum.io", "r", "-n", ns, "-o", "jsonpath={.metadata.uid}");

    private Task<Said> TryAsync(string command) =>
        cloud.InsideAsync("ssh", ["-i", key, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=3", "root@192.0.2.50", command]);

    private async Task<string> SshAsync(string command) => (await Eventually.GetAsync("ssh to the guest", () => TryAsync(command), s => s.Code == 0)).Output.Trim();

    private string Machine => $$"""

        ---
        apiVersion: v1
        kind: Secret
        metadata: { name: keys }
        stringData: { key: "{{File.ReadAllText(key + ".pub").Trim()}}" }
        ---
        apiVersion: kubevirt.io/v1
        kind: VirtualMachine
        metadata: { name: box }
        spec:
          runStrategy: Always
          template:
            spec:
              terminationGracePeriodSeconds: 10
              domain: { memory: { guest: 128Mi }, devices: { interfaces: [{ name: blue, bridge: {}, macAddress: "fa:16:3e:00:01:05" }] } }
              networks: [{ name: blue, multus: { networkName: blue } }]
              volumes:
                - { name: root, containerDisk: { image: "gureum.local/tiny-guest:1" } }
                - { name: seed, cloudInitConfigDrive: { userData: "#cloud-config\n" } }
              accessCredentials: [{ sshPublicKey: { source: { secret: { secretName: keys } }, propagationMethod: { configDrive: {} } } }]
        """;

    private const string Networks = """
        apiVersion: network.gureum.io/v1
        kind: Network
        metadata: { name: blue }
        spec: { segment: 101 }
        ---
        apiVersion: network.gureum.io/v1
        kind: Subnet
        metadata: { name: blue4 }
        spec: { network: blue, cidr: 10.0.0.0/24, gateway: 10.0.0.1 }
        ---
        apiVersion: network.gureum.io/v1
        kind: Port
        metadata: { name: blue-dhcp }
        spec: { network: { name: blue }, macAddress: "fa:16:3e:00:01:02", fixedIPs: [{ subnet: blue4, address: 10.0.0.2 }], deviceOwner: "network:dhcp", portSecurity: false }
        ---
        apiVersion: network.gureum.io/v1
        kind: Network
        metadata: { name: out }
        spec: { segment: 102, external: true }
        ---
        apiVersion: network.gureum.io/v1
        kind: Subnet
        metadata: { name: out4 }
        spec: { network: out, cidr: 192.0.2.0/24, gateway: 192.0.2.1, dhcp: false }
        ---
        apiVersion: network.gureum.io/v1
        kind: Router
        metadata: { name: r }
        spec: { externalGateway: { network: { name: out }, fixedIPs: [{ subnet: out4, address: 192.0.2.10 }] } }
        """;

    private static string Ports(string router) => $$"""
        apiVersion: network.gureum.io/v1
        kind: SecurityGroup
        metadata: { name: ssh }
        spec: { rules: [{ id: a, direction: egress }, { id: b, direction: ingress, protocol: tcp, portRangeMin: 22, portRangeMax: 22 }] }
        ---
        apiVersion: network.gureum.io/v1
        kind: Port
        metadata: { name: box }
        spec: { network: { name: blue }, macAddress: "fa:16:3e:00:01:05", fixedIPs: [{ subnet: blue4, address: 10.0.0.5 }], securityGroups: [ssh], deviceOwner: "compute:nova" }
        ---
        apiVersion: network.gureum.io/v1
        kind: Port
        metadata: { name: r-blue }
        spec: { network: { name: blue }, macAddress: "fa:16:3e:00:01:01", fixedIPs: [{ subnet: blue4, address: 10.0.0.1 }], deviceOwner: "network:router_interface", deviceID: "{{router}}", portSecurity: false }
        ---
        apiVersion: network.gureum.io/v1
        kind: Port
        metadata: { name: r-out }
        spec: { network: { name: out }, macAddress: "fa:16:3e:00:01:10", fixedIPs: [{ subnet: out4, address: 192.0.2.10 }], deviceOwner: "network:router_gateway", deviceID: "{{router}}", portSecurity: false }
        ---
        apiVersion: network.gureum.io/v1
        kind: FloatingIP
        metadata: { name: f }
        spec: { network: { name: out }, address: 192.0.2.50, port: { name: box }, fixedAddress: 10.0.0.5 }
        """;
}
