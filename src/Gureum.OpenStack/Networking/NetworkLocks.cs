using System.Collections.Concurrent;
using Gureum.Objects.Network.V1;

namespace Gureum.OpenStack.Networking;

/// <summary>One at a time chooses addresses on a network: a choice is written, and seen, before the next is made (thread-safe).</summary>
internal sealed class NetworkLocks
{
    private readonly ConcurrentDictionary<string, SemaphoreSlim> locks = new();
    private readonly SemaphoreSlim segments = new(1, 1);

    internal Task<T> WithAsync<T>(Network network, Func<Task<T>> work, CancellationToken cancel) => RunAsync(locks.GetOrAdd(network.Metadata.Uid!, static _ => new SemaphoreSlim(1, 1)), work, cancel);

    /// <summary>A network is gone: nobody chooses on it any more.</summary>
    internal void Forget(string uid) => locks.TryRemove(uid, out _);

    /// <summary>Segments of networks, and prefixes of pools, are chosen over the whole cloud.</summary>
    internal Task<T> WithCloudAsync<T>(Func<Task<T>> work, CancellationToken cancel) => RunAsync(segments, work, cancel);

    private static async Task<T> RunAsync<T>(SemaphoreSlim one, Func<Task<T>> work, CancellationToken cancel)
    {
        await one.WaitAsync(cancel);
        try { return await work(); }
        finally { one.Release(); }
    }
}
