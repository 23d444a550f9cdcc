using System.Globalization;
using Gureum.Store.Sqlite;

namespace Gureum.Store.Tests.Sqlite;

/// <summary>No write that was acknowledged is lost when the process dies, at whatever instant.</summary>
public sealed class CrashTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(200)]
    [InlineData(1500)]
    public async Task Kill_WhileWriting_KeepsEveryAcknowledgedWrite(int after)
    {
        using var victim = Victim.Start("write", folder.File("store.db"));
        var acknowledged = new List<string>();
        while (acknowledged.Count < after && await victim.StandardOutput.ReadLineAsync() is { } line)
        {
            acknowledged.Add(line);
        }
        victim.Kill();
        acknowledged.AddRange(await RestAsync(victim));
        await CheckAsync(acknowledged, atLeast: after);
    }

    [Fact]
    public async Task Crash_InsideACommit_KeepsEveryAcknowledgedWriteAndNoHalfCommit()
    {
        using var victim = Victim.Start("crash-in-commit", folder.File("store.db"));
        var acknowledged = await RestAsync(victim);
        Assert.Equal(128 + 9, victim.ExitCode);
        await CheckAsync(acknowledged, atLeast: 50);
    }

    private static async Task<List<string>> RestAsync(System.Diagnostics.Process victim)
    {
        var lines = new List<string>();
        while (await victim.StandardOutput.ReadLineAsync() is { } line)
        {
            lines.Add(line);
        }
        await victim.WaitForExitAsync();
        return lines;
    }

    private async Task CheckAsync(List<string> acknowledged, int atLeast)
    {
        Assert.True(acknowledged.Count >= atLeast, $"only {acknowledged.Count} writes were acknowledged");
        await using var store = await SqliteStore.OpenAsync(new SqliteOptions(folder.File("store.db")));
        // The last line may have been cut by the kill.
        foreach (var line in acknowledged.SkipLast(1).Select(line => line.Split(' ')))
        {
            var entry = await store.GetAsync($"writer/{line[0]}/{line[1]}");
            Assert.NotNull(entry);
            Assert.Equal(int.Parse(line[1], CultureInfo.InvariantCulture), BitConverter.ToInt32(entry.Value.Span));
        }
        // What was in flight is there or not, but the history has no hole: one key for each revision.
        var all = await store.RangeAsync("writer/", "writer0");
        Assert.Equal(Enumerable.Range(1, (int)store.Revision).Select(n => (long)n), all.Entries.Select(entry => entry.ModRevision).Order());
        Assert.True((await store.WriteAsync(new Write("after", new byte[1]))).Succeeded);
    }
}
