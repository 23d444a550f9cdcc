using System.IO.Compression;
using Gureum.Node.Logs;

namespace Gureum.Node.Tests.Logs;

public sealed class LogRotatorTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("gureum-rotate-test-").FullName;
    private readonly Clock _clock = new();

    private string LogPath => Path.Combine(_directory, "0.log");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Rotate_SmallLog_IsLeftAlone()
    {
        File.WriteAllText(LogPath, "small");

        Assert.False(await Rotator(3).RotateIfNeededAsync(LogPath, _ => throw new InvalidOperationException("not to be called"), CancellationToken.None));

        Assert.Equal("small", File.ReadAllText(LogPath));
    }

    [Fact]
    public async Task Rotate_ManyTimes_KeepsTheNewestFilesAndCompressesTheOlder()
    {
        LogRotator rotator = Rotator(3);
        for (int i = 0; i < 5; i++)
        {
            File.WriteAllText(LogPath, $"content number {i}");
            Assert.True(await rotator.RotateIfNeededAsync(LogPath, ReopenAsync, CancellationToken.None));
            _clock.Advance();
        }

        List<string> rotated = LogRotator.Rotated(LogPath);
        Assert.Equal(2, rotated.Count);
        Assert.EndsWith(".gz", rotated[0]);
        using (var gzip = new StreamReader(new GZipStream(File.OpenRead(rotated[0]), CompressionMode.Decompress)))
            Assert.Equal("content number 3", gzip.ReadToEnd());
        Assert.Equal("content number 4", File.ReadAllText(rotated[1]));
        Assert.Equal(3, Directory.GetFiles(_directory).Length);

        LogRotator.Delete(LogPath);
        Assert.Empty(Directory.GetFiles(_directory));
    }

    [Fact]
    public async Task Rotate_RuntimeDoesNotReopen_KeepsTheName()
    {
        File.WriteAllText(LogPath, "content number 0");

        await Assert.ThrowsAsync<IOException>(() => Rotator(3).RotateIfNeededAsync(LogPath, _ => throw new IOException("no answer"), CancellationToken.None));

        Assert.Equal("content number 0", File.ReadAllText(LogPath));
        Assert.Empty(LogRotator.Rotated(LogPath));
    }

    [Theory]
    [InlineData(0, 3)]
    [InlineData(10, 1)]
    public void Limits_ThatMakeNoSense_AreRefused(long bytes, int files) =>
        Assert.Throws<ArgumentException>(() => new LogRotator(new LogLimits(bytes, files), TimeProvider.System));

    private LogRotator Rotator(int files) => new(new LogLimits(10, files), _clock);

    private Task ReopenAsync(CancellationToken cancel)
    {
        File.WriteAllText(LogPath, "");
        return Task.CompletedTask;
    }

    private sealed class Clock : TimeProvider
    {
        private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public void Advance() => _now += TimeSpan.FromSeconds(1);

        public override DateTimeOffset GetUtcNow() => _now;
    }
}
