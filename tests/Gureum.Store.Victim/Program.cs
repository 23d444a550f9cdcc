// A process for the store's tests to kill, or to run where only a process of its own may be (a mount namespace).
using System.Globalization;
using Gureum.Store;
using Gureum.Store.Faults;
using Gureum.Store.Sqlite;

return args switch
{
    ["write", var path] => await Scenarios.WriteForeverAsync(path),
    ["crash-in-commit", var path] => await Scenarios.CrashInCommitAsync(path),
    ["fill", var folder] => await Scenarios.FillAsync(folder),
    ["open", var path] => await Scenarios.OpenAsync(path),
    _ => throw new ArgumentException("usage: write|crash-in-commit|fill|open PATH"),
};

internal static class Scenarios
{
    private const int Writers = 4;

    /// <summary>Writes until killed; says "writer number" for each write that was acknowledged.</summary>
    public static async Task<int> WriteForeverAsync(string path)
    {
        await using var store = await SqliteStore.OpenAsync(new SqliteOptions(path));
        var gate = new Lock();
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            for (var n = 1; ; n++)
            {
                var value = new byte[1024];
                BitConverter.TryWriteBytes(value, n);
                await store.WriteAsync(new Write($"writer/{writer}/{n}", value));
                lock (gate)
                {
                    Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{writer} {n}"));
                    Console.Out.Flush();
                }
            }
        })));
        return 1;
    }

    /// <summary>As above, but dies by itself inside the fiftieth commit.</summary>
    public static async Task<int> CrashInCommitAsync(string path)
    {
        using var armed = FaultPoints.Arm("store.commit", Fault.After(50, Fault.Crash));
        return await WriteForeverAsync(path);
    }

    /// <summary>Fills the disk, shows that reads and watches go on, makes room, shows that writes go on too.</summary>
    public static async Task<int> FillAsync(string folder)
    {
        var ballast = Path.Combine(folder, "ballast");
        await File.WriteAllBytesAsync(ballast, new byte[3 << 20]);
        await using var store = await SqliteStore.OpenAsync(new SqliteOptions(Path.Combine(folder, "store.db")));
        await using var watch = store.WatchAsync("", 0).GetAsyncEnumerator();
        var written = 0;
        try
        {
            for (; written < 20_000; written++)
            {
                await store.WriteAsync(new Write($"k{written}", new byte[4000]));
            }
            Console.WriteLine("never full");
            return 1;
        }
        catch (StoreUnavailableException failure)
        {
            Console.WriteLine($"full: {failure.Message}");
        }
        var range = await store.RangeAsync("k", "l");
        Console.WriteLine($"read all: {range.Entries.Count == written}");
        var seen = 0;
        while (seen < written && await watch.MoveNextAsync())
        {
            seen += watch.Current.Count;
        }
        Console.WriteLine($"watched all: {seen == written}");
        File.Delete(ballast);
        var result = await store.WriteAsync(new Write("after", new byte[4000]));
        Console.WriteLine($"resumed: {result.Succeeded && await watch.MoveNextAsync() && watch.Current[^1].Key == "after"}");
        Console.WriteLine($"next revision: {result.Revision == written + 1}");
        return 0;
    }

    /// <summary>Opens the store and says what came of it.</summary>
    public static async Task<int> OpenAsync(string path)
    {
        try
        {
            await using var store = await SqliteStore.OpenAsync(new SqliteOptions(path));
            Console.WriteLine($"opened at {store.Revision}");
        }
        catch (StoreUnavailableException failure)
        {
            Console.WriteLine(failure.Message);
        }
        return 0;
    }
}
