using System.Globalization;
using Gureum.EndToEnd.Support;

namespace Gureum.EndToEnd;

/// <summary>Virtual machines as a user has them: real guests under QEMU, through kubectl.</summary>
public sealed class MachineTests(SharedCloud shared) : IAsyncLifetime
{
    private readonly Cloud cloud = shared.Cloud;
    private string ns = "";

    public async ValueTask InitializeAsync() => ns = await cloud.NamespaceAsync("machines");

    public async ValueTask DisposeAsync() => await cloud.GetAsync("delete", "namespace", ns, "--wait=false");

    [Fact]
    public async Task Example_OfAMachineAndContainers_AnswersBehindOneService()
    {
        await cloud.GetAsync("apply", "-n", ns, "-f", Path.Combine(Cloud.Root, "examples", "vm"));
        await RunningAsync("web-vm");
        await cloud.GetAsync("rollout", "status", "-n", ns, "deployment/hello-pod", "--timeout=120s");
        string service = await cloud.GetAsync("get", "service", "hello", "-n", ns, "-o", "jsonpath={.spec.clusterIP}");
        var said = new HashSet<string>();
        await Eventually.GetAsync("answers of the machine and of the containers", async () =>
        {
            said.Add((await cloud.InsideAsync("curl", ["-s", "-m", "5", $"http://{service}/"])).Output.Split(',')[0]);
            return string.Join("; ", said);
        }, _ => said.Contains("a virtual machine") && said.Contains("a container"));

        string address = await cloud.GetAsync("get", "vmi", "web-vm", "-n", ns, "-o", "jsonpath={.status.interfaces[0].ipAddress}");
        Assert.Equal(address, await cloud.GetAsync("get", "pods", "-n", ns, "-l", "kubevirt.io=virt-launcher", "-o", "jsonpath={.items[0].status.podIP}"));
        // Nothing runs for a guest but QEMU.
        Assert.Single(Guests(ns, "web-vm"));

        await cloud.GetAsync("patch", "vm", "web-vm", "-n", ns, "--type", "merge", "-p", "{\"spec\":{\"runStrategy\":\"Halted\"}}");
        await Eventually.GetAsync("the machine", () => cloud.GetAsync("get", "vm", "web-vm", "-n", ns, "-o", "jsonpath={.status.printableStatus}"), s => s == "Stopped");
        Assert.Empty(Guests(ns, "web-vm"));
        Assert.Equal("", await cloud.GetAsync("get", "vmi,pods", "-n", ns, "-l", "kubevirt.io=virt-launcher", "-o", "name"));
    }

    [Fact]
    public async Task Guest_WithACloudInitKey_IsSignedInToAndKeepsItsDisk()
    {
        string key = await KeyAsync();
        await cloud.ApplyAsync(ns, Claim("data", "32Mi") + Box(key, "cloudInitConfigDrive", "{ name: data, persistentVolumeClaim: { claimName: data } }"));
        await RunningAsync("box");
        Assert.Equal("box", await SshAsync(key, "hostname; printf kept | dd of=/dev/vdb 2>/dev/null; sync"));
        string first = await UidAsync("box");

        // The guest goes on while the cloud's server is killed and comes again.
        string pid = Assert.Single(Guests(ns, "box"));
        System.Diagnostics.Process.GetProcessById((int)(await cloud.StatusAsync())["pid"]!).Kill();
        (await cloud.GureumAsync("up", "--no-install")).Ok();
        Assert.Equal("box", await SshAsync(key, "hostname"));
        Assert.Equal((pid, first), (Assert.Single(Guests(ns, "box")), await UidAsync("box")));

        // The guest's process is killed: its machine has another instance made, one, which finds the disk of its claim.
        System.Diagnostics.Process.GetProcessById(int.Parse(pid, CultureInfo.InvariantCulture)).Kill();
        await Eventually.GetAsync("another instance", () => UidAsync("box"), uid => uid.Length > 0 && uid != first);
        await RunningAsync("box");
        Assert.Equal("kept", await SshAsync(key, "head -c 4 /dev/vdb"));
        Assert.Single(Guests(ns, "box"));
    }

    // Each key goes to the guest as it is typed, and it is the guest alone that echoes it; input that ends does not end a console.
    [Fact]
    public async Task Console_OnATerminal_TakesKeysAndIsLeftByItsEscape()
    {
        await cloud.ApplyAsync(ns, Box(await KeyAsync(), "cloudInitNoCloud"));
        await RunningAsync("box");
        await Eventually.GetAsync("the guest's shell", () => cloud.GetAsync("logs", "-n", ns, "-l", "kubevirt.io=virt-launcher"), s => s.Contains("box:~#", StringComparison.Ordinal));
        string keys = "sleep 3; printf '\\r'; sleep 1; printf 'echo said$((40+2))\\r'; sleep 3; printf '\\035'; sleep 10";
        Said said = await cloud.InsideAsync("timeout", ["60", "sh", "-c", $"({keys}) | script -qec '{Cloud.Program} vm console box -n {ns} --data-dir {cloud.Data}' /dev/null"]);
        Assert.Contains("said42", said.Ok());
        Assert.Single(System.Text.RegularExpressions.Regex.Matches(said.Output, @"echo said\$"));
        // Its screen, as virtctl's picture of it.
        Assert.StartsWith("PNG", (await cloud.GetAsync("get", "--raw", $"/apis/subresources.kubevirt.io/v1/namespaces/{ns}/virtualmachineinstances/box/vnc/screenshot"))[1..]);
    }

    [Fact]
    public async Task Disk_AddedToARunningGuest_IsSeenThereUntilItIsRemoved()
    {
        string key = await KeyAsync();
        await cloud.ApplyAsync(ns, Claim("extra", "16Mi") + Box(key, "cloudInitNoCloud"));
        await RunningAsync("box");
        await AskAsync("box", "addvolume", """{"name":"extra","disk":{"disk":{"bus":"virtio"},"serial":"EXTRA"},"volumeSource":{"persistentVolumeClaim":{"claimName":"extra"}}}""");
        await Eventually.GetAsync("the disk in the guest", () => SshAsync(key, "cat /sys/block/vd*/serial 2>/dev/null; true"), s => s.Contains("EXTRA", StringComparison.Ordinal));
        await AskAsync("box", "removevolume", """{"name":"extra"}""");
        await Eventually.GetAsync("the disk in the guest", () => SshAsync(key, "cat /sys/block/vd*/serial 2>/dev/null; true"), s => !s.Contains("EXTRA", StringComparison.Ordinal));
        await Eventually.GetAsync("the attachment's pod", () => cloud.GetAsync("get", "pods", "-n", ns, "-l", "kubevirt.io=hotplug-disk", "-o", "name"), s => s.Length == 0);
    }

    [Fact]
    public async Task Machine_GivenMoreProcessorsAndMemory_HasThemInItsGuestWithoutAStart()
    {
        string key = await KeyAsync();
        await cloud.ApplyAsync(ns, Box(key, "cloudInitNoCloud").Replace("memory: { guest: 128Mi }", "cpu: { sockets: 1 }, memory: { guest: 1Gi }", StringComparison.Ordinal));
        await RunningAsync("box");
        string uid = await UidAsync("box");
        // Blocks of memory are brought into use as they come.
        Assert.Equal("0", await SshAsync(key, "echo online > /sys/devices/system/memory/auto_online_blocks; cat /sys/devices/system/cpu/present"));
        long before = long.Parse(await SshAsync(key, "awk '/^MemTotal/{print $2}' /proc/meminfo"), CultureInfo.InvariantCulture);

        await cloud.GetAsync("patch", "vm", "box", "-n", ns, "--type", "merge", "-p", """{"spec":{"template":{"spec":{"domain":{"cpu":{"sockets":2},"memory":{"guest":"1280Mi"}}}}}}""");

        await Eventually.GetAsync("the guest's processors", () => SshAsync(key, "cat /sys/devices/system/cpu/present"), s => s == "0-1");
        await Eventually.GetAsync("the guest's memory", () => SshAsync(key, "awk '/^MemTotal/{print $2}' /proc/meminfo"), s => long.Parse(s, CultureInfo.InvariantCulture) - before == 256 * 1024);
        await cloud.WaitAsync(ns, "vmi/box", "jsonpath={.status.memory.guestCurrent}=1280Mi");
        await cloud.WaitAsync(ns, "vmi/box", "jsonpath={.status.currentCPUTopology.sockets}=2");
        await Eventually.GetAsync("the instance's conditions", () => cloud.GetAsync("get", "vmi", "box", "-n", ns, "-o", "jsonpath={.status.conditions[*].type}"), s => !s.Contains("Hot", StringComparison.Ordinal));
        Assert.Equal("200m", await cloud.GetAsync("get", "pods", "-n", ns, "-l", "kubevirt.io=virt-launcher", "-o", "jsonpath={.items[0].spec.containers[0].resources.requests.cpu}"));
        Assert.Equal(uid, await UidAsync("box"));
    }

    [Fact]
    public async Task Image_WithoutTheDisk_IsNamedOnThePodAndStartsNothing()
    {
        await cloud.ApplyAsync(ns, """
            apiVersion: kubevirt.io/v1
            kind: VirtualMachineInstance
            metadata: { name: bad }
            spec:
              domain: { memory: { guest: 64Mi }, devices: {} }
              volumes: [{ name: root, containerDisk: { image: "gureum.local/busybox:1", path: /bin/busybox } }, { name: other, containerDisk: { image: "gureum.local/busybox:1", path: /no/disk.img } }]
            """);
        string message = await Eventually.GetAsync("the pod's reason",
            () => cloud.GetAsync("get", "pods", "-n", ns, "-l", "kubevirt.io=virt-launcher", "-o", "jsonpath={.items[*].status.containerStatuses[0].state.waiting.message}"), s => s.Contains("gureum.local/busybox:1", StringComparison.Ordinal));
        Assert.Contains("no /no/disk.img in image gureum.local/busybox:1", message);
        Assert.Empty(Guests(ns, "bad"));
    }

    private static string Claim(string name, string size) => $$"""
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: {{name}} }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: {{size}} } } }
        ---

        """;

    /// <summary>The machine box, which the key opens; a volume more is its second disk.</summary>
    private static string Box(string key, string seed, string more = "") => $$"""
        apiVersion: kubevirt.io/v1
        kind: VirtualMachine
        metadata: { name: box }
        spec:
          runStrategy: Always
          template:
            spec:
              terminationGracePeriodSeconds: 20
              domain: { memory: { guest: 128Mi }, devices: {} }
              volumes:
                - { name: root, containerDisk: { image: "gureum.local/tiny-guest:1" } }
        {{(more.Length > 0 ? $"        - {more}" : "")}}
                - { name: seed, {{seed}}: { userData: "#cloud-config\nhostname: box\nssh_authorized_keys:\n- {{File.ReadAllText(key + ".pub").Trim()}}\n" } }
        """;

    private async Task AskAsync(string machine, string wish, string body)
    {
        string file = Path.Combine(cloud.Data, wish + ".json");
        await File.WriteAllTextAsync(file, body);
        (await cloud.InsideAsync("kubectl", ["replace", "--raw", $"/apis/subresources.kubevirt.io/v1/namespaces/{ns}/virtualmachines/{machine}/{wish}", "-f", file])).Ok();
    }

    private async Task<string> KeyAsync()
    {
        string key = Path.Combine(cloud.Data, "key");
        if (!File.Exists(key)) (await Shell.RunAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key])).Ok();
        return key;
    }

    private async Task RunningAsync(string machine)
    {
        await cloud.WaitAsync(ns, "vm/" + machine, "condition=Ready");
        await cloud.WaitAsync(ns, "vmi/" + machine, "jsonpath={.status.phase}=Running");
    }

    private async Task<string> UidAsync(string instance) => (await cloud.KubectlAsync("get", "vmi", instance, "-n", ns, "--ignore-not-found", "-o", "jsonpath={.metadata.uid}")).Output.Trim();

    private async Task<string> SshAsync(string key, string command)
    {
        string address = await cloud.GetAsync("get", "vmi", "box", "-n", ns, "-o", "jsonpath={.status.interfaces[0].ipAddress}");
        Said said = await Eventually.GetAsync("ssh to the guest", () => cloud.InsideAsync("ssh", ["-i", key, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=3", "root@" + address, command]), s => s.Code == 0);
        return said.Output.Trim();
    }

    private static List<string> Guests(string ns, string name) =>
        [.. Directory.EnumerateDirectories("/proc").Select(p => Path.GetFileName(p)!).Where(p => char.IsAsciiDigit(p[0])).Where(p =>
        {
            try { return File.ReadAllText($"/proc/{p}/cmdline").Contains($"guest={ns}_{name},", StringComparison.Ordinal); }
            catch (IOException) { return false; }
        })];
}
