using Gureum.Images.Recipes;
using Gureum.Node.Runtime;

namespace Gureum.Node.Tests.Integration;

public sealed class ImageFilesTests(ContainerdFixture containerd)
{
    [Fact]
    public async Task Mount_OfAnImage_ShowsItsFilesReadOnlyUntilItIsTakenAway()
    {
        var files = new SnapshotImageFiles(containerd.Connection, containerd.Settings.Snapshotter);
        string id = (await containerd.Images.FindAsync(ExampleImages.Busybox, CancellationToken.None))!.Id;
        string target = Path.Combine(Directory.CreateTempSubdirectory("gif-").FullName, "v");
        await files.MountAsync(id, "test/one", target, CancellationToken.None);
        try
        {
            Assert.True(File.Exists(Path.Combine(target, "bin/busybox")));
            Assert.ThrowsAny<IOException>(() => File.WriteAllText(Path.Combine(target, "new"), "x"));
            Assert.Contains("noexec", (await File.ReadAllLinesAsync("/proc/self/mounts")).Single(l => l.Split(' ')[1] == target));
            // As after a restart of the machine: the view is there, the mount is not.
            Node.Native.Mounts.Unmount(target);
            Assert.False(File.Exists(Path.Combine(target, "bin/busybox")));
            await files.MountAsync(id, "test/one", target, CancellationToken.None);
            await files.MountAsync(id, "test/one", target, CancellationToken.None);
            Assert.True(File.Exists(Path.Combine(target, "bin/busybox")));
        }
        finally
        {
            await files.UnmountAsync("test/one", target, CancellationToken.None);
        }

        Assert.False(File.Exists(Path.Combine(target, "bin/busybox")));
        // Nothing is left to take away, and that is no error.
        await files.UnmountAsync("test/one", target, CancellationToken.None);
        Directory.Delete(Path.GetDirectoryName(target)!, recursive: true);
    }

    [Fact]
    public async Task Mount_OfAnImageThatIsNotThere_SaysSo()
    {
        var files = new SnapshotImageFiles(containerd.Connection, containerd.Settings.Snapshotter);
        string target = Path.Combine(Path.GetTempPath(), "gif-none");
        var error = await Assert.ThrowsAnyAsync<Exception>(() => files.MountAsync("sha256:" + new string('0', 64), "test/none", target, CancellationToken.None));
        Assert.Contains("sha256:000", error.Message);
        Assert.False(Directory.Exists(target));
    }
}
