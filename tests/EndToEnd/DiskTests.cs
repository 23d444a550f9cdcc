using Gureum.EndToEnd.Support;

namespace Gureum.EndToEnd;

/// <summary>Disks that are filled before a guest has them, and what becomes of them in snapshots and restores.</summary>
public sealed class DiskTests(SharedCloud shared) : IAsyncLifetime
{
    private readonly Cloud cloud = shared.Cloud;
    private string ns = "";

    public async ValueTask InitializeAsync() => ns = await cloud.NamespaceAsync("disks");

    public async ValueTask DisposeAsync() => await cloud.GetAsync("delete", "namespace", ns, "--wait=false");

    private async Task<string> KeyAsync()
    {
        string key = Path.Combine(cloud.Data, "key-disks");
        if (!File.Exists(key)) (await Shell.RunAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key])).Ok();
        return key;
    }

    [Fact]
    public async Task Machine_OnImportedDisks_IsWhatItWasAfterSnapshotAndRestore()
    {
        string key = await KeyAsync();
        await cloud.ApplyAsync(ns, $$"""
            apiVersion: kubevirt.io/v1
            kind: VirtualMachine
            metadata: { name: box }
            spec:
              runStrategy: Always
              dataVolumeTemplates:
                - metadata: { name: root }
                  spec: { source: { registry: { url: "docker://gureum.local/tiny-guest:1" } }, storage: { resources: { requests: { storage: 256Mi } } } }
                - metadata: { name: data }
                  spec: { source: { blank: {} }, storage: { resources: { requests: { storage: 32Mi } } } }
              template:
                spec:
                  terminationGracePeriodSeconds: 5
                  domain:
                    memory: { guest: 128Mi }
                    devices:
                      disks: [{ name: root, disk: { bus: virtio } }, { name: data, disk: { bus: virtio } }]
                  volumes:
                    - { name: root, dataVolume: { name: root } }
                    - { name: data, dataVolume: { name: data } }
                    - { name: seed, cloudInitConfigDrive: { userData: "#cloud-config\nhostname: box\nssh_authorized_keys:\n- {{File.ReadAllText(key + ".pub").Trim()}}\n" } }
            """);
        await cloud.WaitAsync(ns, "dv/root", "jsonpath={.status.phase}=Succeeded");
        await cloud.WaitAsync(ns, "vm/box", "condition=Ready");
        Assert.Equal("kept", await SshAsync(key, "printf kept | dd of=/dev/vdb conv=fsync 2>/dev/null; head -c 4 /dev/vdb"));

        await cloud.ApplyAsync(ns, """
            apiVersion: snapshot.kubevirt.io/v1beta1
            kind: VirtualMachineSnapshot
            metadata: { name: first }
            spec: { source: { apiGroup: kubevirt.io, kind: VirtualMachine, name: box } }
            """);
        await cloud.WaitAsync(ns, "virtualmachinesnapshot/first", "jsonpath={.status.readyToUse}=true");
        // The guest stood still for the copy, and goes on.
        Assert.Equal("lost", await SshAsync(key, "printf lost | dd of=/dev/vdb conv=fsync 2>/dev/null; head -c 4 /dev/vdb"));

        await cloud.ApplyAsync(ns, """
            apiVersion: snapshot.kubevirt.io/v1beta1
            kind: VirtualMachineRestore
            metadata: { name: back }
            spec: { target: { apiGroup: kubevirt.io, kind: VirtualMachine, name: box }, virtualMachineSnapshotName: first, targetReadinessPolicy: StopTarget }
            """);
        await cloud.WaitAsync(ns, "virtualmachinerestore/back", "jsonpath={.status.complete}=true");
        await cloud.GetAsync("patch", "vm", "box", "-n", ns, "--type", "merge", "-p", "{\"spec\":{\"runStrategy\":\"Always\"}}");
        await cloud.WaitAsync(ns, "vm/box", "condition=Ready");
        Assert.Equal("kept", await SshAsync(key, "head -c 4 /dev/vdb"));
    }

    [Fact]
    public async Task Volume_FromAWebServer_HasItsBytesAndAHostileOneNone()
    {
        await cloud.ApplyAsync(ns, """
            apiVersion: v1
            kind: Pod
            metadata: { name: source }
            spec:
              containers:
                - name: web
                  image: gureum.local/busybox:1
                  command: [sh, -c, "mkdir /www && cd /www && (printf disk; dd if=/dev/zero bs=1M count=2) > good.raw 2>/dev/null && printf 'QFI\\373\\000\\000\\000\\003\\000\\000\\000\\000\\000\\000\\002\\000\\000\\000\\000\\013' > bad.qcow2 && dd if=/dev/zero bs=1k count=64 >> bad.qcow2 2>/dev/null && touch ready && exec httpd -f -p 8080 -h /www"]
                  readinessProbe: { httpGet: { path: /ready, port: 8080 }, periodSeconds: 1 }
            """);
        await cloud.WaitAsync(ns, "pod/source", "condition=Ready");
        string address = await cloud.GetAsync("get", "pod", "source", "-n", ns, "-o", "jsonpath={.status.podIP}");
        foreach (var (name, url) in ((string, string)[])[("good", $"http://{address}:8080/good.raw"), ("bad", $"http://{address}:8080/bad.qcow2"), ("own", "http://127.0.0.1:6443/healthz")])
            await cloud.ApplyAsync(ns, $$"""
                apiVersion: cdi.kubevirt.io/v1beta1
                kind: DataVolume
                metadata: { name: {{name}} }
                spec: { source: { http: { url: "{{url}}" } }, storage: { resources: { requests: { storage: 8Mi } } } }
                """);
        await cloud.WaitAsync(ns, "dv/good", "jsonpath={.status.phase}=Succeeded");
        foreach (var (name, why) in ((string, string)[])[("bad", "has a backing file"), ("own", "not imported from")])
        {
            await cloud.WaitAsync(ns, "dv/" + name, "jsonpath={.status.phase}=Failed");
            Assert.Contains(why, await cloud.GetAsync("get", "dv", name, "-n", ns, "-o", "jsonpath={.status.conditions[?(@.type==\"Running\")].message}"));
        }
        // A pod gets the claim that is filled, and never the one that is not.
        foreach (string name in (string[])["good", "bad"])
            await cloud.ApplyAsync(ns, $$"""
                apiVersion: v1
                kind: Pod
                metadata: { name: reads-{{name}} }
                spec:
                  restartPolicy: Never
                  containers: [{ name: c, image: "gureum.local/busybox:1", command: [sh, -c, "head -c 4 /v/disk.img; stat -c %s /v/disk.img"], volumeMounts: [{ name: v, mountPath: /v }] }]
                  volumes: [{ name: v, persistentVolumeClaim: { claimName: {{name}} } }]
                """);
        await cloud.WaitAsync(ns, "pod/reads-good", "jsonpath={.status.phase}=Succeeded");
        Assert.Equal("disk8388608", await cloud.GetAsync("logs", "reads-good", "-n", ns));
        await Eventually.GetAsync("why the other waits", () => cloud.GetAsync("get", "events", "-n", ns, "--field-selector", "involvedObject.name=reads-bad", "-o", "jsonpath={.items[*].message}"), s => s.Contains("still being filled by DataVolume bad", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Image_Uploaded_IsTheClaimsDiskAndAHostileOneIsNot()
    {
        string good = Path.Combine(cloud.Data, "good.raw"), bad = Path.Combine(cloud.Data, "bad.qcow2");
        await File.WriteAllBytesAsync(good, [.. "disk"u8, .. new byte[5 << 20]]);
        await File.WriteAllBytesAsync(bad, [.. "QFI"u8, 0xfb, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 11, .. new byte[64 << 10]]);
        Said refused = await cloud.InsideAsync(Cloud.Program, ["vm", "image-upload", "dv", "up", "--image-path", bad, "--size", "8Mi", "-n", ns, "--data-dir", cloud.Data]);
        Assert.NotEqual(0, refused.Code);
        Assert.Contains("has a backing file", refused.Errors);
        // What was refused has left nothing: the same claim takes another.
        (await cloud.InsideAsync(Cloud.Program, ["vm", "image-upload", "dv", "up", "--image-path", good, "--no-create", "-n", ns, "--data-dir", cloud.Data])).Ok();
        await cloud.ApplyAsync(ns, """
            apiVersion: v1
            kind: Pod
            metadata: { name: reads }
            spec:
              restartPolicy: Never
              containers: [{ name: c, image: "gureum.local/busybox:1", command: [sh, -c, "head -c 4 /v/disk.img; stat -c %s /v/disk.img; ls -A /v | wc -l"], volumeMounts: [{ name: v, mountPath: /v }] }]
              volumes: [{ name: v, persistentVolumeClaim: { claimName: up } }]
            """);
        await cloud.WaitAsync(ns, "pod/reads", "jsonpath={.status.phase}=Succeeded");
        Assert.Equal("disk8388608\n1", await cloud.GetAsync("logs", "reads", "-n", ns));
    }

    [Fact]
    public async Task Blocks_OfAClaim_AreADeviceOfContainersAndADiskOfAGuestAndLeaveNothing()
    {
        string key = await KeyAsync();
        await cloud.ApplyAsync(ns, """
            apiVersion: cdi.kubevirt.io/v1beta1
            kind: DataVolume
            metadata: { name: blocks }
            spec: { source: { blank: {} }, storage: { volumeMode: Block, resources: { requests: { storage: 16Mi } } } }
            """);
        await cloud.ApplyAsync(ns, string.Join("\n---\n", new[] { "writer", "reader" }.Select(name => $$"""
            apiVersion: v1
            kind: Pod
            metadata: { name: {{name}} }
            spec:
              terminationGracePeriodSeconds: 0
              containers: [{ name: c, image: "gureum.local/busybox:1", command: [sleep, "1000"], volumeDevices: [{ name: v, devicePath: /dev/blocks }] }]
              volumes: [{ name: v, persistentVolumeClaim: { claimName: blocks } }]
            """)));
        await cloud.WaitAsync(ns, "pod/writer", "condition=Ready");
        await cloud.WaitAsync(ns, "pod/reader", "condition=Ready");
        Assert.Single(Loops());
        await cloud.GetAsync("exec", "-n", ns, "writer", "--", "sh", "-c", "printf kept | dd of=/dev/blocks conv=fsync,notrunc 2>/dev/null");
        // Both have the same device: what one writes the other reads.
        Assert.Equal("kept16777216", await cloud.GetAsync("exec", "-n", ns, "reader", "--", "sh", "-c", "head -c 4 /dev/blocks; blockdev --getsize64 /dev/blocks"));
        await cloud.GetAsync("delete", "pod", "writer", "-n", ns);
        Assert.Single(Loops());
        await cloud.GetAsync("delete", "pod", "reader", "-n", ns);
        // Without grace the API forgets a pod before its node does.
        await Eventually.GetAsync("devices that are left", () => Task.FromResult(string.Join("; ", Loops())), s => s.Length == 0);

        await cloud.ApplyAsync(ns, $$"""
            apiVersion: kubevirt.io/v1
            kind: VirtualMachine
            metadata: { name: box }
            spec:
              runStrategy: Always
              template:
                spec:
                  terminationGracePeriodSeconds: 5
                  domain: { memory: { guest: 128Mi }, devices: {} }
                  volumes:
                    - { name: root, containerDisk: { image: "gureum.local/tiny-guest:1" } }
                    - { name: data, dataVolume: { name: blocks } }
                    - { name: seed, cloudInitConfigDrive: { userData: "#cloud-config\nhostname: box\nssh_authorized_keys:\n- {{File.ReadAllText(key + ".pub").Trim()}}\n" } }
            """);
        await cloud.WaitAsync(ns, "vm/box", "condition=Ready");
        Assert.Equal("kept", await SshAsync(key, "head -c 4 /dev/vdb"));
        Assert.Empty(Loops());
    }

    // The files of this cloud that the kernel shows as block devices.
    private List<string> Loops() => [.. Directory.EnumerateDirectories("/sys/block", "loop*").Select(d => d + "/loop/backing_file").Where(File.Exists).Select(f => File.ReadAllText(f).Trim()).Where(f => f.StartsWith(cloud.Data, StringComparison.Ordinal))];

    private async Task<string> SshAsync(string key, string command)
    {
        Said said = await Eventually.GetAsync("ssh to the guest", async () =>
        {
            string address = await cloud.GetAsync("get", "vmi", "box", "-n", ns, "-o", "jsonpath={.status.interfaces[0].ipAddress}");
            return await cloud.InsideAsync("ssh", ["-i", key, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=3", "root@" + address, command]);
        }, s => s.Code == 0);
        return said.Output.Trim();
    }
}
