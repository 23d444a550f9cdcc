using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using Gureum.Images.Archives;
using Gureum.Images.Guests;

namespace Gureum.Images.Tests;

/// <summary>Builds the tiny guest for real, from this machine's package sources; tests/Gureum.Libvirt.Tests boots it.</summary>
public sealed class TinyGuestTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("gureum-guest-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Ensure_Twice_GivesEqualFilesInKubeVirtsFormat()
    {
        GuestFiles first = await TinyGuest.EnsureAsync(Path.Combine(_directory, "one"), CancellationToken.None);
        GuestFiles second = await TinyGuest.EnsureAsync(Path.Combine(_directory, "two"), CancellationToken.None);

        foreach ((string a, string b) in new[] { (first.Kernel, second.Kernel), (first.Initrd, second.Initrd), (first.Disk, second.Disk), (first.Archive, second.Archive) })
            Assert.True(File.ReadAllBytes(a).AsSpan().SequenceEqual(File.ReadAllBytes(b)), $"{a} and {b} differ");
        Assert.True(File.ReadAllBytes(first.Kernel).AsSpan().StartsWith("\u007fELF"u8));
        Assert.True(File.ReadAllBytes(first.Disk).AsSpan().StartsWith((ReadOnlySpan<byte>)[(byte)'Q', (byte)'F', (byte)'I', 0xFB]));
        ExampleImagesTests.ExtractLayer(first.Archive, Path.Combine(_directory, "layer"));
        Assert.Equal(["disk/tiny.qcow2"], Directory.GetFiles(Path.Combine(_directory, "layer"), "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(Path.Combine(_directory, "layer"), f)));
        JsonNode index = JsonNode.Parse(ExampleImagesTests.ReadArchive(first.Archive)["index.json"])!;
        Assert.Equal(TinyGuest.Name, (string?)index["manifests"]![0]!["annotations"]!["io.containerd.image.name"]);
        // A second look takes the cache and leaves no work behind.
        Assert.Equal(first, await TinyGuest.EnsureAsync(Path.Combine(_directory, "one"), CancellationToken.None));
        Assert.Single(Directory.GetFileSystemEntries(Path.Combine(_directory, "one")));
    }

    [Fact]
    public void Cpio_FilesAndLinks_AreReadByOthers()
    {
        string archive = Path.Combine(_directory, "x.cpio"), root = Path.Combine(_directory, "root");
        using (FileStream file = File.Create(archive))
            CpioArchive.Write(file, [LayerEntry.File("a/b/text", "hello"), LayerEntry.Link("a/link", "b/text"), LayerEntry.Directory("empty")]);
        Directory.CreateDirectory(root);

        ExampleImagesTests.Run("sh", ["-c", $"cd {root} && busybox cpio -idm < {archive}"]);

        Assert.Equal("hello", File.ReadAllText(Path.Combine(root, "a/link")));
        Assert.True(Directory.Exists(Path.Combine(root, "empty")));
        Assert.Contains("character", ExampleImagesTests.Run("stat", ["-c", "%F", Path.Combine(root, "dev/console")]));
    }

    [Fact]
    public void Lz4_LiteralsAndOverlappingMatch_AreUnpacked()
    {
        // One literal run "abc", then a match of 9 at distance 3, then the last literals "xy".
        byte[] block = [0x35, (byte)'a', (byte)'b', (byte)'c', 3, 0, 0x20, (byte)'x', (byte)'y'];
        var frame = new byte[8 + block.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(frame, 0x184C2102);
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(4), block.Length);
        block.CopyTo(frame, 8);

        Assert.Equal("abcabcabcabcxy", Encoding.ASCII.GetString(Lz4Legacy.Unpack(frame, 14)));
        Assert.Throws<InvalidDataException>(() => Lz4Legacy.Unpack(frame.AsSpan(0, 12), 14));
        Assert.Throws<InvalidDataException>(() => Lz4Legacy.Unpack(frame, 40));
    }

    [Fact]
    public void Needs_Module_ReadsItsDependencies() =>
        Assert.Equal(["failover", "net_failover"], KernelModules.Needs("\u007fELF...\0license=GPL\0depends=failover,net_failover\0retpoline=Y\0"u8));

    [Fact]
    public void Unpack_NoKernel_IsRefused() => Assert.Throws<InvalidDataException>(() => LinuxKernel.Unpack(new byte[4096]));
}
