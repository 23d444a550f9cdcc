using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using Gureum.Node.Imports;

namespace Gureum.Node.Tests.Imports;

public sealed class DiskImportTests : IDisposable
{
    private const int Size = 4 << 20;

    private readonly string folder = Directory.CreateTempSubdirectory("gureum-import-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string Claim => Directory.CreateDirectory(Path.Combine(folder, "claim")).FullName;
    private string Disk => Path.Combine(Claim, "disk.img");

    private string Source => Directory.CreateDirectory(Path.Combine(folder, "source")).FullName;

    private Task RunAsync(ImportJob job, Func<IPAddress, bool>? mayReach = null, long size = Size, CancellationToken cancel = default) =>
        new DiskImport(mayReach ?? (static _ => true)).RunAsync(job, new Dictionary<string, string> { ["data"] = Claim, ["source"] = Source }, new Dictionary<string, long> { ["data"] = size }, static _ => { }, cancel);

    private static ImportJob Http(string url, string? checksum = null) => new("http", url, checksum, false, null, ["data"]);

    private static readonly ImportJob Clone = new("pvc", null, null, false, null, ["data"]), Registry = new("registry", "example/disk:1", null, false, null, ["data"]);

    // Content with a hole in its middle.
    private static byte[] Content(int length = 1 << 20)
    {
        var content = new byte[length];
        RandomNumberGenerator.Fill(content.AsSpan(0, 100_000));
        RandomNumberGenerator.Fill(content.AsSpan(length - 70_000));
        return content;
    }

    private static async Task<byte[]> QcowAsync(byte[] content, string folder)
    {
        var (raw, qcow) = (Path.Combine(folder, "x.raw"), Path.Combine(folder, "x.qcow2"));
        await File.WriteAllBytesAsync(raw, content);
        Process made;
        try { made = Process.Start("qemu-img", ["convert", "-q", "-f", "raw", "-O", "qcow2", raw, qcow]); }
        catch (System.ComponentModel.Win32Exception e) { throw new InvalidOperationException("this test needs qemu-img; install the package qemu-utils", e); }
        await made.WaitForExitAsync();
        Assert.Equal(0, made.ExitCode);
        return await File.ReadAllBytesAsync(qcow);
    }

    private void Holds(byte[] content, int size = Size)
    {
        var disk = File.ReadAllBytes(Disk);
        Assert.Equal(size, disk.Length);
        Assert.True(disk.AsSpan(0, content.Length).SequenceEqual(content), "the disk has other content than the source");
        Assert.Equal(-1, disk.AsSpan(content.Length).IndexOfAnyExcept((byte)0));
        Assert.Equal(["disk.img"], Directory.EnumerateFileSystemEntries(Claim).Select(Path.GetFileName));
    }

    private void HoldsNothing() => Assert.Empty(Directory.EnumerateFileSystemEntries(Claim));

    [Fact]
    public async Task Upload_RefusedOnce_LeavesNothingAndTheNextIsTaken()
    {
        var (door, content) = (new UploadDoor(), Content());
        var (arrived, loop) = (new SemaphoreSlim(0), new CancellationTokenSource());
        var run = new DiskImport(static _ => true, token => { var next = door.WaitAsync("pod", token); arrived.Release(); return next; })
            .RunAsync(new ImportJob("upload", null, null, false, null, ["data"]), new Dictionary<string, string> { ["data"] = Claim }, new Dictionary<string, long> { ["data"] = Size }, static _ => { }, loop.Token);
        foreach (var (bytes, length, why) in ((byte[], long?, string)[])
        [
            ([.. "QFI"u8, 0xfb, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 11, .. new byte[4096]], null, "has a backing file"),
            (new byte[Size + 512], null, "larger than the reported available storage"),
            (content, 1L << 40, "is longer than"),
            (content, content.Length + 1, "ended after"),
        ])
        {
            await arrived.WaitAsync();
            var refused = await Assert.ThrowsAsync<Node.Server.NodeRequestException>(() => door.ReceiveAsync("pod", new MemoryStream(bytes), length, wait: true, CancellationToken.None));
            Assert.Equal(400, refused.Status);
            Assert.Contains(why, refused.Message);
        }
        await arrived.WaitAsync();
        Assert.Equal(503, (await Assert.ThrowsAsync<Node.Server.NodeRequestException>(() => door.ReceiveAsync("other", new MemoryStream(content), null, wait: true, CancellationToken.None))).Status);
        await door.ReceiveAsync("pod", new MemoryStream(content), content.Length, wait: true, CancellationToken.None);
        await run;
        Holds(content);
        Assert.Equal(503, (await Assert.ThrowsAsync<Node.Server.NodeRequestException>(() => door.ReceiveAsync("pod", new MemoryStream(content), null, wait: true, CancellationToken.None))).Status);
    }


    [Fact]
    public async Task Blank_OfAClaim_IsADiskOfItsSizeWithoutContent()
    {
        await RunAsync(new ImportJob("none", null, null, false, null, ["data"]));
        Holds([]);
    }

    [Theory]
    [InlineData("raw")]
    [InlineData("qcow2")]
    [InlineData("raw.gz")]
    [InlineData("raw.xz")]
    [InlineData("qcow2.gz")]
    public async Task Http_OfAnImage_IsARawDiskOfTheClaimsSize(string kind)
    {
        var content = Content();
        var sent = kind.StartsWith("qcow2", StringComparison.Ordinal) ? await QcowAsync(content, folder) : content;
        if (kind.EndsWith(".gz", StringComparison.Ordinal))
        {
            using var packed = new MemoryStream();
            using (var zip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) zip.Write(sent);
            sent = packed.ToArray();
        }
        if (kind.EndsWith(".xz", StringComparison.Ordinal))
        {
            await File.WriteAllBytesAsync(Path.Combine(folder, "x"), sent);
            using var xz = Process.Start("xz", ["-0", Path.Combine(folder, "x")]);
            await xz.WaitForExitAsync();
            sent = await File.ReadAllBytesAsync(Path.Combine(folder, "x.xz"));
        }
        await using var server = SourceServer.Serving(sent);
        await RunAsync(Http(server.Url("/disk"), "sha256:" + Convert.ToHexString(SHA256.HashData(sent))));
        Holds(content);
    }

    public static TheoryData<string, string> Refused => new()
    {
        { nameof(HostileImages.WithBackingFile), "has a backing file" },
        { nameof(HostileImages.WithDataFile), "keeps its data in another file" },
        { nameof(HostileImages.Petabyte), "is a disk of 1125899906842624 bytes" },
        { nameof(HostileImages.Vmdk), "is a VMDK file" },
    };

    private static byte[] Image(string name) => name switch
    {
        nameof(HostileImages.WithBackingFile) => HostileImages.WithBackingFile,
        nameof(HostileImages.WithDataFile) => HostileImages.WithDataFile,
        nameof(HostileImages.Petabyte) => HostileImages.Petabyte,
        _ => HostileImages.Vmdk,
    };

    [Theory, MemberData(nameof(Refused))]
    public async Task Http_OfAHostileImage_IsRefusedWithItsReasonAndLeavesNothing(string image, string why)
    {
        await using var server = SourceServer.Serving(Image(image));
        Assert.Contains(why, (await Assert.ThrowsAsync<ImportRefusedException>(() => RunAsync(Http(server.Url("/disk"))))).Message);
        HoldsNothing();
    }

    [Theory, MemberData(nameof(Refused))]
    public async Task Http_OfAHostileImageInGzip_IsRefusedAsWell(string image, string why)
    {
        using var packed = new MemoryStream();
        using (var zip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) zip.Write(Image(image));
        await using var server = SourceServer.Serving(packed.ToArray());
        Assert.Contains(why, (await Assert.ThrowsAsync<ImportRefusedException>(() => RunAsync(Http(server.Url("/disk"))))).Message);
        HoldsNothing();
    }

    [Theory, MemberData(nameof(Refused))]
    public async Task Registry_OfAHostileImage_IsRefusedAsWell(string image, string why)
    {
        Directory.CreateDirectory(Path.Combine(Source, "disk"));
        await File.WriteAllBytesAsync(Path.Combine(Source, "disk", "x.img"), Image(image));
        Assert.Contains(why, (await Assert.ThrowsAsync<ImportRefusedException>(() => RunAsync(Registry))).Message);
        HoldsNothing();
    }

    [Fact]
    public async Task Http_OfAnImageLargerThanTheClaim_IsRefusedInTheImportersWords()
    {
        await using var server = SourceServer.Serving(HostileImages.Qcow2(size: 8 << 20));
        var refused = await Assert.ThrowsAsync<ImportRefusedException>(() => RunAsync(Http(server.Url("/disk"))));
        Assert.Equal("virtual image size 8388608 is larger than the reported available storage 4194304. A larger PVC is required", refused.Message);
    }

    [Fact]
    public async Task Http_WithALengthThatIsTooLong_IsRefusedBeforeAnythingIsRead()
    {
        await using var server = SourceServer.Raw((_, stream, cancel) => stream.WriteAsync(SourceServer.Head("200 OK\r\nContent-Length: 1000000000000"), cancel).AsTask());
        Assert.Contains("is 1000000000000 bytes long", (await Assert.ThrowsAsync<ImportRefusedException>(() => RunAsync(Http(server.Url("/disk"))))).Message);
        HoldsNothing();
    }

    [Fact]
    public async Task Http_ThatEndsBeforeItsLength_FailsAndLeavesNothing()
    {
        await using var server = SourceServer.Raw(async (_, stream, cancel) =>
        {
            await stream.WriteAsync(SourceServer.Head("200 OK\r\nContent-Length: 1000000"), cancel);
            await stream.WriteAsync(Content()[..500_000], cancel);
        });
        await Assert.ThrowsAsync<ImportFailedException>(() => RunAsync(Http(server.Url("/disk"))));
        HoldsNothing();
    }

    [Fact]
    public async Task Http_WithoutAnEnd_IsRefusedAtTheClaimsSize()
    {
        await using var server = SourceServer.Raw(async (_, stream, cancel) =>
        {
            await stream.WriteAsync(SourceServer.Head("200 OK"), cancel);
            var block = new byte[65536];
            while (true) await stream.WriteAsync(block, cancel);
        });
        Assert.Contains("which is the most that fits the claim", (await Assert.ThrowsAsync<ImportRefusedException>(() => RunAsync(Http(server.Url("/disk"))))).Message);
        HoldsNothing();
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("xz")]
    public async Task Http_OfAPackedBomb_IsRefusedAtTheClaimsSize(string kind)
    {
        var bomb = Path.Combine(folder, "bomb");
        await using (var zeros = File.Create(bomb)) zeros.SetLength(64 << 20);
        using (var pack = Process.Start(kind, ["-1", bomb])) await pack.WaitForExitAsync();
        await using var server = SourceServer.Serving(await File.ReadAllBytesAsync(bomb + (kind == "gzip" ? ".gz" : ".xz")));
        Assert.Contains("unpacks to more than", (await Assert.ThrowsAsync<ImportRefusedException>(() => RunAsync(Http(server.Url("/disk"))))).Message);
        HoldsNothing();
    }

    [Fact]
    public async Task Http_ThatIsRedirectedInCircles_IsRefused()
    {
        await using var server = SourceServer.Raw((path, stream, cancel) => stream.WriteAsync(SourceServer.Head($"302 Found\r\nLocation: {(path == "/a" ? "/b" : "/a")}"), cancel).AsTask());
        Assert.Contains("redirected more than 10 times", (await Assert.ThrowsAsync<ImportRefusedException>(() => RunAsync(Http(server.Url("/a"))))).Message);
        Assert.Equal(11, server.Asked.Count);
    }

    [Fact]
    public async Task Http_ThatIsRedirectedToAFile_IsRefused()
    {
        await using var server = SourceServer.Raw((_, stream, cancel) => stream.WriteAsync(SourceServer.Head("302 Found\r\nLocation: file:///etc/shadow"), cancel).AsTask());
        Assert.Contains("file:///etc/shadow is not an http or https URL", (await Assert.ThrowsAsync<ImportRefusedException>(() => RunAsync(Http(server.Url("/a"))))).Message);
    }

    [Fact]
    public async Task Http_ThatIsRedirectedOnce_IsFollowed()
    {
        var content = Content();
        await using var server = SourceServer.Raw(async (path, stream, cancel) =>
        {
            await stream.WriteAsync(SourceServer.Head(path == "/a" ? "307 Temporary Redirect\r\nLocation: b" : $"200 OK\r\nContent-Length: {content.Length}"), cancel);
            if (path != "/a") await stream.WriteAsync(content, cancel);
        });
        await RunAsync(Http(server.Url("/a")));
        Holds(content);
    }

    [Fact]
    public async Task Http_ToLoopback_IsRefusedAndNeverConnected()
    {
        await using var server = SourceServer.Serving(Content());
        foreach (var url in (string[])[server.Url("/x"), server.Url("/x").Replace("127.0.0.1", "localhost"), server.Url("/x").Replace("127.0.0.1", "[::ffff:127.0.0.1]")])
            Assert.Contains("not imported from", (await Assert.ThrowsAsync<ImportRefusedException>(() => RunAsync(Http(url), ImportAddress.IsAllowed))).Message);
        Assert.Empty(server.Asked);
    }

    [Theory]
    [InlineData("404 Not Found", true)]
    [InlineData("403 Forbidden", true)]
    [InlineData("503 Service Unavailable", false)]
    [InlineData("429 Too Many Requests", false)]
    public async Task Http_AnsweredBadly_IsTriedAgainOnlyWhenThatMayHelp(string status, bool refused)
    {
        await using var server = SourceServer.Raw((_, stream, cancel) => stream.WriteAsync(SourceServer.Head(status + "\r\nContent-Length: 0"), cancel).AsTask());
        var error = await Record.ExceptionAsync(() => RunAsync(Http(server.Url("/x"))));
        Assert.IsType(refused ? typeof(ImportRefusedException) : typeof(ImportFailedException), error);
        Assert.Contains(status, error!.Message);
    }

    [Fact]
    public async Task Http_ThatNobodyServes_Fails() => await Assert.ThrowsAsync<ImportFailedException>(() => RunAsync(Http("http://127.0.0.1:1/x")));

    [Theory]
    [InlineData("sha256:00", "malformed")]
    [InlineData("crc32:00000000", "malformed")]
    [InlineData("sha256:0000000000000000000000000000000000000000000000000000000000000000", "checksum mismatch")]
    public async Task Http_WithAnotherChecksum_IsRefusedAndLeavesNothing(string checksum, string why)
    {
        await using var server = SourceServer.Serving(Content());
        Assert.Contains(why, (await Assert.ThrowsAsync<ImportRefusedException>(() => RunAsync(Http(server.Url("/disk"), checksum)))).Message);
        HoldsNothing();
    }

    [Fact]
    public async Task Http_Interrupted_LeavesNothingAndBeginsAgain()
    {
        var content = Content();
        using var stop = new CancellationTokenSource();
        var interrupt = true;
        await using var server = SourceServer.Raw(async (_, stream, cancel) =>
        {
            await stream.WriteAsync(SourceServer.Head($"200 OK\r\nContent-Length: {content.Length}"), cancel);
            if (!interrupt) { await stream.WriteAsync(content, cancel); return; }
            await stream.WriteAsync(content.AsMemory(0, 500_000), cancel);
            await stop.CancelAsync();
            await Task.Delay(Timeout.Infinite, cancel);
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(Http(server.Url("/disk")), cancel: stop.Token));
        HoldsNothing();
        // What an agent that was killed leaves behind.
        await File.WriteAllTextAsync(Path.Combine(Claim, ".import-source"), "half");
        File.CreateSymbolicLink(Path.Combine(Claim, ".import-disk"), Path.Combine(folder, "elsewhere"));
        interrupt = false;
        await RunAsync(Http(server.Url("/disk")));
        Holds(content);
        Assert.False(File.Exists(Path.Combine(folder, "elsewhere")));
    }

    [Fact]
    public async Task Registry_OfAContainerDisk_IsItsOnlyFile()
    {
        var content = Content();
        Directory.CreateDirectory(Path.Combine(Source, "disk"));
        await File.WriteAllBytesAsync(Path.Combine(Source, "disk", "x.img"), await QcowAsync(content, folder));
        await RunAsync(Registry);
        Holds(content);
    }

    [Fact]
    public async Task Registry_WhoseDiskIsALink_IsRefused()
    {
        Directory.CreateDirectory(Path.Combine(Source, "disk"));
        File.CreateSymbolicLink(Path.Combine(Source, "disk", "x.img"), "/etc/shadow");
        Assert.Contains("is a link to /etc/shadow", (await Assert.ThrowsAsync<ImportRefusedException>(() => RunAsync(Registry))).Message);
    }

    [Fact]
    public async Task Clone_OfADisk_HasItsContentAndItsHoles()
    {
        var content = new byte[2 << 20];
        content[1 << 20] = 7;
        await using (var file = File.Create(Path.Combine(Source, "disk.img")))
        {
            file.SetLength(content.Length);
            file.Position = 1 << 20;
            file.WriteByte(7);
        }
        await RunAsync(Clone);
        Holds(content);
    }

    [Fact]
    public async Task Clone_OfAClaimThatNobodyHasHad_IsAnEmptyDisk()
    {
        await RunAsync(Clone);
        Holds([]);
    }

    [Fact]
    public async Task Clone_OfAClaimWithOtherFiles_IsRefused()
    {
        await File.WriteAllTextAsync(Path.Combine(Source, "index.html"), "of a container");
        Assert.Contains("cannot be read", (await Assert.ThrowsAsync<ImportRefusedException>(() => RunAsync(Clone))).Message);
        HoldsNothing();
    }

    [Fact]
    public async Task Clone_OfALink_IsRefused()
    {
        File.CreateSymbolicLink(Path.Combine(Source, "disk.img"), "/etc/shadow");
        Assert.Contains("cannot be read", (await Assert.ThrowsAsync<ImportRefusedException>(() => RunAsync(Clone))).Message);
        HoldsNothing();
    }

    [Fact]
    public async Task Clone_IntoASmallerClaim_IsRefused()
    {
        await File.WriteAllBytesAsync(Path.Combine(Source, "disk.img"), Content());
        Assert.Contains("A larger PVC is required", (await Assert.ThrowsAsync<ImportRefusedException>(() => RunAsync(Clone, size: 4096))).Message);
    }

    [Fact]
    public async Task Clone_OfARawDiskThatBecameAQcow2_StaysRaw()
    {
        var image = HostileImages.WithBackingFile;
        await File.WriteAllBytesAsync(Path.Combine(Source, "disk.img"), image);
        await RunAsync(Clone);
        Holds(image);
    }
}
