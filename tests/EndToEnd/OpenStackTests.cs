using System.Text.Json.Nodes;
using Gureum.EndToEnd.Support;

namespace Gureum.EndToEnd;

/// <summary>The OpenStack door as a user has it: the unmodified `openstack` client, and kubectl beside it on the same objects.</summary>
public sealed class OpenStackTests(SharedCloud shared)
{
    private readonly Cloud cloud = shared.Cloud;

    private async Task<string> RunAsync(string user, params string[] arguments) => (await TryAsync(user, arguments)).Ok().Trim();

    /// <param name="user">admin, with the password of `openrc`; or NAME:PASSWORD@PROJECT.</param>
    private Task<Said> TryAsync(string user, params string[] arguments)
    {
        const string Script = ". <(\"$PROGRAM\" openrc admin --data-dir \"$DATA\"); if [ \"$WHO\" != admin ]; then OS_USERNAME=${WHO%%:*}; WHO=${WHO#*:}; OS_PASSWORD=${WHO%%@*}; OS_PROJECT_NAME=${WHO#*@}; fi; exec openstack \"$@\"";
        return cloud.InsideAsync("env", ["PROGRAM=" + Cloud.Program, "DATA=" + cloud.Data, "WHO=" + user, "bash", "-c", Script, "openstack", .. arguments]);
    }

    private async Task<JsonNode> ReadAsync(string user, params string[] arguments) => JsonNode.Parse(await RunAsync(user, [.. arguments, "-f", "json"]))!;

    [Fact]
    public async Task Project_OfTheDoor_IsANamespaceThatItsMemberHasAndOthersHaveNot()
    {
        await RunAsync("admin", "project", "create", "acme");
        await RunAsync("admin", "user", "create", "--password", "s3cret", "alice");
        await RunAsync("admin", "role", "add", "--project", "acme", "--user", "alice", "member");
        string token = (string)(await ReadAsync("alice:s3cret@acme", "token", "issue"))["id"]!;
        string server = await cloud.GetAsync("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}");
        Task<Said> KubectlAsync(params string[] arguments) => cloud.InsideAsync("kubectl", ["--kubeconfig=/dev/null", "--server", server, "--insecure-skip-tls-verify", "--token", token, .. arguments]);
        Assert.Equal("yes", (await KubectlAsync("auth", "can-i", "create", "virtualmachines.kubevirt.io", "-n", "acme")).Output.Trim());
        Assert.Equal("no", (await KubectlAsync("auth", "can-i", "get", "pods", "-n", "default")).Output.Trim());
        Assert.Equal("no", (await KubectlAsync("auth", "can-i", "get", "secrets", "-n", "gureum-identity")).Output.Trim());

        Said refused = await TryAsync("alice:s3cret@acme", "user", "list");
        Assert.Contains("403", refused.Output + refused.Errors, StringComparison.Ordinal);
        Said wrong = await TryAsync("alice:wrong@acme", "token", "issue");
        Assert.Contains("401", wrong.Output + wrong.Errors, StringComparison.Ordinal);

        // What was made with a role goes when the role does: at the other door too.
        JsonNode credential = await ReadAsync("alice:s3cret@acme", "application", "credential", "create", "robot");
        string robot = "keystone:application-credential:" + (string)credential["id"]!;
        Task<string> MayAsync() => cloud.GetAsync("get", "rolebindings", "-n", "acme", "-o", $"jsonpath={{.items[?(@.subjects[0].name=='{robot}')].metadata.name}}");
        Assert.Contains("keystone:member", await MayAsync(), StringComparison.Ordinal);
        await RunAsync("admin", "role", "remove", "--project", "acme", "--user", "alice", "member");
        await Eventually.GetAsync("the credential's bindings", MayAsync, static s => s.Length == 0);
        await RunAsync("admin", "role", "add", "--project", "acme", "--user", "alice", "member");
        await Eventually.GetAsync("the credential's bindings", MayAsync, static s => s.Contains("keystone:member", StringComparison.Ordinal));

        // A deleted user's token is dead at once, at both doors.
        await RunAsync("admin", "user", "delete", "alice");
        Assert.Contains("Unauthorized", (await KubectlAsync("get", "pods", "-n", "acme")).Errors, StringComparison.Ordinal);
        await RunAsync("admin", "project", "delete", "acme");
        await cloud.GetAsync("wait", "--for=delete", "namespace/acme", "--timeout=60s");
    }

    [Fact]
    public async Task Server_OfTheDoor_IsAVirtualMachineThatOneSignsInTo()
    {
        string folder = Directory.CreateTempSubdirectory("gureum-openstack-").FullName;
        try
        {
            string key = Path.Combine(folder, "key"), disk = Path.Combine(folder, "tiny.qcow2"), read = Path.Combine(folder, "read.qcow2");
            (await Shell.RunAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key])).Ok();
            File.Copy(TinyDisk(), disk);
            await RunAsync("admin", "image", "create", "--disk-format", "qcow2", "--container-format", "bare", "--file", disk, "tiny");
            Assert.Equal("active", (string)(await ReadAsync("admin", "image", "show", "tiny"))["status"]!);
            await RunAsync("admin", "image", "save", "--file", read, "tiny");
            Assert.Equal(await File.ReadAllBytesAsync(disk), await File.ReadAllBytesAsync(read));
            await RunAsync("admin", "keypair", "create", "--public-key", key + ".pub", "k");

            JsonNode made = await ReadAsync("admin", "server", "create", "--image", "tiny", "--flavor", "m1.nano", "--key-name", "k", "--wait", "one");
            Assert.Equal("ACTIVE", (string)made["status"]!);
            Assert.Equal("Running", await cloud.GetAsync("get", "vm", "one", "-n", "admin", "-o", "jsonpath={.status.printableStatus}"));
            Assert.Equal((string)made["id"]!, await cloud.GetAsync("get", "vm", "one", "-n", "admin", "-o", "jsonpath={.metadata.uid}"));
            string address = await cloud.GetAsync("get", "vmi", "one", "-n", "admin", "-o", "jsonpath={.status.interfaces[0].ipAddress}");
            string said = await Eventually.GetAsync("the guest over ssh", async () =>
                (await cloud.InsideAsync("ssh", ["-i", key, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=5", "root@" + address, "hostname"])).Output.Trim(), static s => s.Length > 0);
            Assert.Equal("one", said);

            await RunAsync("admin", "server", "pause", "one");
            await StatusAsync("one", "PAUSED");
            await RunAsync("admin", "server", "unpause", "one");
            await StatusAsync("one", "ACTIVE");
            // Its consoles; then it is off.
            await ScriptAsync("console.py", 17, "SERVER=" + (string)made["id"]!);
            await StatusAsync("one", "SHUTOFF");
            await RunAsync("admin", "server", "start", "one");
            await StatusAsync("one", "ACTIVE");

            // One object: what kubectl deletes is gone at the other door.
            await cloud.GetAsync("delete", "vm", "one", "-n", "admin", "--timeout=60s");
            Assert.Empty((await ReadAsync("admin", "server", "list")).AsArray());
            string[] blobs = Directory.GetFiles(Path.Combine(cloud.Data, "images", "sha256"));
            Assert.Single(blobs);
            await cloud.GetAsync("delete", "images.image.gureum.io", "tiny", "-n", "admin");
            await Eventually.GetAsync("the image's data", () => Task.FromResult(File.Exists(blobs[0]) ? "there" : "gone"), static s => s == "gone");
            await RunAsync("admin", "keypair", "delete", "k");
        }
        finally { Directory.Delete(folder, recursive: true); }
    }

    [Fact]
    public async Task Image_WithABackingFile_IsRefusedAndLeavesNothing()
    {
        string folder = Directory.CreateTempSubdirectory("gureum-openstack-").FullName;
        try
        {
            string disk = Path.Combine(folder, "evil.qcow2");
            (await Shell.RunAsync("qemu-img", ["create", "-q", "-f", "qcow2", "-u", "-b", "/etc/shadow", "-F", "raw", disk, "1M"])).Ok();
            Said refused = await TryAsync("admin", "image", "create", "--disk-format", "qcow2", "--container-format", "bare", "--file", disk, "evil");
            Assert.Contains("backing file", refused.Output + refused.Errors, StringComparison.Ordinal);
            Assert.DoesNotContain((await ReadAsync("admin", "image", "list")).AsArray(), static i => (string)i!["Name"]! == "evil" && (string)i["Status"]! == "active");
            foreach (JsonNode? left in (await ReadAsync("admin", "image", "list")).AsArray()) await RunAsync("admin", "image", "delete", (string)left!["ID"]!);
            Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(cloud.Data, "images", "incoming")));
        }
        finally { Directory.Delete(folder, recursive: true); }
    }

    [Fact]
    public async Task Image_Imported_IsWhatWasStagedOrDownloadedAndNothingOfTheCloudsOwn()
    {
        string folder = Directory.CreateTempSubdirectory("gureum-openstack-").FullName;
        try
        {
            await RunAsync("admin", "image", "create", "--import", "--disk-format", "qcow2", "--container-format", "bare", "--file", TinyDisk(), "staged");
            await ImageAsync("staged", "active");
            string read = Path.Combine(folder, "read.qcow2");
            await RunAsync("admin", "image", "save", "--file", read, "staged");
            Assert.Equal(await File.ReadAllBytesAsync(TinyDisk()), await File.ReadAllBytesAsync(read));
            Assert.Empty(Directory.EnumerateFiles(Path.Combine(cloud.Data, "images", "staged")));

            await using WebServer server = await WebServer.StartAsync(cloud);
            string image = server.Image;
            foreach (var (name, url, status) in ((string, string, string)[])[("web", image, "active"), ("none", image + "-not", "queued"), ("own", "http://127.0.0.1:6443/healthz", "queued"), ("link", "http://169.254.169.254/openstack/latest/meta_data.json", "queued")])
            {
                await DownloadAsync(name, url);
                JsonNode shown = await ImageAsync(name, status);
                Assert.Equal(status == "active" ? "" : "blobs", (string)shown["properties"]!["os_glance_failed_import"]!);
            }
            Assert.Equal(WebServer.Bytes, (long)(await ReadAsync("admin", "image", "show", "web"))["size"]!);
            Assert.Contains("not imported from", await cloud.GetAsync("get", "images.image.gureum.io", "own", "-n", "admin", "-o", "jsonpath={.status.message}"), StringComparison.Ordinal);
            Assert.Contains("got 404", await cloud.GetAsync("get", "images.image.gureum.io", "none", "-n", "admin", "-o", "jsonpath={.status.import.message}"), StringComparison.Ordinal);
            foreach (string name in (string[])["staged", "web", "none", "own", "link"]) await RunAsync("admin", "image", "delete", name);
            Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(cloud.Data, "images", "incoming")));
        }
        finally { Directory.Delete(folder, recursive: true); }
    }

    // Glance's own client, for the other one has no word for it.
    private async Task DownloadAsync(string name, string url)
    {
        const string Script = ". <(\"$PROGRAM\" openrc admin --data-dir \"$DATA\"); exec glance image-create-via-import --name \"$NAME\" --disk-format raw --container-format bare --import-method web-download --uri \"$URL\" <&-";
        (await cloud.InsideAsync("env", ["PROGRAM=" + Cloud.Program, "DATA=" + cloud.Data, "NAME=" + name, "URL=" + url, "bash", "-c", Script])).Ok();
    }

    private async Task<JsonNode> ImageAsync(string name, string wanted)
    {
        await Eventually.GetAsync("the image's status", async () => (string)(await ReadAsync("admin", "image", "show", name))["status"]!, s => s == wanted && s != "importing");
        return await ReadAsync("admin", "image", "show", name);
    }

    [Fact]
    public async Task Image_OfAServerOrAVolume_HasWhatTheGuestWrote()
    {
        string folder = Directory.CreateTempSubdirectory("gureum-openstack-").FullName;
        try
        {
            string key = Path.Combine(folder, "key");
            (await Shell.RunAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key])).Ok();
            await RunAsync("admin", "keypair", "create", "--public-key", key + ".pub", "k");
            await RunAsync("admin", "image", "create", "--disk-format", "qcow2", "--container-format", "bare", "--property", "os_distro=tiny", "--file", TinyDisk(), "base");
            JsonNode first = await ReadAsync("admin", "server", "create", "--image", "base", "--flavor", "m1.nano", "--key-name", "k", "--wait", "first");
            const string Read = "dd if=/dev/vda bs=1M skip=900 count=1 2>/dev/null | head -c 5";
            Assert.Equal("there", await SayAsync(key, "first", "printf there | dd of=/dev/vda bs=1M seek=900 conv=notrunc,fsync 2>/dev/null; " + Read));

            JsonNode snapshot = await ReadAsync("admin", "server", "image", "create", "--property", "why=test", "--name", "kept", "--wait", "first");
            Assert.Equal(("active", "qcow2", 1L), ((string)snapshot["status"]!, (string)snapshot["disk_format"]!, (long)snapshot["min_disk"]!));
            JsonNode properties = (await ReadAsync("admin", "image", "show", "kept"))["properties"]!;
            Assert.Equal(((string)first["id"]!, "snapshot", "tiny", "test"), ((string)properties["instance_uuid"]!, (string)properties["image_type"]!, (string)properties["os_distro"]!, (string)properties["why"]!));
            Assert.Equal(("ACTIVE", "Running"), ((string)(await ReadAsync("admin", "server", "show", "first"))["status"]!, await cloud.GetAsync("get", "vm", "first", "-n", "admin", "-o", "jsonpath={.status.printableStatus}")));
            // Nothing of the copy is left.
            await Eventually.GetAsync("the snapshot", () => cloud.GetAsync("get", "volumesnapshots,pvc", "-n", "admin", "-o", "jsonpath={.items[*].metadata.name}"), static s => !s.Contains("image-", StringComparison.Ordinal) && !s.Contains("snapshot-", StringComparison.Ordinal));
            await RunAsync("admin", "server", "create", "--image", "kept", "--flavor", "m1.nano", "--key-name", "k", "--wait", "second");
            Assert.Equal("there", await SayAsync(key, "second", Read));

            // A server that boots from a volume has no disk of its own; its volume is made an image, by force as long as it runs.
            await RunAsync("admin", "server", "create", "--boot-from-volume", "1", "--image", "kept", "--flavor", "m1.nano", "--wait", "rooted");
            Said refused = await TryAsync("admin", "server", "image", "create", "--name", "no", "rooted");
            Assert.Contains("boots from a volume", refused.Output + refused.Errors, StringComparison.Ordinal);
            string volume = (string)(await ReadAsync("admin", "server", "volume", "list", "rooted"))[0]!["Volume ID"]!;
            Said busy = await TryAsync("admin", "image", "create", "--volume", volume, "of-volume");
            Assert.Contains("With force it may be in use", busy.Output + busy.Errors, StringComparison.Ordinal);
            await RunAsync("admin", "image", "create", "--force", "--disk-format", "qcow2", "--volume", volume, "of-volume");
            await ImageAsync("of-volume", "active");
            await VolumeAsync(volume, "status", "in-use");
            await RunAsync("admin", "image", "save", "--file", Path.Combine(folder, "disk.qcow2"), "of-volume");
            (await Shell.RunAsync("qemu-img", ["convert", "-O", "raw", Path.Combine(folder, "disk.qcow2"), Path.Combine(folder, "disk.raw")])).Ok();
            await using (FileStream disk = File.OpenRead(Path.Combine(folder, "disk.raw")))
            {
                disk.Position = 900 << 20;
                byte[] there = new byte[5];
                await disk.ReadExactlyAsync(there);
                Assert.Equal("there"u8.ToArray(), there);
            }

            foreach (string server in (string[])["first", "second", "rooted"]) await RunAsync("admin", "server", "delete", "--wait", server);
            await RunAsync("admin", "volume", "delete", volume);
            foreach (string name in (string[])["of-volume", "kept", "base"]) await RunAsync("admin", "image", "delete", name);
            await RunAsync("admin", "keypair", "delete", "k");
        }
        finally { Directory.Delete(folder, recursive: true); }
    }

    private async Task<string> SayAsync(string key, string server, string command)
    {
        string address = await cloud.GetAsync("get", "vmi", server, "-n", "admin", "-o", "jsonpath={.status.interfaces[0].ipAddress}");
        return await Eventually.GetAsync("the guest over ssh", async () =>
            (await cloud.InsideAsync("ssh", ["-i", key, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=5", "root@" + address, command])).Output.Trim(), static s => s.Length > 0);
    }

    [Fact]
    public async Task Volume_OfTheDoor_IsAClaimThatAGuestHasAndOthersGet()
    {
        string folder = Directory.CreateTempSubdirectory("gureum-openstack-").FullName;
        try
        {
            string disk = Path.Combine(folder, "tiny.qcow2");
            File.Copy(TinyDisk(), disk);
            await RunAsync("admin", "image", "create", "--disk-format", "qcow2", "--container-format", "bare", "--file", disk, "small");
            JsonNode made = await ReadAsync("admin", "volume", "create", "--size", "1", "--property", "a=b", "data");
            string id = (string)made["id"]!;
            Assert.Equal(id, await cloud.GetAsync("get", "pvc", "data", "-n", "admin", "-o", "jsonpath={.metadata.uid}"));
            Assert.Equal("available", await VolumeAsync("data", "status", "available"));

            // It comes to the running guest, as a disk that has the volume's id as its serial number.
            await RunAsync("admin", "server", "create", "--image", "small", "--flavor", "m1.nano", "--wait", "guest");
            await RunAsync("admin", "server", "add", "volume", "guest", "data");
            await VolumeAsync("data", "status", "in-use");
            string xml = (await cloud.VirshAsync("dumpxml", "admin_guest")).Ok();
            Assert.Contains($"<serial>{id}</serial>", xml, StringComparison.Ordinal);
            Assert.Equal(id, (string)(await ReadAsync("admin", "server", "volume", "list", "guest"))[0]!["Volume ID"]!);
            Assert.Contains(id, (await ReadAsync("admin", "server", "show", "guest"))["volumes_attached"]!.ToJsonString(), StringComparison.Ordinal);
            Said busy = await TryAsync("admin", "volume", "delete", "data");
            Assert.Contains("must not be migrating, attached", busy.Output + busy.Errors, StringComparison.Ordinal);
            await RunAsync("admin", "server", "remove", "volume", "guest", "data");
            await VolumeAsync("data", "status", "available");
            await Eventually.GetAsync("the guest's disks", async () => (await cloud.VirshAsync("dumpxml", "admin_guest")).Ok(), x => !x.Contains(id, StringComparison.Ordinal));

            // It grows, is kept, and what was kept is another volume.
            await RunAsync("admin", "volume", "set", "--size", "2", "data");
            await VolumeAsync("data", "size", "2");
            await RunAsync("admin", "volume", "snapshot", "create", "--volume", "data", "kept");
            await Eventually.GetAsync("the snapshot's status", async () => (string)(await ReadAsync("admin", "volume", "snapshot", "show", "kept"))["status"]!, static s => s == "available");
            Assert.Equal("true", await cloud.GetAsync("get", "volumesnapshots", "kept", "-n", "admin", "-o", "jsonpath={.status.readyToUse}"));
            await RunAsync("admin", "volume", "create", "--snapshot", "kept", "again");
            await VolumeAsync("again", "status", "available");
            Assert.Equal("2", await VolumeAsync("again", "size", "2"));
            Said kept = await TryAsync("admin", "volume", "delete", "data");
            Assert.Contains("has 1 snapshots", kept.Output + kept.Errors, StringComparison.Ordinal);
            await RunAsync("admin", "volume", "snapshot", "delete", "kept");
            await cloud.GetAsync("wait", "--for=delete", "volumesnapshot/kept", "-n", "admin", "--timeout=60s");

            // A server may start from a volume, which goes with it when that was asked for.
            JsonNode root = await ReadAsync("admin", "server", "create", "--boot-from-volume", "1", "--image", "small", "--flavor", "m1.nano", "--wait", "rooted");
            Assert.Equal("ACTIVE", (string)root["status"]!);
            Assert.Single(root["volumes_attached"]!.AsArray());

            // Another project gets the data with the key, and only with it.
            await RunAsync("admin", "project", "create", "buyer");
            await RunAsync("admin", "user", "create", "--password", "s3cret", "bob");
            await RunAsync("admin", "role", "add", "--project", "buyer", "--user", "bob", "member");
            string volume = await cloud.GetAsync("get", "pvc", "again", "-n", "admin", "-o", "jsonpath={.spec.volumeName}"), other = (string)(await ReadAsync("admin", "volume", "show", "again"))["id"]!;
            JsonNode transfer = await ReadAsync("admin", "volume", "transfer", "request", "create", "again");
            Said wrong = await TryAsync("bob:s3cret@buyer", "volume", "transfer", "request", "accept", "--auth-key", "0000", (string)transfer["id"]!);
            Assert.Contains("invalid auth key", wrong.Output + wrong.Errors, StringComparison.Ordinal);
            await RunAsync("bob:s3cret@buyer", "volume", "transfer", "request", "accept", "--auth-key", (string)transfer["auth_key"]!, (string)transfer["id"]!);
            await Eventually.GetAsync("the volume's status", async () => (string)(await ReadAsync("bob:s3cret@buyer", "volume", "show", other))["status"]!, static s => s == "available");
            Assert.Equal(volume, await cloud.GetAsync("get", "pvc", "again", "-n", "buyer", "-o", "jsonpath={.spec.volumeName}"));
            Assert.DoesNotContain(other, (await ReadAsync("admin", "volume", "list")).ToJsonString(), StringComparison.Ordinal);

            // Beyond the quota nothing is made.
            await RunAsync("admin", "quota", "set", "--gigabytes", "3", "buyer");
            Said refused = await TryAsync("bob:s3cret@buyer", "volume", "create", "--size", "2", "more");
            Assert.Contains("413", refused.Output + refused.Errors, StringComparison.Ordinal);
            Assert.Single((await ReadAsync("bob:s3cret@buyer", "volume", "list")).AsArray());

            foreach (string server in (string[])["guest", "rooted"]) await RunAsync("admin", "server", "delete", "--wait", server);
            foreach (JsonNode? left in (await ReadAsync("admin", "volume", "list")).AsArray()) await RunAsync("admin", "volume", "delete", (string)left!["ID"]!);
            await RunAsync("bob:s3cret@buyer", "volume", "delete", other);
            await cloud.GetAsync("wait", "--for=delete", "pvc", "--all", "-n", "buyer", "--timeout=60s");
            Assert.Equal("", await cloud.GetAsync("get", "pv", "-o", "jsonpath={.items[?(@.spec.claimRef.namespace=='buyer')].metadata.name}"));
            await RunAsync("admin", "user", "delete", "bob");
            await RunAsync("admin", "project", "delete", "buyer");
            await RunAsync("admin", "image", "delete", "small");
        }
        finally { Directory.Delete(folder, recursive: true); }
    }

    private Task<string> VolumeAsync(string name, string field, string wanted) => Eventually.GetAsync($"the volume's {field}", async () => (await ReadAsync("admin", "volume", "show", name))[field]!.ToString(), s => s == wanted);

    /// <summary>What a user of a project does, in the issue's own words: a network, a router, a server, an address from outside, and what each refuses.</summary>
    [Fact]
    public async Task Network_OfTheDoor_HasAServerThatIsReachedByItsFloatingIp()
    {
        const string Carol = "carol:s3cret@netco", Eve = "eve:s3cret@spyco";
        string folder = Directory.CreateTempSubdirectory("gureum-openstack-").FullName;
        try
        {
            string key = Path.Combine(folder, "key");
            (await Shell.RunAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key])).Ok();
            await RunAsync("admin", "image", "create", "--public", "--disk-format", "qcow2", "--container-format", "bare", "--file", TinyDisk(), "seen-by-all");
            foreach (string[] pair in (string[][])[["netco", "carol"], ["spyco", "eve"]])
            {
                await RunAsync("admin", "project", "create", pair[0]);
                await RunAsync("admin", "user", "create", "--password", "s3cret", pair[1]);
                await RunAsync("admin", "role", "add", "--project", pair[0], "--user", pair[1], "member");
            }
            await RunAsync(Carol, "keypair", "create", "--public-key", key + ".pub", "k");
            string network = (string)(await ReadAsync(Carol, "network", "create", "net1"))["id"]!;
            Assert.Equal(network, await cloud.GetAsync("get", "networks.network.gureum.io", "net1", "-n", "netco", "-o", "jsonpath={.metadata.uid}"));
            await RunAsync(Carol, "subnet", "create", "--network", "net1", "--subnet-range", "10.77.0.0/24", "sub1");
            Said overlap = await TryAsync(Carol, "subnet", "create", "--network", "net1", "--subnet-range", "10.77.0.128/25", "sub2");
            Assert.Contains("overlaps with another subnet", overlap.Output + overlap.Errors, StringComparison.Ordinal);
            await RunAsync(Carol, "router", "create", "r1");
            await RunAsync(Carol, "router", "set", "--external-gateway", "public", "r1");
            await RunAsync(Carol, "router", "add", "subnet", "r1", "sub1");
            await RunAsync(Carol, "security", "group", "rule", "create", "--protocol", "tcp", "--dst-port", "22", "default");

            JsonNode made = await ReadAsync(Carol, "server", "create", "--image", "seen-by-all", "--flavor", "m1.nano", "--network", "net1", "--key-name", "k", "--wait", "vm1");
            Assert.StartsWith("10.77.0.", (string)made["addresses"]!["net1"]![0]!, StringComparison.Ordinal);
            string address = (string)(await ReadAsync(Carol, "floating", "ip", "create", "public"))["floating_ip_address"]!;
            await RunAsync(Carol, "server", "add", "floating", "ip", "vm1", address);
            async Task<string> SshAsync(string command) => (await cloud.InsideAsync("ssh", ["-i", key, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=5", "root@" + address, command])).Output.Trim();
            Assert.Equal("vm1", await Eventually.GetAsync("the guest over its floating IP", () => SshAsync("hostname"), static s => s.Length > 0));
            Assert.Contains((string)made["id"]!, await SshAsync("wget -qO- http://169.254.169.254/openstack/latest/meta_data.json"), StringComparison.Ordinal);
            Assert.Contains(address, (await ReadAsync(Carol, "server", "show", "vm1"))["addresses"]!.ToJsonString(), StringComparison.Ordinal);

            // Whoever is of another project neither reads nor names any of it.
            Assert.DoesNotContain(network, (await ReadAsync(Eve, "network", "list")).ToJsonString(), StringComparison.Ordinal);
            foreach (string[] command in (string[][])[["network", "show", network], ["network", "delete", network], ["port", "create", "--network", network, "p"], ["server", "create", "--image", "seen-by-all", "--flavor", "m1.nano", "--nic", "net-id=" + network, "x"]])
                Assert.NotEqual(0, (await TryAsync(Eve, command)).Code);
            Assert.Empty((await ReadAsync(Eve, "server", "list")).AsArray());

            // It gets a bigger flavor, and is what it was with its address; shelved and back.
            await RunAsync(Carol, "server", "resize", "--flavor", "m1.tiny", "--wait", "vm1");
            await StatusOfAsync(Carol, "vm1", "VERIFY_RESIZE");
            await RunAsync(Carol, "server", "resize", "confirm", "vm1");
            await StatusOfAsync(Carol, "vm1", "ACTIVE");
            Assert.Equal("m1.tiny", await cloud.GetAsync("get", "vm", "vm1", "-n", "netco", "-o", "jsonpath={.spec.instancetype.name}"));
            await RunAsync(Carol, "server", "resize", "--flavor", "m1.nano", "--wait", "vm1");
            await StatusOfAsync(Carol, "vm1", "VERIFY_RESIZE");
            await RunAsync(Carol, "server", "resize", "revert", "vm1");
            await StatusOfAsync(Carol, "vm1", "ACTIVE");
            Assert.Equal("m1.tiny", await cloud.GetAsync("get", "vm", "vm1", "-n", "netco", "-o", "jsonpath={.spec.instancetype.name}"));
            await RunAsync(Carol, "server", "shelve", "vm1");
            await StatusOfAsync(Carol, "vm1", "SHELVED_OFFLOADED");
            await RunAsync(Carol, "server", "unshelve", "vm1");
            await StatusOfAsync(Carol, "vm1", "ACTIVE");
            Assert.Equal("vm1", await Eventually.GetAsync("the guest after all that", () => SshAsync("hostname"), static s => s.Length > 0));

            // Its disk is made anew from the image: what the guest wrote is gone, its address and its name are what they were.
            const string Read = "dd if=/dev/vda bs=1M skip=900 count=1 2>/dev/null | head -c 5 | tr '\\0' '-'";
            Assert.Equal("there", await SshAsync("printf there | dd of=/dev/vda bs=1M seek=900 conv=notrunc,fsync 2>/dev/null; " + Read));
            await RunAsync(Carol, "server", "rebuild", "--image", "seen-by-all", "vm1");
            await StatusOfAsync(Carol, "vm1", "ACTIVE");
            Assert.Equal("-----", await Eventually.GetAsync("the rebuilt guest", () => SshAsync(Read), static s => s.Length > 0));
            Assert.Contains("resize", (await ReadAsync(Carol, "server", "event", "list", "vm1")).ToJsonString(), StringComparison.Ordinal);

            // What is used is not deleted; what was made for the server goes with it.
            Said used = await TryAsync(Carol, "network", "delete", "net1");
            Assert.Contains("still in use on the network", used.Output + used.Errors, StringComparison.Ordinal);
            await RunAsync(Carol, "server", "delete", "--wait", "vm1");
            await Eventually.GetAsync("the server's port", () => cloud.GetAsync("get", "ports.network.gureum.io", "-n", "netco", "-o", "jsonpath={.items[*].spec.deviceOwner}"), static s => !s.Contains("compute", StringComparison.Ordinal));
            await RunAsync(Carol, "floating", "ip", "delete", address);
            await RunAsync(Carol, "router", "remove", "subnet", "r1", "sub1");
            await RunAsync(Carol, "router", "delete", "r1");
            await RunAsync(Carol, "network", "delete", "net1");
            await RunAsync("admin", "image", "delete", "seen-by-all");
            foreach (string project in (string[])["netco", "spyco"]) await RunAsync("admin", "project", "delete", project);
            foreach (string user in (string[])["carol", "eve"]) await RunAsync("admin", "user", "delete", user);
            await cloud.GetAsync("wait", "--for=delete", "namespace/netco", "namespace/spyco", "--timeout=60s");
        }
        finally { Directory.Delete(folder, recursive: true); }
    }

    /// <summary>Whoever is of another project gets nothing on any route that is for one thing: the script walks them all.</summary>
    [Fact]
    public async Task Stranger_OnEveryRoute_ReadsAndNamesNothingOfAnother()
    {
        await RunAsync("admin", "image", "create", "--public", "--disk-format", "qcow2", "--container-format", "bare", "--file", TinyDisk(), "walked");
        await ScriptAsync("isolation.py", 145);
        await RunAsync("admin", "image", "delete", "walked");
    }

    /// <summary>What is none (ids, markers, versions, bodies, headers, tokens) is refused and named so, and of a hundred at once as many get something as the quota allows.</summary>
    [Fact]
    public Task Door_AtItsEdges_AnswersAsItShould() => ScriptAsync("edges.py", 600);

    // A script says what was wrong, one line each, and at last how much it has tried.
    private async Task ScriptAsync(string name, int least, params string[] settings)
    {
        string folder = Path.Combine(cloud.Data, "openstack"), password = (await File.ReadAllTextAsync(Path.Combine(folder, "admin.password"))).Trim();
        string url = (await File.ReadAllLinesAsync(Path.Combine(folder, "clouds.yaml"))).Select(static l => l.Trim()).First(static l => l.StartsWith("auth_url: ", StringComparison.Ordinal))["auth_url: ".Length..];
        string said = (await cloud.InsideAsync("env", ["AUTH_URL=" + url, "CA=" + Path.Combine(folder, "ca.pem"), "PASSWORD=" + password, .. settings, "/usr/bin/python3", Path.Combine(AppContext.BaseDirectory, "Scripts", name)])).Ok().Trim();
        Assert.StartsWith("tried ", said, StringComparison.Ordinal);
        Assert.True(int.Parse(said["tried ".Length..], System.Globalization.CultureInfo.InvariantCulture) >= least, said);
    }

    private Task<string> StatusOfAsync(string user, string name, string wanted) => Eventually.GetAsync("the server's status", async () => (string)(await ReadAsync(user, "server", "show", name))["status"]!, s => s == wanted);

    private Task<string> StatusAsync(string name, string wanted) => StatusOfAsync("admin", name, wanted);

    // What `up` has built for this machine.
    internal static string TinyDisk()
    {
        string cache = Environment.GetEnvironmentVariable("GUREUM_IMAGE_CACHE") is { Length: > 0 } named ? named : "/var/cache/gureum/images";
        return Directory.EnumerateDirectories(cache, "tiny-guest-*").Select(static d => Path.Combine(d, "tiny.qcow2")).Where(File.Exists).MaxBy(File.GetLastWriteTimeUtc)
            ?? throw new InvalidOperationException($"there is no tiny guest in {cache}: run ./gureum image build-guests");
    }
}
