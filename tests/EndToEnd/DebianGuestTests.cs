using System.Globalization;
using System.Text.Json.Nodes;
using Gureum.EndToEnd.Support;

namespace Gureum.EndToEnd;

/// <summary>A whole Debian with cloud-init and QEMU's guest agent: what the agent is asked for is answered by a real one.</summary>
public sealed class DebianGuestTests(SharedCloud shared) : IAsyncLifetime
{
    // It boots in one to three minutes where instructions are translated, and longer beside other work.
    private static readonly TimeSpan Boot = TimeSpan.FromMinutes(10);

    private readonly Cloud cloud = shared.Cloud;
    private string ns = "", key = "";

    public async ValueTask InitializeAsync()
    {
        ns = await cloud.NamespaceAsync("debian");
        key = Path.Combine(cloud.Data, "key-debian");
        (await Shell.RunAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key])).Ok();
    }

    public async ValueTask DisposeAsync() => await cloud.GetAsync("delete", "namespace", ns, "--wait=false");

    [Fact]
    public async Task Guest_WithCloudInitAndAgent_IsWhatItsUserDataSaysAndIsFrozenForASnapshot()
    {
        // Built by `gureum test` where the package sources can be reached; here the cache has it.
        JsonNode image = JsonNode.Parse((await cloud.InsideAsync(Cloud.Program, ["image", "build-guests", "--guest", "debian", "--data-dir", cloud.Data, "-o", "json"])).Ok())!;
        Assert.True((bool)image["imported"]!);
        await cloud.ApplyAsync(ns, Manifest((string)image["name"]!));

        await Eventually.GetAsync("cloud-init's end", () => SshAsync("cloud-init", "status"), s => s.Output.Contains("status: done", StringComparison.Ordinal), Boot);
        await SeedIsObeyedAsync();
        await AgentIsAskedAsync();
        await StatusIsKubeVirtsAsync();
        await FreezeHoldsWritesAsync();
        await SnapshotIsQuiescedAsync();
    }

    private async Task SeedIsObeyedAsync()
    {
        Assert.Equal("hello from user data\nran as root\nfar\nada", (await SshAsync("cat /etc/greeting /var/lib/ran; hostname; sudo -n true && whoami")).Ok().Trim());
        // Nothing of the image is amiss in a guest of ours.
        Assert.Equal("running", (await SshAsync("systemctl is-system-running --wait; systemctl --failed --no-legend")).Output.Trim());
    }

    private async Task AgentIsAskedAsync()
    {
        JsonNode info = await ReadAsync("guestosinfo");
        Assert.Equal(("debian", "far", "x86_64"), ((string)info["os"]!["id"]!, (string)info["hostname"]!, (string)info["os"]!["machine"]!));
        Assert.Equal((await SshAsync("uname -r")).Ok().Trim(), (string)info["os"]!["kernelRelease"]!);
        Assert.Contains(info["supportedCommands"]!.AsArray(), c => (string)c!["name"]! == "guest-fsfreeze-freeze" && (bool)c["enabled"]!);

        JsonNode[] systems = [.. (await ReadAsync("filesystemlist"))["items"]!.AsArray().Select(i => i!)];
        JsonNode root = Assert.Single(systems, s => (string)s["mountPoint"]! == "/"), data = Assert.Single(systems, s => (string)s["mountPoint"]! == "/data");
        Assert.Equal(("ext4", "virtio"), ((string)root["fileSystemType"]!, (string)root["disk"]![0]!["busType"]!));
        Assert.InRange((long)root["totalBytes"]!, 1L << 30, 2L << 30);
        Assert.Equal("DATA", (string)data["disk"]![0]!["serial"]!);

        // Who has a terminal is signed in.
        using System.Diagnostics.Process terminal = cloud.StartInside("ssh", [.. SshOptions, "-tt", "ada@" + await AddressAsync()]);
        try
        {
            JsonNode users = await Eventually.GetAsync("who is signed in", () => ReadAsync("userlist"), u => u["items"]!.AsArray().Count > 0);
            Assert.Equal("ada", (string)users["items"]![0]!["userName"]!);
            double boot = DateTimeOffset.Parse(await StatusAsync(".metadata.creationTimestamp"), CultureInfo.InvariantCulture).ToUnixTimeSeconds();
            Assert.InRange((double)users["items"]![0]!["loginTime"]!, boot, DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 1.0);
        }
        finally
        {
            terminal.Kill(entireProcessTree: true);
        }
    }

    private async Task StatusIsKubeVirtsAsync()
    {
        Assert.Equal("True", await StatusAsync(".status.conditions[?(@.type==\"AgentConnected\")].status"));
        Assert.Equal("debian", await StatusAsync(".status.guestOSInfo.id"));
        Assert.Equal("domain, guest-agent", await StatusAsync(".status.interfaces[0].infoSource"));
        Assert.Equal((await SshAsync("ip -o route get 10.96.0.1 | sed 's/.* dev //; s/ .*//'")).Ok().Trim(), await StatusAsync(".status.interfaces[0].interfaceName"));
    }

    // The guest writes all the time; frozen, nothing of it reaches the disk.
    private async Task FreezeHoldsWritesAsync()
    {
        string disk = await DiskAsync("data");
        (await SshAsync("nohup sh -c 'while sleep 0.1; do date +%N >/data/tick; sync /data/tick; done' >/dev/null 2>&1 &")).Ok();
        await MovesAsync(disk);
        await TellAsync("freeze", """{"unfreezeTimeout":"10m0s"}""");
        Assert.Equal("frozen", await StatusAsync(".status.fsFreezeStatus"));
        DateTime still = File.GetLastWriteTimeUtc(disk);
        await Task.Delay(TimeSpan.FromSeconds(3));
        Assert.Equal(still, File.GetLastWriteTimeUtc(disk));
        // Frozen, the agent answers next to nothing: what it said before is told.
        Assert.Equal("debian", (string)(await ReadAsync("guestosinfo"))["os"]!["id"]!);
        Assert.Equal("domain, guest-agent", await StatusAsync(".status.interfaces[0].infoSource"));
        await TellAsync("unfreeze", "{}");
        Assert.Equal("", await StatusAsync(".status.fsFreezeStatus"));
        await MovesAsync(disk);
    }

    // A copy of a disk whose file system was frozen needs no recovery and has what was written a moment before.
    private async Task SnapshotIsQuiescedAsync()
    {
        (await SshAsync("echo precious >/data/precious")).Ok();
        await cloud.ApplyAsync(ns, """
            apiVersion: snapshot.kubevirt.io/v1beta1
            kind: VirtualMachineSnapshot
            metadata: { name: still }
            spec: { source: { apiGroup: kubevirt.io, kind: VirtualMachine, name: far } }
            """);
        await cloud.WaitAsync(ns, "virtualmachinesnapshot/still", "jsonpath={.status.readyToUse}=true");
        Assert.Equal("[\"GuestAgent\",\"Online\"]", await cloud.GetAsync("get", "virtualmachinesnapshot", "still", "-n", ns, "-o", "jsonpath={.status.indications}"));
        string copied = (await cloud.GetAsync("get", "pvc", "-n", ns, "-o", "jsonpath={.items[*].metadata.name}")).Split(' ').Single(c => c != "data"), copy = await DiskAsync(copied);
        Assert.DoesNotContain("needs_recovery", (await Shell.RunAsync("dumpe2fs", ["-h", copy])).Ok());
        Assert.Equal("precious\n", (await Shell.RunAsync("debugfs", ["-R", "cat /precious", copy])).Ok());
        // The guest's own, which is in use, needs it.
        await MovesAsync(await DiskAsync("data"));
        Assert.Contains("needs_recovery", (await Shell.RunAsync("dumpe2fs", ["-h", await DiskAsync("data")])).Ok());
    }

    private string Manifest(string image) => $$"""
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: data }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 64Mi } } }
        ---
        apiVersion: kubevirt.io/v1
        kind: VirtualMachine
        metadata: { name: far }
        spec:
          runStrategy: Always
          template:
            spec:
              terminationGracePeriodSeconds: 5
              domain:
                cpu: { cores: 2 }
                memory: { guest: 512Mi }
                devices:
                  disks: [{ name: root, disk: { bus: virtio } }, { name: seed, disk: { bus: virtio } }, { name: data, serial: DATA, disk: { bus: virtio } }]
                  interfaces: [{ name: default, masquerade: {} }]
              networks: [{ name: default, pod: {} }]
              volumes:
                - { name: root, containerDisk: { image: "{{image}}" } }
                - { name: data, persistentVolumeClaim: { claimName: data } }
                - name: seed
                  cloudInitNoCloud:
                    userData: |
                      #cloud-config
                      users:
                        - name: ada
                          shell: /bin/bash
                          sudo: ALL=(ALL) NOPASSWD:ALL
                          ssh_authorized_keys: ["{{File.ReadAllText(key + ".pub").Trim()}}"]
                      write_files:
                        - { path: /etc/greeting, content: "hello from user data\n" }
                      runcmd:
                        - mkfs.ext4 -q /dev/disk/by-id/virtio-DATA
                        - mkdir /data && mount /dev/disk/by-id/virtio-DATA /data && chown ada /data
                        - echo "ran as $(whoami)" > /var/lib/ran
        """;

    private string[] SshOptions => ["-i", key, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=5"];

    /// <summary>Through the API, as a user would who cannot reach the pod network.</summary>
    private Task<Said> SshAsync(params string[] command) =>
        cloud.InsideAsync("env", ["HOME=" + cloud.Data, Cloud.Program, "vm", "ssh", "-n", ns, "-i", key, "--data-dir", cloud.Data, "ada@far", .. command]);

    private Task<string> AddressAsync() => StatusAsync(".status.interfaces[0].ipAddress");

    private Task<string> StatusAsync(string path) => cloud.GetAsync("get", "vmi", "far", "-n", ns, "-o", $"jsonpath={{{path}}}");

    private string Subresource(string name) => $"/apis/subresources.kubevirt.io/v1/namespaces/{ns}/virtualmachineinstances/far/{name}";

    private async Task<JsonNode> ReadAsync(string what) => JsonNode.Parse(await cloud.GetAsync("get", "--raw", Subresource(what)))!;

    private async Task TellAsync(string what, string body)
    {
        string file = Path.Combine(cloud.Data, what + ".json");
        await File.WriteAllTextAsync(file, body);
        (await cloud.InsideAsync("kubectl", ["replace", "--raw", Subresource(what), "-f", file])).Ok();
    }

    private async Task<string> DiskAsync(string claim)
    {
        string volume = await cloud.GetAsync("get", "pvc", claim, "-n", ns, "-o", "jsonpath={.spec.volumeName}");
        return Path.Combine(await cloud.GetAsync("get", "pv", volume, "-o", "jsonpath={.spec.local.path}{.spec.hostPath.path}"), "disk.img");
    }

    private static async Task MovesAsync(string disk)
    {
        DateTime before = File.GetLastWriteTimeUtc(disk);
        await Eventually.GetAsync("writes of the guest to " + disk, () => Task.FromResult(File.GetLastWriteTimeUtc(disk)), now => now > before);
    }
}
