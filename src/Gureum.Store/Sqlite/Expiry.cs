namespace Gureum.Store.Sqlite;

/// <summary>Deletes keys when their time to live has run out, each by a write like any other.</summary>
internal sealed class Expiry : IAsyncDisposable
{
    // Looking at the clock now and then notices when somebody set it.
    private static readonly TimeSpan LongestNap = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    private readonly TimeProvider time;
    private readonly Func<Request, Task<Outcome>> submit;
    private readonly Lock gate = new();
    private readonly PriorityQueue<(string Key, KeyVersion Version), long> due = new();
    private readonly ITimer timer;
    private bool disposed;

    public Expiry(TimeProvider time, Func<Request, Task<Outcome>> submit)
    {
        this.time = time;
        this.submit = submit;
        timer = time.CreateTimer(_ => Sweep(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Remembers a version that expires; others are ignored.</summary>
    public void Add(string key, KeyVersion version)
    {
        if (version.Expires == 0)
        {
            return;
        }
        lock (gate)
        {
            due.Enqueue((key, version), version.Expires);
            if (ReferenceEquals(due.Peek().Version, version))
            {
                Rest(null);
            }
        }
    }

    private void Sweep()
    {
        var expired = new List<(string Key, KeyVersion Version)>();
        lock (gate)
        {
            var now = Now;
            while (due.TryPeek(out _, out var at) && at <= now)
            {
                expired.Add(due.Dequeue());
            }
            Rest(null);
        }
        foreach (var (key, version) in expired)
        {
            _ = ExpireAsync(key, version);
        }
    }

    private async Task ExpireAsync(string key, KeyVersion version)
    {
        try
        {
            await submit(new ExpireRequest(key, version)).ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            // The expiry is in the file: the next start does it.
        }
        catch (Exception)
        {
            // Whatever kept the write from happening, the key is still due.
            lock (gate)
            {
                due.Enqueue((key, version), version.Expires);
                Rest(Retry);
            }
        }
    }

    /// <summary>Sets the timer to the next expiry, or as asked. The gate is held.</summary>
    private void Rest(TimeSpan? asked)
    {
        if (disposed || !due.TryPeek(out _, out var at))
        {
            return;
        }
        var nap = asked ?? TimeSpan.FromMilliseconds(Math.Clamp(at - Now, 0, (long)LongestNap.TotalMilliseconds));
        timer.Change(nap, Timeout.InfiniteTimeSpan);
    }

    public ValueTask DisposeAsync()
    {
        lock (gate)
        {
            disposed = true;
        }
        return timer.DisposeAsync();
    }
}
