using Gureum.Images.Disks;
using Gureum.Node.Imports;

namespace Gureum.Node.Tests.Imports;

public sealed class WebDownloadTests : IDisposable
{
    private readonly FileStream file = new(Path.GetTempFileName(), FileMode.Open, FileAccess.ReadWrite, FileShare.None, 4096, FileOptions.DeleteOnClose);

    public void Dispose() => file.Dispose();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private async Task<string> RefusalAsync(string url, bool may = true, long most = 100) => (await Assert.ThrowsAsync<DiskException>(() => WebDownload.RunAsync(new Uri(url), file, most, _ => may, Cancel))).Message;

    [Fact]
    public async Task RunAsync_OfAFile_WritesItsBytes()
    {
        await using var server = SourceServer.Serving("disk"u8.ToArray());
        await WebDownload.RunAsync(new Uri(server.Url("/disk")), file, 4, static _ => true, Cancel);
        file.Position = 0;
        using var reader = new StreamReader(file, leaveOpen: true);
        Assert.Equal("disk", await reader.ReadToEndAsync(Cancel));
    }

    [Fact]
    public async Task RunAsync_OfAnAddressThatMayNotBeReached_AsksNobody()
    {
        await using var server = SourceServer.Serving("disk"u8.ToArray());
        Assert.Contains("not imported from", await RefusalAsync(server.Url("/disk"), may: false));
        Assert.Empty(server.Asked);
    }

    [Fact]
    public async Task RunAsync_OfTooMuch_SaysHowMuchIsAccepted()
    {
        await using var server = SourceServer.Serving(new byte[200]);
        Assert.EndsWith("is 200 bytes long; 100 is the most that is accepted", await RefusalAsync(server.Url("/disk")));
    }

    [Fact]
    public async Task RunAsync_OfARedirectionToAFile_IsRefused()
    {
        await using var server = SourceServer.Raw(static async (_, stream, cancel) => await stream.WriteAsync(SourceServer.Head("302 Found\r\nLocation: file:///etc/passwd"), cancel));
        Assert.Contains("file:///etc/passwd is not an http or https URL", await RefusalAsync(server.Url("/disk")));
    }
}
