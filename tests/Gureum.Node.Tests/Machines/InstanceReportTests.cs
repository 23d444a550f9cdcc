using Gureum.Libvirt;
using Gureum.Node.Machines;
using Gureum.Node.Machines.Domains;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Meta.V1;
using Volume = Gureum.Objects.Kubevirt.V1.Volume;
using PersistentVolumeClaimVolumeSource = Gureum.Objects.Kubevirt.V1.PersistentVolumeClaimVolumeSource;

namespace Gureum.Node.Tests.Machines;

public sealed class InstanceReportTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private const string Xml = """
        <domain type='qemu'><os><type arch='x86_64' machine='pc-q35-8.2'>hvm</type></os>
          <cpu mode='maximum'><topology sockets='2' dies='1' cores='3' threads='1'/></cpu>
          <devices>
            <disk type='file' device='disk'><source file='/a'/><target dev='vda' bus='virtio'/><alias name='ua-root'/></disk>
            <disk type='file' device='disk'><source file='/b'/><target dev='vdb' bus='virtio'/><serial>s1</serial><alias name='ua-data'/></disk>
            <interface type='ethernet'><mac address='02:67:0A:f4:00:05'/><target dev='tap0'/><link state='down'/><driver name='qemu' queues='4'/><alias name='ua-default'/></interface>
            <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0' state='connected'/></channel>
          </devices></domain>
        """;

    private static readonly Dictionary<string, object> Guest = new()
    {
        ["os.id"] = "debian", ["os.pretty-name"] = "Debian GNU/Linux 13", ["os.version-id"] = "13", ["os.kernel-release"] = "6.12",
        ["if.count"] = 3u, ["if.0.name"] = "lo", ["if.0.hwaddr"] = "00:00:00:00:00:00", ["if.1.name"] = "enp1s0", ["if.1.hwaddr"] = "02:67:0a:f4:00:05",
        ["if.2.name"] = "docker0", ["if.2.hwaddr"] = "02:42:00:00:00:01", ["if.2.addr.count"] = 1u, ["if.2.addr.0.addr"] = "172.17.0.1",
        ["user.count"] = 1u, ["user.0.name"] = "root", ["user.0.login-time"] = 1_700_000_000_500ul,
        ["fs.count"] = 1u, ["fs.0.name"] = "vdb", ["fs.0.mountpoint"] = "/data", ["fs.0.fstype"] = "ext4", ["fs.0.total-bytes"] = 10_000_000_000ul, ["fs.0.used-bytes"] = 5ul, ["fs.0.disk.count"] = 1u, ["fs.0.disk.0.alias"] = "vdb", ["fs.0.disk.0.serial"] = "s1",
        ["timezone.name"] = "CET", ["timezone.offset"] = 3600, ["hostname"] = "web",
    };

    [Fact]
    public void Of_GuestWithAgent_SaysWhatOnlyItsNodeKnows()
    {
        var instance = Instance(new Volume { Name = "root", ContainerDisk = new ContainerDiskSource { Image = "i" } }) with
        {
            Status = new VirtualMachineInstanceStatus
            {
                Phase = "Running", Conditions = [new VirtualMachineInstanceCondition { Type = "Ready", Status = "True" }],
                Interfaces = [new VirtualMachineInstanceNetworkInterface { Name = "default", IpAddress = "10.244.0.5", IpAddresses = ["10.244.0.5"], InfoSource = "domain" }],
            },
        };

        var status = InstanceReport.Of(instance, Facts(guest: Guest), Now);

        Assert.Equal("Running", status.Phase);
        Assert.Equal(["Ready", "AgentConnected", "LiveMigratable"], status.Conditions.Select(c => c.Type));
        Assert.All(status.Conditions, c => Assert.Equal("True", c.Status));
        var (card, made) = (status.Interfaces[0], status.Interfaces[1]);
        Assert.Equal(("default", "02:67:0a:f4:00:05", "enp1s0", "domain, guest-agent", "10.244.0.5", "down", 4), (card.Name, card.Mac, card.InterfaceName, card.InfoSource, card.IpAddress, card.LinkState, card.QueueCount));
        Assert.Equal((null, "docker0", "guest-agent", "172.17.0.1"), (made.Name, made.InterfaceName, made.InfoSource, made.IpAddress));
        Assert.Equal(2, status.Interfaces.Count);
        Assert.Equal(("debian", "13", "6.12"), (status.GuestOSInfo!.Id, status.GuestOSInfo.VersionId, status.GuestOSInfo.KernelRelease));
        Assert.Equal((2L, 3L, 1L), (status.CurrentCPUTopology!.Sockets, status.CurrentCPUTopology.Cores, status.CurrentCPUTopology.Threads));
        Assert.Equal("pc-q35-8.2", status.Machine!.Type);
        Assert.Equal("BlockMigration", status.MigrationMethod);
        var volume = Assert.Single(status.VolumeStatus);
        Assert.Equal(("root", "vda", "Ready", 1024L), (volume.Name, volume.Target, volume.Phase, volume.Size));
    }

    [Fact]
    public void Of_TheSameTwice_ChangesNothing()
    {
        var instance = Instance(new Volume { Name = "root", ContainerDisk = new ContainerDiskSource { Image = "i" } });
        var once = instance with { Status = InstanceReport.Of(instance, Facts(guest: Guest), Now) };

        Assert.Equal(once.Status, InstanceReport.Of(once, Facts(guest: Guest), Now.AddHours(1)));
    }

    [Theory]
    [InlineData(MachineState.Paused, "User", null, "PausedByUser")]
    [InlineData(MachineState.Paused, "IoError", null, "PausedIOError")]
    [InlineData(MachineState.Paused, "StartingUp", "Paused", "PausedByUser")]
    [InlineData(MachineState.Paused, "StartingUp", null, null)]
    [InlineData(MachineState.Paused, "Migration", null, null)]
    [InlineData(MachineState.Running, "Unpaused", null, null)]
    public void Of_StateOfTheDomain_IsThePausedCondition(MachineState state, string why, string? startStrategy, string? reason)
    {
        var instance = Instance() with { Status = new VirtualMachineInstanceStatus { Conditions = [new VirtualMachineInstanceCondition { Type = "Paused", Status = "True", Reason = "Old", LastTransitionTime = Now.AddDays(-1) }] } };
        instance = instance with { Spec = instance.Spec with { StartStrategy = startStrategy } };

        var paused = InstanceReport.Of(instance, Facts(new Libvirt.MachineStatus(state, why)), Now).Conditions.FirstOrDefault(c => c.Type == "Paused");

        Assert.Equal(reason, paused?.Reason);
        if (paused is not null) Assert.Equal(("True", Now.AddDays(-1)), (paused.Status, paused.LastTransitionTime));
    }

    [Fact]
    public void Of_AgentThatWent_LosesItsConditionAndKeepsWhatItSaid()
    {
        var instance = Instance();
        var before = instance with { Status = InstanceReport.Of(instance, Facts(guest: Guest), Now) };

        var status = InstanceReport.Of(before, Facts() with { Domain = DomainView.Parse(Xml.Replace("'connected'", "'disconnected'", StringComparison.Ordinal)) }, Now);

        Assert.DoesNotContain(status.Conditions, c => c.Type == "AgentConnected");
        Assert.Equal("debian", status.GuestOSInfo!.Id);
        Assert.Equal(("domain", null), (Assert.Single(status.Interfaces).InfoSource, status.Interfaces[0].InterfaceName));
    }

    [Theory]
    [InlineData("ReadWriteMany", "nfs.example.org", "True")]
    [InlineData("ReadWriteOnce", "nfs.example.org", "False")]
    [InlineData("ReadWriteMany", "gureum.io/local", "False")]
    public void Of_ClaimsOfItsVolumes_DecideWhetherItCanMove(string access, string provisioner, string expected)
    {
        var claim = new PersistentVolumeClaim
        {
            Metadata = new ObjectMeta { Name = "disk", Annotations = new Dictionary<string, string> { ["volume.kubernetes.io/storage-provisioner"] = provisioner } },
            Status = new PersistentVolumeClaimStatus { AccessModes = [access] },
        };
        var instance = Instance(new Volume { Name = "data", PersistentVolumeClaim = new PersistentVolumeClaimVolumeSource { ClaimName = "disk" } });

        var status = InstanceReport.Of(instance, Facts() with { Claims = new Dictionary<string, PersistentVolumeClaim> { ["data"] = claim } }, Now);

        var migratable = status.Conditions.Single(c => c.Type == "LiveMigratable");
        Assert.Equal((expected, expected == "False" ? "DisksNotLiveMigratable" : null), (migratable.Status, migratable.Reason));
        Assert.Equal("LiveMigration", status.MigrationMethod);
        Assert.Equal(("vdb", "disk"), (status.VolumeStatus[0].Target, status.VolumeStatus[0].PersistentVolumeClaimInfo!.ClaimName));
    }

    [Fact]
    public void Of_VolumeThatIsNotPluggedInYet_IsLeftToWhomItConcerns()
    {
        var waiting = new Objects.Kubevirt.V1.VolumeStatus { Name = "more", Phase = "AttachedToNode", HotplugVolume = new HotplugVolumeStatus { AttachPodName = "p" } };
        var instance = Instance(new Volume { Name = "more" }) with { Status = new VirtualMachineInstanceStatus { VolumeStatus = [waiting] } };

        Assert.Equal(waiting, Assert.Single(InstanceReport.Of(instance, Facts(), Now).VolumeStatus));
    }

    [Fact]
    public void Of_GuestThatGrew_SaysWhatItHasAndNotWhatItMayHave()
    {
        var xml = Xml.Replace("<cpu", "<vcpu placement='static' current='3'>6</vcpu><cpu", StringComparison.Ordinal).Replace("<devices>", """
            <devices><memory model='virtio-mem'><target><size unit='KiB'>3145728</size><node>0</node><block unit='KiB'>2048</block><requested unit='KiB'>1048576</requested><current unit='KiB'>524288</current></target><alias name='virtiomem0'/></memory>
            """, StringComparison.Ordinal);
        var gigabyte = Objects.Quantity.Parse("1Gi");
        var instance = Instance() with { Status = new VirtualMachineInstanceStatus { Memory = new MemoryStatus { GuestAtBoot = gigabyte, GuestCurrent = gigabyte, GuestRequested = gigabyte } } };

        var status = InstanceReport.Of(instance, Facts() with { Domain = DomainView.Parse(xml), MemoryFailure = "no slot" }, Now);

        Assert.Equal((1L, 3L, 1L), (status.CurrentCPUTopology!.Sockets, status.CurrentCPUTopology.Cores, status.CurrentCPUTopology.Threads));
        Assert.Equal(("1Gi", "1536Mi", "2Gi"), (status.Memory!.GuestAtBoot.ToString(), status.Memory.GuestCurrent.ToString(), status.Memory.GuestRequested.ToString()));
        Assert.Contains(status.Conditions, c => c is { Type: "HotMemoryChange", Status: "False" } && c.Message!.EndsWith("no slot", StringComparison.Ordinal));
    }

    [Fact]
    public void Changed_MemoryDevice_AsksForTheNewSizeAndKeepsTheRest()
    {
        var device = MemoryDevice.Of(3L << 30, 1L << 30);

        Assert.Equal("1073741824", device.Element("target")!.Element("requested")!.Value);
        var changed = MemoryDevice.Changed(device, 0);
        Assert.Equal(("0", "3221225472", "0"), (changed.Element("target")!.Element("requested")!.Value, changed.Element("target")!.Element("size")!.Value, changed.Element("target")!.Element("node")!.Value));
    }

    [Fact]
    public void Info_OfAnAgent_IsKubeVirtsObject()
    {
        var agent = GuestAgentText.Return("""{"return":{"version":"9.2.0","supported_commands":[{"name":"guest-ping","enabled":true,"success-response":true},{"name":"guest-exec","enabled":false}]}}""") as System.Text.Json.Nodes.JsonObject;

        var info = GuestAgentText.Info(Guest, agent, DomainView.Parse(Xml).Disks, frozen: true).ToJsonString();

        Assert.Equal("""{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstanceGuestAgentInfo","guestAgentVersion":"9.2.0","hostname":"web","timezone":"CET, 3600","os":{"kernelRelease":"6.12","prettyName":"Debian GNU/Linux 13","versionId":"13","id":"debian"},"fsInfo":{"disks":[{"diskName":"vdb","mountPoint":"/data","fileSystemType":"ext4","usedBytes":5,"totalBytes":10000000000,"disk":[{"serial":"s1","busType":"virtio"}]}]},"userList":[{"userName":"root","loginTime":1700000000.5}],"fsFreezeStatus":"frozen","supportedCommands":[{"name":"guest-ping","enabled":true},{"name":"guest-exec","enabled":false}]}""", info);
        Assert.Null(GuestAgentText.Return("no JSON"));
    }

    [Fact]
    public void Lists_OfAnAgentThatSaysNothing_AreEmpty()
    {
        var nothing = new Dictionary<string, object>();

        Assert.Equal("""{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstanceGuestOSUserList","metadata":{},"items":[]}""", GuestAgentText.Users(nothing).ToJsonString());
        Assert.Equal("""{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstanceFileSystemList","metadata":{},"items":[]}""", GuestAgentText.FileSystems(nothing, []).ToJsonString());
        Assert.Null(GuestAgentText.Os(nothing));
    }

    [Theory]
    [InlineData("5m0s", 300.0)]
    [InlineData("1h15m30.5s", 4530.5)]
    [InlineData("1500ms", 1.5)]
    [InlineData("5", null)]
    [InlineData("", null)]
    [InlineData("-5s", null)]
    [InlineData("5 s", null)]
    [InlineData("1.2.3s", null)]
    public void Parse_GoDuration_IsUnderstood(string text, double? seconds) => Assert.Equal(seconds, FreezeRequest.Parse(text)?.TotalSeconds);

    private static VirtualMachineInstance Instance(params Volume[] volumes) => new() { Metadata = new ObjectMeta { Name = "web", Namespace = "default" }, Spec = new VirtualMachineInstanceSpec { Volumes = volumes } };

    private static GuestFacts Facts(Libvirt.MachineStatus? state = null, IReadOnlyDictionary<string, object>? guest = null) =>
        new(state ?? new Libvirt.MachineStatus(MachineState.Running, "Booted"), DomainView.Parse(Xml), guest, new Dictionary<string, long> { ["vda"] = 1024 }, new Dictionary<string, PersistentVolumeClaim>(), Frozen: false);
}
