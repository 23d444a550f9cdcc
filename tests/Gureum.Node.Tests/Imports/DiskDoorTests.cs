using System.Diagnostics;
using Gureum.Client;
using Gureum.Node.Imports;
using Gureum.Node.Server;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;

namespace Gureum.Node.Tests.Imports;

public sealed class DiskDoorTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("gureum-disks-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;
    private string Volume => Path.Combine(folder, "pvc-1");
    private string Exports => Path.Combine(folder, "exports");

    private DiskDoor Door(PersistentVolumeSpec? spec = null) => new(new ApiClient(new OneVolume(new PersistentVolume { Metadata = new ObjectMeta { Name = "pvc-1" }, Spec = spec ?? new PersistentVolumeSpec { HostPath = new HostPathVolumeSource { Path = Volume } } })), Exports);

    private async Task<byte[]> WriteAsync()
    {
        Directory.CreateDirectory(Volume);
        byte[] disk = [.. "disk"u8, .. new byte[(4 << 20) - 4]];
        await File.WriteAllBytesAsync(Path.Combine(Volume, "disk.img"), disk, Cancel);
        return disk;
    }

    private static async Task<byte[]> ReadAsync(Stream stream)
    {
        using var all = new MemoryStream();
        await stream.CopyToAsync(all, Cancel);
        return all.ToArray();
    }

    [Fact]
    public async Task OpenAsync_Raw_IsTheDiskItself()
    {
        var disk = await WriteAsync();
        await using var stream = await Door().OpenAsync("pvc-1", "raw", Cancel);
        Assert.Equal(disk.Length, stream.Length);
        Assert.Equal(disk, await ReadAsync(stream));
    }

    [Fact]
    public async Task OpenAsync_Qcow2_IsAnImageOfTheDiskAndLeavesNothing()
    {
        var disk = await WriteAsync();
        string image = Path.Combine(folder, "image.qcow2"), back = Path.Combine(folder, "back.raw");
        await using (var stream = await Door().OpenAsync("pvc-1", "qcow2", Cancel))
        {
            Assert.True(stream.Length < disk.Length);
            await File.WriteAllBytesAsync(image, await ReadAsync(stream), Cancel);
        }
        Assert.Empty(Directory.GetFiles(Exports));
        using var convert = Process.Start("qemu-img", ["convert", "-f", "qcow2", "-O", "raw", image, back]);
        await convert.WaitForExitAsync(Cancel);
        Assert.Equal(disk, await File.ReadAllBytesAsync(back, Cancel));
    }

    [Theory]
    [InlineData("raw")]
    [InlineData("qcow2")]
    public async Task OpenAsync_OfALink_IsRefused(string format)
    {
        Directory.CreateDirectory(Volume);
        string secret = Path.Combine(folder, "secret");
        await File.WriteAllTextAsync(secret, "secret", Cancel);
        File.CreateSymbolicLink(Path.Combine(Volume, "disk.img"), secret);
        Assert.Equal(404, (await Assert.ThrowsAsync<NodeRequestException>(() => Door().OpenAsync("pvc-1", format, Cancel))).Status);
        Assert.False(Directory.Exists(Exports));
    }

    [Fact]
    public async Task OpenAsync_OfWhatIsNotThere_SaysWhat()
    {
        Assert.Contains("\"pvc-2\" not found", (await Assert.ThrowsAsync<NodeRequestException>(() => Door().OpenAsync("pvc-2", "raw", Cancel))).Message);
        Assert.Contains("accepted are raw and qcow2", (await Assert.ThrowsAsync<NodeRequestException>(() => Door().OpenAsync("pvc-1", "vmdk", Cancel))).Message);
        Assert.Contains("class local", (await Assert.ThrowsAsync<NodeRequestException>(() => Door(new PersistentVolumeSpec()).OpenAsync("pvc-1", "raw", Cancel))).Message);
    }

    private sealed class OneVolume(PersistentVolume volume) : IApiTransport
    {
        public Task<ApiResponse> SendAsync(ApiRequest request, CancellationToken cancel = default) => Task.FromResult(request.Path == "/api/v1/persistentvolumes/" + volume.Metadata.Name
            ? new ApiResponse(200, ModelJson.Encode(volume)) : new ApiResponse(404, """{"kind":"Status","status":"Failure","reason":"NotFound","code":404}"""u8.ToArray()));
    }
}
