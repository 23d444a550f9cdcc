using Gureum.Images.Disks;
using System.Text;
using Gureum.Node.Machines.Disks;
using Gureum.Node.Machines.Domains;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Models;

namespace Gureum.Node.Tests.Machines;

/// <summary>Disks on disk, with the real qemu-img.</summary>
public sealed class GuestDiskTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("gureum-disks-").FullName;
    private readonly Dictionary<string, string> volumes = [];

    public GuestDiskTests() => Directory.CreateDirectory(Guest);

    private string Guest => Path.Combine(folder, "guest");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string Volume(string name)
    {
        volumes[name] = Path.Combine(folder, "volumes", name);
        return Directory.CreateDirectory(volumes[name]).FullName;
    }

    private GuestDisks Disks => new(Guest, volumes);

    private static VirtualMachineInstance Instance(string volume) =>
        ModelJson.Parse<VirtualMachineInstance>(Encoding.UTF8.GetBytes("""{"metadata":{"name":"m","namespace":"n","uid":"u"},"spec":{"domain":{"devices":{}},"volumes":[VOLUME]}}""".Replace("VOLUME", volume)));

    private async Task<Gureum.Node.Machines.Domains.GuestDisk> MakeAsync(string volume, long claim = 1 << 20) =>
        (await Disks.EnsureAsync(Instance(volume), new Dictionary<string, long> { ["d"] = claim }, CancellationToken.None)).Single();

    [Fact]
    public async Task ContainerDisk_OfAnImage_IsAnOverlayThatLeavesItAlone()
    {
        var image = Path.Combine(Volume("d"), "disk", "small.img");
        Directory.CreateDirectory(Path.GetDirectoryName(image)!);
        File.WriteAllBytes(image, new byte[1 << 20]);
        var disk = await MakeAsync("""{"name":"d","containerDisk":{"image":"i"}}""");
        Assert.Equal(("qcow2", "raw", image), (disk.Image.Format, disk.Image.Backing!.Format, disk.Image.Backing.Path));
        Assert.True(new FileInfo(disk.Image.Path).Length < 1 << 20);
        var written = File.GetLastWriteTimeUtc(disk.Image.Path);
        Assert.Equal(disk, await MakeAsync("""{"name":"d","containerDisk":{"image":"i"}}"""));
        Assert.Equal(written, File.GetLastWriteTimeUtc(disk.Image.Path));
        Assert.DoesNotContain(Directory.GetFiles(Guest), f => f.EndsWith(".new", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ContainerDisk_ThatIsALinkOutOfTheImage_IsRefused()
    {
        Directory.CreateDirectory(Path.Combine(Volume("d"), "disk"));
        File.CreateSymbolicLink(Path.Combine(volumes["d"], "disk", "evil.img"), "/etc/shadow");
        var refusal = await Assert.ThrowsAsync<DiskException>(() => MakeAsync("""{"name":"d","containerDisk":{"image":"i"}}"""));
        Assert.Contains("/disk/evil.img in image i is a link to /etc/shadow; the image must be a plain file", refusal.Message);
    }

    [Fact]
    public async Task ContainerDisk_BehindALinkedFolder_IsRefused()
    {
        Directory.CreateSymbolicLink(Path.Combine(Volume("d"), "disk"), "/etc");
        await Assert.ThrowsAsync<DiskException>(() => MakeAsync("""{"name":"d","containerDisk":{"image":"i","path":"/disk/shadow"}}"""));
    }

    [Theory]
    [InlineData("p")]
    [InlineData("c 1 5")]
    public async Task ContainerDisk_ThatIsADeviceOrAPipe_IsRefused(string kind)
    {
        Directory.CreateDirectory(Path.Combine(Volume("d"), "disk"));
        System.Diagnostics.Process.Start("mknod", [Path.Combine(volumes["d"], "disk", "x.img"), .. kind.Split(' ')]).WaitForExit();
        Assert.Contains("is no plain file", (await Assert.ThrowsAsync<DiskException>(() => MakeAsync("""{"name":"d","containerDisk":{"image":"i"}}"""))).Message);
    }

    [Fact]
    public async Task ContainerDisk_AmongSeveralFiles_WantsAPath()
    {
        Directory.CreateDirectory(Path.Combine(Volume("d"), "disk"));
        foreach (var name in (string[])["a.img", "b.img"]) File.WriteAllBytes(Path.Combine(volumes["d"], "disk", name), new byte[512]);
        Assert.Contains("the volume must say its path", (await Assert.ThrowsAsync<DiskException>(() => MakeAsync("""{"name":"d","containerDisk":{"image":"i"}}"""))).Message);
        Assert.EndsWith("b.img", (await MakeAsync("""{"name":"d","containerDisk":{"image":"i","path":"/disk/b.img"}}""")).Image.Backing!.Path);
    }

    [Fact]
    public async Task Claim_ThatAGuestMadeAQcowOf_StaysRaw()
    {
        var file = Path.Combine(Volume("d"), "disk.img");
        File.WriteAllBytes(file, [.. "QFI\xfb"u8[..3], 0xfb, 0, 0, 0, 3, .. new byte[504]]);
        var disk = await MakeAsync("""{"name":"d","persistentVolumeClaim":{"claimName":"c"}}""");
        Assert.Equal(("raw", null), (disk.Image.Format, disk.Image.Backing));
    }

    [Fact]
    public async Task Claim_WithoutADisk_GetsOneOfItsSize()
    {
        Volume("d");
        var disk = await MakeAsync("""{"name":"d","persistentVolumeClaim":{"claimName":"c"}}""", claim: 5_000_000);
        Assert.Equal(5_000_000 / 512 * 512, new FileInfo(disk.Image.Path).Length);
    }

    [Fact]
    public async Task Claim_ThatWasExpanded_HasADiskThatGrowsAndKeepsItsContent()
    {
        var file = Path.Combine(Volume("d"), "disk.img");
        File.WriteAllBytes(file, [.. Enumerable.Repeat((byte)7, 512)]);
        await MakeAsync("""{"name":"d","persistentVolumeClaim":{"claimName":"c"}}""", claim: 1 << 20);
        Assert.Equal((1 << 20, (byte)7), (new FileInfo(file).Length, File.ReadAllBytes(file)[511]));
        await MakeAsync("""{"name":"d","persistentVolumeClaim":{"claimName":"c"}}""", claim: 4096);
        Assert.Equal(1 << 20, new FileInfo(file).Length);
    }

    [Fact]
    public async Task Claim_OfBlocks_IsTheDiskItself()
    {
        var file = Path.Combine(Volume("d"), "disk.img");
        File.WriteAllBytes(file, new byte[512]);
        volumes["d"] = file;
        Assert.Equal(new GuestImage(file, "raw"), (await MakeAsync("""{"name":"d","persistentVolumeClaim":{"claimName":"c"}}""")).Image);
        volumes["d"] = "/dev/sdx";
        Assert.Equal(new GuestImage("/dev/sdx", "raw", IsDevice: true), (await MakeAsync("""{"name":"d","persistentVolumeClaim":{"claimName":"c"}}""")).Image);
    }

    [Fact]
    public async Task Claim_WhoseDiskIsALink_IsRefused()
    {
        File.CreateSymbolicLink(Path.Combine(Volume("d"), "disk.img"), "/etc/shadow");
        Assert.Contains("is a link to /etc/shadow", (await Assert.ThrowsAsync<DiskException>(() => MakeAsync("""{"name":"d","persistentVolumeClaim":{"claimName":"c"}}"""))).Message);
    }

    [Fact]
    public async Task EmptyDisk_HasItsSizeAndNoBacking()
    {
        var disk = await MakeAsync("""{"name":"d","emptyDisk":{"capacity":"1Gi"}}""");
        Assert.Equal(1L << 30, ImageFormat.Of(File.ReadAllBytes(disk.Image.Path)[..512], 512, "disk").VirtualSize);
        Assert.Null(disk.Image.Backing);
    }

    [Theory]
    [InlineData("""{"name":"d","cloudInitNoCloud":{"userData":"#cloud-config\n","networkData":"version: 2\n"}}""", "cidata", "local-hostname: \"m\"")]
    [InlineData("""{"name":"d","cloudInitConfigDrive":{"userDataBase64":"I2Nsb3VkLWNvbmZpZwo="}}""", "config-2", "\"hostname\":\"m\"")]
    public async Task Seed_OfAGuest_IsADiscThatItsSystemReads(string volume, string label, string content)
    {
        var disk = await MakeAsync(volume);
        var bytes = Encoding.Latin1.GetString(File.ReadAllBytes(disk.Image.Path));
        Assert.True(disk.ReadOnly);
        Assert.Contains(label, bytes);
        Assert.Contains(content, bytes);
        Assert.Contains("#cloud-config", bytes);
    }

    [Fact]
    public async Task Seed_OfASecret_ReadsItsUserData()
    {
        File.WriteAllText(Path.Combine(Volume("d-user"), "userdata"), "#cloud-config secret");
        var disk = await MakeAsync("""{"name":"d","cloudInitNoCloud":{"secretRef":{"name":"s"}}}""");
        Assert.Contains("#cloud-config secret", Encoding.Latin1.GetString(File.ReadAllBytes(disk.Image.Path)));
    }

    [Fact]
    public async Task Seed_OfASecretWithoutUserData_SaysWhatItHas()
    {
        File.WriteAllText(Path.Combine(Volume("d-user"), "other"), "x");
        Assert.Contains("the secret has no key userdata; it has other", (await Assert.ThrowsAsync<DiskException>(() => MakeAsync("""{"name":"d","cloudInitNoCloud":{"secretRef":{"name":"s"}}}"""))).Message);
    }
}
