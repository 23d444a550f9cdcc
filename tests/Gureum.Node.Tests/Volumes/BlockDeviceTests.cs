using Gureum.Node.Pods;
using Gureum.Node.Volumes;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Models;

namespace Gureum.Node.Tests.Volumes;

/// <summary>Files as block devices, with the kernel's own loop devices.</summary>
public sealed class BlockDeviceTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("gureum-blocks-").FullName;
    private readonly BlockDevices blocks;
    private readonly string file;

    public BlockDeviceTests()
    {
        blocks = new BlockDevices(Path.Combine(root, "pods"));
        file = Path.Combine(root, "disk.img");
        File.WriteAllBytes(file, new byte[1 << 20]);
    }

    public void Dispose()
    {
        blocks.Clear();
        Directory.Delete(root, recursive: true);
    }

    private static Pod Pod(string uid, string container = """{"name":"c","volumeDevices":[{"name":"v","devicePath":"/dev/x"}]}""") => ModelJson.Parse<Pod>("""
        {"metadata":{"name":"p","namespace":"default","uid":"UID"},"spec":{"containers":[CONTAINER],"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"c"}}]}}
        """.Replace("UID", uid).Replace("CONTAINER", container));

    private string Device(string uid) => Assert.Single(blocks.Of(Pod(uid), Pod(uid).Spec.Containers[0], new Dictionary<string, string> { ["v"] = file })).HostPath;

    private static bool IsAttached(string device) => File.Exists($"/sys/block/{Path.GetFileName(device)}/loop/backing_file");

    [Fact]
    public void Device_OfTwoPods_IsOneAndGoesWithTheLast()
    {
        var device = Device("a");
        Assert.Equal(device, Device("b"));
        Assert.Equal(device, Device("a"));
        blocks.Release("a");
        Assert.Equal(file, File.ReadAllText($"/sys/block/{Path.GetFileName(device)}/loop/backing_file").Trim());
        blocks.Release("b");
        Assert.False(IsAttached(device));
    }

    [Fact]
    public void Sweep_AfterAnAgentWasKilled_TakesWhatNoPodHas()
    {
        var device = Device("a");
        // The pod's directory is all that says whose it is.
        new BlockDevices(Path.Combine(root, "pods")).Sweep();
        Assert.True(IsAttached(device));
        new BlockDevices(Path.Combine(root, "other")).Sweep();
        Assert.True(IsAttached(device));
        Directory.Delete(Path.Combine(root, "pods", "a"), recursive: true);
        new BlockDevices(Path.Combine(root, "pods")).Sweep();
        Assert.False(IsAttached(device));
    }

    [Fact]
    public void Of_VolumeUsedTheOtherWay_IsRefusedByName()
    {
        var mounted = Pod("a", """{"name":"c","volumeMounts":[{"name":"v","mountPath":"/v"}]}""");
        Assert.Equal("volume v has volumeMode Block, but is specified in volumeMounts", Assert.Throws<PodNotReadyException>(() => blocks.Of(mounted, mounted.Spec.Containers[0], new Dictionary<string, string> { ["v"] = file })).Message);
        var device = Pod("a");
        Assert.Equal("volume v has volumeMode Filesystem, but is specified in volumeDevices", Assert.Throws<PodNotReadyException>(() => blocks.Of(device, device.Spec.Containers[0], new Dictionary<string, string> { ["v"] = root })).Message);
    }
}
