using System.Text;

namespace Gureum.Store.Tests.Contract;

/// <summary>
/// What every <see cref="IStore"/> does. Each implementation runs all of it: a class of its own derives from this one and
/// opens the store. Every test starts with an empty store, whose revision need not be 0.
/// </summary>
public abstract partial class StoreContract : IAsyncLifetime
{
    // A safety net against hanging for ever, not an expectation.
    private readonly CancellationTokenSource patience = new(TimeSpan.FromMinutes(2));

    protected IStore Store { get; private set; } = null!;

    protected CancellationToken Cancel => patience.Token;

    /// <summary>Opens an empty store.</summary>
    protected abstract Task<IStore> OpenAsync();

    /// <summary>Removes what the store left on the machine.</summary>
    protected abstract ValueTask CleanAsync();

    public async ValueTask InitializeAsync() => Store = await OpenAsync();

    public async ValueTask DisposeAsync()
    {
        if (Store is not null)
        {
            await Store.DisposeAsync();
        }
        await CleanAsync();
        patience.Dispose();
        GC.SuppressFinalize(this);
    }

    protected static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    protected static string Text(Entry? entry) => entry is null ? "(none)" : Encoding.UTF8.GetString(entry.Value.Span);

    /// <summary>A put that must succeed; gives its revision.</summary>
    protected async Task<long> PutAsync(string key, string value, long? expected = null)
    {
        var result = await Store.WriteAsync(new Write(key, Bytes(value), expected), Cancel);
        Assert.True(result.Succeeded);
        return result.Revision;
    }

    protected async Task<long> DeleteAsync(string key)
    {
        var result = await Store.WriteAsync(new Write(key, null), Cancel);
        Assert.True(result.Succeeded);
        return result.Revision;
    }

    /// <summary>The first <paramref name="count"/> changes that a watch gives.</summary>
    protected async Task<List<Change>> TakeAsync(string prefix, long after, int count)
    {
        var changes = new List<Change>();
        await foreach (var batch in Store.WatchAsync(prefix, after, Cancel))
        {
            changes.AddRange(batch);
            if (changes.Count >= count)
            {
                break;
            }
        }
        return changes;
    }
}
