using System.Globalization;
using System.IO.Compression;
using System.Text;
using Gureum.Node.Logs;

namespace Gureum.Node.Tests.Logs;

public sealed class LogReaderTests : IDisposable
{
    private const string Sample =
        "2026-01-01T00:00:01.000000001Z stdout F one\n" +
        "2026-01-01T00:00:02Z stdout P two-\n" +
        "2026-01-01T00:00:03Z stderr F err\n" +
        "2026-01-01T00:00:04Z stdout F end\n" +
        "garbage\n" +
        "2026-01-01T00:00:05Z stdout F \n" +
        "2026-01-01T00:00:06Z stdout F:extra six with  blanks\n";

    private readonly string _directory = Directory.CreateTempSubdirectory("gureum-log-test-").FullName;

    private string LogPath => Path.Combine(_directory, "0.log");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Copy_All_JoinsPartsAndDropsGarbage() =>
        Assert.Equal("one\ntwo-err\nend\n\nsix with  blanks\n", await ReadAsync(Sample, new LogQuery()));

    [Fact]
    public async Task Copy_OneStream_LeavesTheOtherOut()
    {
        Assert.Equal("err\n", await ReadAsync(Sample, new LogQuery { Stream = LogStream.Stderr }));
        Assert.Equal("one\ntwo-end\n\nsix with  blanks\n", await ReadAsync(Sample, new LogQuery { Stream = LogStream.Stdout }));
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(1, "six with  blanks\n")]
    [InlineData(2, "\nsix with  blanks\n")]
    [InlineData(3, "two-end\n\nsix with  blanks\n")]
    [InlineData(4, "one\ntwo-end\n\nsix with  blanks\n")]
    [InlineData(99, "one\ntwo-end\n\nsix with  blanks\n")]
    public async Task Copy_Tail_CountsProgramLines(long lines, string expected) =>
        Assert.Equal(expected, await ReadAsync(Sample, new LogQuery { TailLines = lines, Stream = LogStream.Stdout }));

    [Fact]
    public async Task Copy_Since_BeginsAtTheTime() =>
        Assert.Equal("\nsix with  blanks\n", await ReadAsync(Sample, new LogQuery { Since = DateTimeOffset.Parse("2026-01-01T00:00:04.5Z", CultureInfo.InvariantCulture) }));

    [Fact]
    public async Task Copy_Timestamps_AreThoseOfTheLog() => Assert.StartsWith(
        "2026-01-01T00:00:01.000000001Z one\n2026-01-01T00:00:02Z two-end\n",
        await ReadAsync(Sample, new LogQuery { Timestamps = true, Stream = LogStream.Stdout }));

    [Fact]
    public async Task Copy_Limit_EndsInsideALine() => Assert.Equal("one\ntw", await ReadAsync(Sample, new LogQuery { LimitBytes = 6 }));

    [Theory]
    [InlineData(null, "1\n2\n3\n4\n5\n6\n7\n8\n")]
    [InlineData(0L, "")]
    [InlineData(2L, "7\n8\n")]
    [InlineData(3L, "6\n7\n8\n")]
    [InlineData(5L, "4\n5\n6\n7\n8\n")]
    [InlineData(7L, "2\n3\n4\n5\n6\n7\n8\n")]
    [InlineData(99L, "1\n2\n3\n4\n5\n6\n7\n8\n")]
    public async Task Copy_RotatedLog_ReachesBackIntoRenamedFiles(long? lines, string expected)
    {
        await using (var oldest = new GZipStream(File.Create(LogPath + ".20260101-000000.gz"), CompressionLevel.Fastest)) await oldest.WriteAsync(Encoding.UTF8.GetBytes(Lines(1, 2)));
        await File.WriteAllTextAsync(LogPath + ".20260101-000001", Lines(3, 4, 5));
        await File.WriteAllTextAsync(LogPath + ".20260101-000002", Lines(6));
        await File.WriteAllTextAsync(LogPath + ".other", Lines(0));

        Assert.Equal(expected, await ReadAsync(Lines(7, 8), new LogQuery { TailLines = lines }));
    }

    [Fact]
    public async Task Copy_RotatedLog_LimitAndStreamHoldForAllOfIt()
    {
        await File.WriteAllTextAsync(LogPath + ".20260101-000001", "2026-01-01T00:00:01Z stdout F old\n2026-01-01T00:00:02Z stderr F bad\n");

        Assert.Equal("old\none\n", await ReadAsync(Sample, new LogQuery { Stream = LogStream.Stdout, LimitBytes = 8 }));
        Assert.Equal("bad\nerr\n", await ReadAsync(Sample, new LogQuery { Stream = LogStream.Stderr, TailLines = 2 }));
    }

    [Fact]
    public async Task Copy_TailOfALargeFile_IsRight()
    {
        var text = new StringBuilder();
        for (int i = 0; i < 20_000; i++) text.Append(CultureInfo.InvariantCulture, $"2026-01-01T00:00:01Z stdout F line {i}\n");

        string tail = await ReadAsync(text.ToString(), new LogQuery { TailLines = 5000 });

        Assert.StartsWith("line 15000\n", tail);
        Assert.EndsWith("line 19999\n", tail);
        Assert.Equal(5000, tail.Count(c => c == '\n'));
    }

    [Fact]
    public async Task Copy_Follow_GoesOnAcrossARotationAndEndsWithTheContainer()
    {
        File.WriteAllText(LogPath, "2026-01-01T00:00:01Z stdout F first\n");
        using var output = new MemoryStream();
        int round = 0;
        Task<bool> IsRunning(CancellationToken cancel)
        {
            round++;
            if (round == 1) File.AppendAllText(LogPath, "2026-01-01T00:00:02Z stdout F second\n");
            if (round == 2)
            {
                File.AppendAllText(LogPath, "2026-01-01T00:00:03Z stdout F third\n");
                File.Move(LogPath, LogPath + ".20260101-000003");
                File.WriteAllText(LogPath, "2026-01-01T00:00:04Z stdout F fourth\n");
            }

            if (round == 4) File.AppendAllText(LogPath, "2026-01-01T00:00:05Z stdout F last\n");
            return Task.FromResult(round < 4);
        }

        await new LogReader(LogPath, TimeProvider.System).CopyAsync(new LogQuery { Follow = true }, output, IsRunning, CancellationToken.None);

        Assert.Equal("first\nsecond\nthird\nfourth\nlast\n", Encoding.UTF8.GetString(output.ToArray()));
    }

    private async Task<string> ReadAsync(string log, LogQuery query)
    {
        await File.WriteAllTextAsync(LogPath, log);
        using var output = new MemoryStream();
        await new LogReader(LogPath, TimeProvider.System).CopyAsync(query, output, _ => Task.FromResult(false), CancellationToken.None);
        return Encoding.UTF8.GetString(output.ToArray());
    }

    private static string Lines(params int[] numbers) => string.Concat(numbers.Select(n => $"2026-01-01T00:00:0{n}Z stdout F {n}\n"));
}
