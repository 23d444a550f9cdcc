using System.Net;
using System.Text;
using Gureum.Node.Logs;
using Gureum.Node.Server;
using Gureum.Node.Tests.Server;

namespace Gureum.Node.Tests.Logs;

/// <summary>Logs that are a program's very output: consoles of guests.</summary>
public sealed class RawLogTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("gureum-rawlog-").FullName;

    private string LogPath => Path.Combine(directory, "console.log");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Theory]
    [InlineData(null, "old 1\nold 2\nnew 1\r\nnew 2\nlogin: ")]
    [InlineData(0L, "")]
    [InlineData(1L, "login: ")]
    [InlineData(2L, "new 2\nlogin: ")]
    [InlineData(3L, "new 1\r\nnew 2\nlogin: ")]
    [InlineData(4L, "old 2\nnew 1\r\nnew 2\nlogin: ")]
    [InlineData(9L, "old 1\nold 2\nnew 1\r\nnew 2\nlogin: ")]
    public async Task Read_TailOfALogInTwoFiles_ReachesBackIntoTheOlder(long? lines, string expected)
    {
        File.WriteAllText(RawLogRotator.Older(LogPath), "old 1\nold 2\n");
        File.WriteAllText(LogPath, "new 1\r\nnew 2\nlogin: ");

        Assert.Equal(expected, await ReadAsync(new LogQuery { TailLines = lines }));
    }

    [Theory]
    [InlineData(2L, "half line\nnew\n")]
    [InlineData(3L, "old\nhalf line\nnew\n")]
    public async Task Read_LineCutInTwo_IsOneLine(long lines, string expected)
    {
        File.WriteAllText(RawLogRotator.Older(LogPath), "old\nhalf ");
        File.WriteAllText(LogPath, "line\nnew\n");

        Assert.Equal(expected, await ReadAsync(new LogQuery { TailLines = lines }));
    }

    [Fact]
    public async Task Read_LogThatWasJustCut_CountsTheOlderPartsLines()
    {
        File.WriteAllText(RawLogRotator.Older(LogPath), "one\ntwo\nthr");
        File.WriteAllText(LogPath, "");

        Assert.Equal("two\nthr", await ReadAsync(new LogQuery { TailLines = 2 }));
    }

    [Fact]
    public async Task Read_LongLog_TailIsFoundOverBlocks()
    {
        File.WriteAllText(LogPath, string.Concat(Enumerable.Range(0, 20_000).Select(i => $"line {i}\n")));

        Assert.Equal(string.Concat(Enumerable.Range(9_000, 11_000).Select(i => $"line {i}\n")), await ReadAsync(new LogQuery { TailLines = 11_000 }));
        Assert.Equal("line 0\nl", await ReadAsync(new LogQuery { LimitBytes = 8 }));
        Assert.Equal("", await ReadAsync(new LogQuery { Stream = LogStream.Stderr }));
    }

    [Fact]
    public async Task Follow_LogThatGrowsAndIsCut_GoesOn()
    {
        using var log = new FileStream(LogPath, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, 1);
        log.Write("one\n"u8);
        using var output = new Growing();
        var running = true;
        Task following = new RawLogReader(LogPath, TimeProvider.System).CopyAsync(new LogQuery { Follow = true }, output, _ => Task.FromResult(running), CancellationToken.None);
        await output.UntilAsync("one\n");
        log.Write("two\n"u8);
        await output.UntilAsync("one\ntwo\n");

        Assert.True(RawLogRotator.RotateIfNeeded(LogPath, mostBytes: 6));
        log.Write("three\n"u8);
        await output.UntilAsync("one\ntwo\nthree\n");
        log.Write("end"u8);
        running = false;
        await following;

        Assert.Equal("one\ntwo\nthree\nend", output.Text);
        Assert.Equal("e\ntwo\n", File.ReadAllText(RawLogRotator.Older(LogPath)));
    }

    [Fact]
    public void Rotate_SmallOrMissingLog_IsLeftAlone()
    {
        Assert.False(RawLogRotator.RotateIfNeeded(LogPath, 3));
        File.WriteAllText(LogPath, "abc");
        Assert.False(RawLogRotator.RotateIfNeeded(LogPath, 3));
        Assert.Equal("abc", File.ReadAllText(LogPath));
    }

    [Theory]
    [InlineData("timestamps=true")]
    [InlineData("sinceSeconds=5")]
    [InlineData("sinceTime=2026-01-01T00:00:00Z")]
    public async Task Logs_WhatAConsoleDoesNotHave_IsRefusedByName(string query)
    {
        File.WriteAllText(LogPath, "hello\n");
        await using TestNode node = await TestNode.StartAsync();
        node.Log = new LogTarget(LogPath, _ => Task.FromResult(false), Raw: true);
        using HttpClient http = node.Http(node.ClientCertificate());

        HttpResponseMessage answer = await http.GetAsync($"/containerLogs/test/pod/compute?{query}");

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(query.Split('=')[0], await answer.Content.ReadAsStringAsync());
        Assert.Equal("hello\n", await http.GetStringAsync("/containerLogs/test/pod/compute?tailLines=1"));
    }

    private async Task<string> ReadAsync(LogQuery query)
    {
        using var output = new MemoryStream();
        await new RawLogReader(LogPath, TimeProvider.System).CopyAsync(query, output, _ => Task.FromResult(false), CancellationToken.None);
        return Encoding.UTF8.GetString(output.ToArray());
    }

    /// <summary>Output that a test waits for.</summary>
    private sealed class Growing : MemoryStream
    {
        private readonly Lock gate = new();

        internal string Text
        {
            get
            {
                lock (gate) return Encoding.UTF8.GetString(ToArray());
            }
        }

        internal async Task UntilAsync(string text)
        {
            for (var tries = 0; Text != text; tries++)
            {
                Assert.True(tries < 1000, $"still waiting for {text}: there is {Text}");
                await Task.Delay(10);
            }
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            lock (gate) Write(buffer.Span);
            return ValueTask.CompletedTask;
        }
    }
}
