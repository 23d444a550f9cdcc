using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Gureum.Images.Archives;

namespace Gureum.Images.Tests;

public sealed class OciArchiveTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("gureum-archive-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Write_SameInput_GivesTheSameBytes()
    {
        string a = Path.Combine(_directory, "a.tar"), b = Path.Combine(_directory, "b.tar");
        LayerEntry[] entries = [LayerEntry.File("etc/motd", "hello"), LayerEntry.Link("bin/sh", "busybox"), LayerEntry.Directory("tmp")];

        string first = OciArchive.Write(a, "gureum.local/x:1", new ImageDescription(), entries);
        string second = OciArchive.Write(b, "gureum.local/x:1", new ImageDescription(), entries.Reverse());

        Assert.Equal(first, second);
        Assert.Equal(File.ReadAllBytes(a), File.ReadAllBytes(b));
    }

    [Fact]
    public void Write_EveryBlob_IsNamedByItsDigest()
    {
        string path = Path.Combine(_directory, "a.tar");
        string digest = OciArchive.Write(path, "gureum.local/x:1",
            new ImageDescription { Entrypoint = ["/run"], StopSignal = "SIGQUIT", User = "7" }, [LayerEntry.File("run", "text")]);

        Dictionary<string, byte[]> files = ExampleImagesTests.ReadArchive(path);

        Assert.Contains("blobs/" + digest.Replace(':', '/'), files.Keys);
        foreach ((string name, byte[] content) in files.Where(f => f.Key.StartsWith("blobs/", StringComparison.Ordinal)))
            Assert.Equal(name, "blobs/sha256/" + Convert.ToHexStringLower(SHA256.HashData(content)));
        JsonNode manifest = JsonNode.Parse(files["blobs/" + digest.Replace(':', '/')])!;
        JsonNode config = JsonNode.Parse(files[ExampleImagesTests.BlobPath(manifest["config"]!)])!;
        Assert.Equal("/run", (string?)config["config"]!["Entrypoint"]![0]);
        Assert.Equal("SIGQUIT", (string?)config["config"]!["StopSignal"]);
        Assert.Equal((string?)manifest["layers"]![0]!["digest"], (string?)config["rootfs"]!["diff_ids"]![0]);
    }

    [Fact]
    public void Write_ShortName_IsRefusedAndLeavesNoFile()
    {
        string path = Path.Combine(_directory, "a.tar");

        Assert.Throws<ArgumentException>(() => OciArchive.Write(path, "busybox", new ImageDescription(), []));

        Assert.Empty(Directory.GetFiles(_directory));
    }

    [Theory]
    [InlineData("../etc/passwd")]
    [InlineData("a//b")]
    [InlineData("/")]
    [InlineData("a/./b")]
    public void LayerEntry_PathThatLeavesTheRoot_IsRefused(string path)
    {
        Assert.Throws<ArgumentException>(() => LayerEntry.File(path, "x"));
    }
}
