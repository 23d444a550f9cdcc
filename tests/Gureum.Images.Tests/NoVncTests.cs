using Gureum.Images.Packages;

namespace Gureum.Images.Tests;

public sealed class NoVncTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("gureum-novnc-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task EnsureAsync_BringsThePagesOnce()
    {
        string pages = await NoVnc.EnsureAsync(_directory, TestContext.Current.CancellationToken);
        Assert.Contains("rfb.js", await File.ReadAllTextAsync(Path.Combine(pages, "vnc_lite.html"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(pages, "core", "rfb.js")));
        Assert.DoesNotContain(Directory.EnumerateFiles(pages, "*", SearchOption.AllDirectories), static f => File.ResolveLinkTarget(f, returnFinalTarget: false) is not null);
        Assert.Equal(pages, await NoVnc.EnsureAsync(_directory, TestContext.Current.CancellationToken));
    }
}
