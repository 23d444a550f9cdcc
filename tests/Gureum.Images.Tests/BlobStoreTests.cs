using Gureum.Images.Disks;

namespace Gureum.Images.Tests;

public sealed class BlobStoreTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("gureum-blobs-").FullName;
    private readonly BlobStore blobs;

    public BlobStoreTests() => blobs = new BlobStore(folder);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;
    private string[] Files => Directory.GetFiles(folder, "*", SearchOption.AllDirectories);

    private static byte[] Disk()
    {
        var disk = new byte[3 << 20];
        "disk"u8.CopyTo(disk);
        "end"u8.CopyTo(disk.AsSpan(2 << 20));
        return disk;
    }

    [Fact]
    public async Task AdoptAsync_OfWhatWasStaged_IsTheSameBlobAsWhenItIsStored()
    {
        await blobs.StageAsync(new MemoryStream(Disk()), "a", 4 << 20, Cancel);
        Assert.Equal(["a"], blobs.Staged);
        var adopted = await blobs.AdoptAsync("a", "raw", Cancel);
        Assert.Empty(blobs.Staged);
        Assert.Equal(adopted, await blobs.StoreAsync(new MemoryStream(Disk()), 4 << 20, "raw", Cancel));
        Assert.Equal([blobs.PathOf(adopted.Digest)], Files);
        // Holes are nothing but zeros.
        Assert.Equal(Disk(), await File.ReadAllBytesAsync(blobs.PathOf(adopted.Digest), Cancel));
    }

    [Fact]
    public async Task AdoptAsync_OfWhatIsNotWhatItIsSaidToBe_LeavesItStaged()
    {
        await blobs.StageAsync(new MemoryStream(Disk()), "a", 4 << 20, Cancel);
        Assert.Contains("said to be qcow2, and is raw", (await Assert.ThrowsAsync<DiskException>(() => blobs.AdoptAsync("a", "qcow2", Cancel))).Message);
        Assert.Empty(blobs.All);
        Assert.True(blobs.HasStaged("a"));
        blobs.RemoveStaged("a");
        Assert.Empty(Files);
        Assert.Contains("not there any more", (await Assert.ThrowsAsync<DiskException>(() => blobs.AdoptAsync("a", "raw", Cancel))).Message);
    }

    [Fact]
    public async Task StageAsync_OfTooMuchOrOfHalf_LeavesNothing()
    {
        Assert.Contains("longer than 1048576 bytes", (await Assert.ThrowsAsync<DiskException>(() => blobs.StageAsync(new MemoryStream(Disk()), "a", 1 << 20, Cancel))).Message);
        await Assert.ThrowsAsync<IOException>(() => blobs.StageAsync(new Broken(), "a", 4 << 20, Cancel));
        Assert.Empty(Files);
    }

    [Fact]
    public async Task StoreAsync_OfAWriterThatFails_LeavesNothing()
    {
        await Assert.ThrowsAsync<IOException>(() => blobs.StoreAsync(async file => { await file.WriteAsync(Disk(), Cancel); throw new IOException("broke off"); }, "raw", Cancel));
        Assert.Empty(Files);
        var stored = await blobs.StoreAsync(file => file.WriteAsync(Disk(), Cancel).AsTask(), "raw", Cancel);
        Assert.Equal((3 << 20, 3 << 20), (stored.Size, stored.VirtualSize));
    }

    // Some bytes, and then the line is dead.
    private sealed class Broken : MemoryStream
    {
        private bool began;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (began) throw new IOException("broke off");
            began = true;
            return ValueTask.FromResult(100);
        }
    }
}
