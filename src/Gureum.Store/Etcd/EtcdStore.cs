using System.Runtime.CompilerServices;
using Google.Protobuf;
using Grpc.Core;
using Gureum.Store.Etcd.Wire;

namespace Gureum.Store.Etcd;

/// <summary>
/// The store for several servers: etcd 3.4 or newer over gRPC (https://etcd.io/docs/v3.5/dev-guide/api_reference_v3/).
/// State: thread-safe.
/// </summary>
/// <remarks>
/// What differs from the embedded store: <see cref="Revision"/> is the newest that this process has heard of, since others
/// write too; revisions count the whole etcd, so keys of others leave gaps; times to live are whole seconds with etcd's own
/// floor of about two; watches that lose their member resume on another by themselves.
/// </remarks>
public sealed class EtcdStore : IStore
{
    /// <summary>Entries for each request of a long range, so that no answer is huge.</summary>
    private const int Page = 2000;

    private readonly EtcdChannels channels;
    private readonly EtcdKeys keys;
    private readonly EtcdWatch watch;
    private readonly CancellationTokenSource closing = new();
    private long revision;
    private long compacted;

    private EtcdStore(EtcdOptions options)
    {
        channels = new EtcdChannels(options);
        keys = new EtcdKeys(options.Prefix);
        watch = new EtcdWatch(channels, keys, seen => Raise(ref revision, seen));
    }

    /// <inheritdoc/>
    public long Revision => Interlocked.Read(ref revision);

    /// <inheritdoc/>
    public long CompactedRevision => Interlocked.Read(ref compacted);

    /// <summary>Connects, and learns the newest and the compacted revision.</summary>
    /// <exception cref="ArgumentException">No endpoint was given, or the prefix is not ASCII.</exception>
    /// <exception cref="StoreUnavailableException">No member answers.</exception>
    public static async Task<EtcdStore> OpenAsync(EtcdOptions options, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Endpoints.Count == 0)
        {
            throw new ArgumentException("no etcd endpoint was given; give at least one, such as http://127.0.0.1:2379", nameof(options));
        }
        if (!System.Text.Ascii.IsValid(options.Prefix))
        {
            throw new ArgumentException($"the prefix \"{options.Prefix}\" has other than ASCII characters", nameof(options));
        }
        var store = new EtcdStore(options);
        try
        {
            await store.LearnAsync(cancel).ConfigureAwait(false);
            return store;
        }
        catch (Exception)
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<Entry?> GetAsync(string key, CancellationToken cancel = default)
    {
        Requirements.Key(key);
        var answer = await RangeOnceAsync(new RangeRequest { Key = keys.Key(key) }, cancel).ConfigureAwait(false);
        return answer.Kvs.Count == 0 ? null : keys.Entry(answer.Kvs[0]);
    }

    /// <inheritdoc/>
    public async ValueTask<RangeResult> RangeAsync(
        string from, string to, long revision = 0, int limit = 0, CancellationToken cancel = default)
    {
        Requirements.Range(from, to, revision, limit);
        while (true)
        {
            try
            {
                return await PagesAsync(from, to, revision, limit, cancel).ConfigureAwait(false);
            }
            catch (RevisionCompactedException) when (revision == 0)
            {
                // "Newest" was compacted between two pages: the newest of now will do.
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask<WriteResult> WriteAsync(Write write, CancellationToken cancel = default)
    {
        Requirements.Write(write);
        cancel.ThrowIfCancellationRequested();
        var lease = write is { Value: not null, TimeToLive: { } life } ? await GrantAsync(life, cancel).ConfigureAwait(false) : 0;
        var answer = await TxnAsync(Transaction(write, lease), cancel).ConfigureAwait(false);
        Raise(ref revision, answer.Header.Revision);
        if (!answer.Succeeded)
        {
            await RevokeAsync(lease, cancel).ConfigureAwait(false);
            var there = answer.Responses[0].ResponseRange.Kvs;
            return new WriteResult(false, answer.Header.Revision, there.Count == 0 ? null : keys.Entry(there[0]));
        }
        if (write.Value is not { } value)
        {
            return new WriteResult(true, answer.Header.Revision, null);
        }
        var pair = answer.Responses[1].ResponseRange.Kvs[0];
        return new WriteResult(true, pair.ModRevision, new Entry(write.Key, value, pair.CreateRevision, pair.ModRevision));
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<IReadOnlyList<Change>> WatchAsync(
        string prefix, long afterRevision, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        Requirements.Watch(prefix, afterRevision);
        ObjectDisposedException.ThrowIf(closing.IsCancellationRequested, this);
        if (afterRevision < CompactedRevision)
        {
            throw new RevisionCompactedException(afterRevision, CompactedRevision);
        }
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, closing.Token);
        await using var changes = watch.RunAsync(prefix, afterRevision, either.Token).GetAsyncEnumerator(either.Token);
        while (await NextAsync(changes, cancel).ConfigureAwait(false))
        {
            yield return changes.Current;
        }
    }

    /// <inheritdoc/>
    public async ValueTask CompactAsync(long revision, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(revision);
        if (revision <= CompactedRevision)
        {
            return;
        }
        try
        {
            await channels.CallAsync(
                (invoker, call) => new KV.KVClient(invoker).CompactAsync(new CompactionRequest { Revision = revision }, call),
                repeatable: true,
                cancel).ConfigureAwait(false);
            Raise(ref compacted, revision);
        }
        catch (RpcException failure)
        {
            // Another server may have compacted further meanwhile, which is as good.
            if (await OutOfRangeAsync(failure, revision, cancel).ConfigureAwait(false) is RevisionInFutureException future)
            {
                throw future;
            }
        }
    }

    /// <summary>Ends the watches and closes the connections; what is in etcd stays.</summary>
    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync().ConfigureAwait(false);
        channels.Dispose();
    }

    private async Task LearnAsync(CancellationToken cancel)
    {
        try
        {
            await RangeOnceAsync(new RangeRequest { Key = keys.Key("-"), CountOnly = true }, cancel).ConfigureAwait(false);
            await RangeOnceAsync(new RangeRequest { Key = keys.Key("-"), CountOnly = true, Revision = 1 }, cancel).ConfigureAwait(false);
        }
        catch (RevisionCompactedException refusal)
        {
            Raise(ref compacted, refusal.Compacted);
        }
    }

    private async Task<RangeResult> PagesAsync(string from, string to, long asked, int limit, CancellationToken cancel)
    {
        var entries = new List<Entry>();
        var inverted = string.CompareOrdinal(from, to) >= 0;
        // etcd takes an empty end for "this key alone", and an inverted range is empty: only the revision is of interest then.
        var request = new RangeRequest { Key = keys.From(from), RangeEnd = inverted ? ByteString.Empty : keys.From(to), Revision = asked, CountOnly = inverted };
        while (true)
        {
            request.Limit = limit == 0 ? Page : Math.Min(Page, limit - entries.Count);
            var answer = await RangeOnceAsync(request, cancel).ConfigureAwait(false);
            request.Revision = request.Revision == 0 ? answer.Header.Revision : request.Revision;
            entries.AddRange(answer.Kvs.Select(keys.Entry));
            if (!answer.More || inverted || entries.Count == limit)
            {
                return new RangeResult(entries, request.Revision, answer.More && !inverted);
            }
            // The next key in order is the last one with a zero byte behind it.
            request.Key = ByteString.CopyFrom([.. answer.Kvs[^1].Key.Span, 0]);
        }
    }

    private async Task<RangeResponse> RangeOnceAsync(RangeRequest request, CancellationToken cancel)
    {
        try
        {
            var answer = await channels.CallAsync(
                (invoker, call) => new KV.KVClient(invoker).RangeAsync(request, call), repeatable: true, cancel).ConfigureAwait(false);
            Raise(ref revision, answer.Header.Revision);
            return answer;
        }
        catch (RpcException failure)
        {
            throw await OutOfRangeAsync(failure, request.Revision, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>etcd says only that a revision lies outside; this asks for the bounds.</summary>
    private async Task<Exception> OutOfRangeAsync(RpcException failure, long asked, CancellationToken cancel)
    {
        if (failure.Status.Detail.Contains("compacted", StringComparison.Ordinal))
        {
            Raise(ref compacted, await watch.CompactedAsync(cancel).ConfigureAwait(false));
            return new RevisionCompactedException(asked, CompactedRevision);
        }
        if (failure.Status.Detail.Contains("future", StringComparison.Ordinal))
        {
            await RangeOnceAsync(new RangeRequest { Key = keys.Key("-"), CountOnly = true }, cancel).ConfigureAwait(false);
            return new RevisionInFutureException(asked, Revision);
        }
        return new StoreUnavailableException($"etcd refused revision {asked}: {failure.Status.Detail}; see its log", failure);
    }

    private TxnRequest Transaction(Write write, long lease)
    {
        var key = keys.Key(write.Key);
        var request = new TxnRequest();
        if (write.Expected is { } expected)
        {
            request.Compare.Add(new Compare { Key = key, Target = Compare.Types.CompareTarget.Mod, ModRevision = expected });
        }
        if (write.Value is { } value)
        {
            var put = new PutRequest { Key = key, Value = UnsafeByteOperations.UnsafeWrap(value), Lease = lease };
            request.Success.Add(new RequestOp { RequestPut = put });
            // Tells the creation revision.
            request.Success.Add(new RequestOp { RequestRange = new RangeRequest { Key = key, KeysOnly = true } });
        }
        else
        {
            request.Success.Add(new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = key } });
        }
        request.Failure.Add(new RequestOp { RequestRange = new RangeRequest { Key = key } });
        return request;
    }

    private async Task<TxnResponse> TxnAsync(TxnRequest request, CancellationToken cancel)
    {
        try
        {
            return await channels.CallAsync(
                (invoker, call) => new KV.KVClient(invoker).TxnAsync(request, call), repeatable: false, cancel).ConfigureAwait(false);
        }
        catch (RpcException failure)
        {
            throw await OutOfRangeAsync(failure, 0, cancel).ConfigureAwait(false);
        }
    }

    private async Task<long> GrantAsync(TimeSpan life, CancellationToken cancel)
    {
        var request = new LeaseGrantRequest { TTL = (long)Math.Ceiling(life.TotalSeconds) };
        var answer = await channels.CallAsync(
            (invoker, call) => new Lease.LeaseClient(invoker).LeaseGrantAsync(request, call), repeatable: true, cancel).ConfigureAwait(false);
        return answer.ID;
    }

    private async Task RevokeAsync(long lease, CancellationToken cancel)
    {
        if (lease == 0)
        {
            return;
        }
        try
        {
            await channels.CallAsync(
                (invoker, call) => new Lease.LeaseClient(invoker).LeaseRevokeAsync(new LeaseRevokeRequest { ID = lease }, call),
                repeatable: true,
                cancel).ConfigureAwait(false);
        }
        catch (StoreUnavailableException)
        {
            // It runs out by itself; the answer to the write matters more.
        }
    }

    private async Task<bool> NextAsync(IAsyncEnumerator<IReadOnlyList<Change>> changes, CancellationToken cancel)
    {
        try
        {
            return await changes.MoveNextAsync().ConfigureAwait(false);
        }
        catch (RevisionCompactedException refusal)
        {
            Raise(ref compacted, refusal.Compacted);
            throw;
        }
        catch (Exception failure) when (closing.IsCancellationRequested && !cancel.IsCancellationRequested && failure is OperationCanceledException or ObjectDisposedException)
        {
            throw new ObjectDisposedException(nameof(EtcdStore));
        }
    }

    private static void Raise(ref long known, long seen)
    {
        for (var now = Interlocked.Read(ref known); now < seen;)
        {
            now = Interlocked.CompareExchange(ref known, seen, now);
        }
    }
}
