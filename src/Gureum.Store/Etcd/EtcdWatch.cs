using System.Runtime.CompilerServices;
using Grpc.Core;
using Gureum.Store.Etcd.Wire;

namespace Gureum.Store.Etcd;

/// <summary>
/// One watch. When its stream breaks it is opened anew, on the next member, right after the last change that was handed out:
/// the reader notices a pause at most.
/// </summary>
internal sealed class EtcdWatch(EtcdChannels channels, EtcdKeys keys, Action<long> observe)
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    public async IAsyncEnumerable<IReadOnlyList<Change>> RunAsync(
        string prefix, long afterRevision, [EnumeratorCancellation] CancellationToken cancel)
    {
        var position = afterRevision;
        var pause = TimeSpan.FromMilliseconds(20);
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            var (call, member) = channels.Watch(cancel);
            using (call)
            {
                var open = await CreateAsync(call, prefix, position).ConfigureAwait(false);
                var parts = new List<Change>();
                while (open && await NextAsync(call, cancel).ConfigureAwait(false) is { } response)
                {
                    pause = TimeSpan.FromMilliseconds(20);
                    if (response.Canceled)
                    {
                        ThrowIfCompacted(response, position);
                        break;
                    }
                    observe(response.Header?.Revision ?? 0);
                    parts.AddRange(response.Events.Select(Translate).Where(change => change.Revision > position));
                    if (response.Fragment)
                    {
                        continue;
                    }
                    if (parts.Count > 0)
                    {
                        position = parts[^1].Revision;
                        yield return parts;
                        parts = [];
                    }
                    else if (!response.Created && response.Header is { } header)
                    {
                        // A sign of progress: nothing of ours happened up to there, so a later resumption need not look.
                        position = Math.Max(position, header.Revision);
                    }
                }
            }
            channels.Leave(member);
            await Task.Delay(pause, cancel).ConfigureAwait(false);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    /// <summary>Asks etcd how far it has compacted, known to be somewhere: it refuses a watch from the beginning with that number.</summary>
    public async Task<long> CompactedAsync(CancellationToken cancel)
    {
        await using var changes = RunAsync("", 0, cancel).GetAsyncEnumerator(cancel);
        try
        {
            await changes.MoveNextAsync().ConfigureAwait(false);
            return 0;
        }
        catch (RevisionCompactedException refusal)
        {
            return refusal.Compacted;
        }
    }

    private async Task<bool> CreateAsync(AsyncDuplexStreamingCall<WatchRequest, WatchResponse> call, string prefix, long after)
    {
        try
        {
            await call.RequestStream.WriteAsync(new WatchRequest
            {
                CreateRequest = new WatchCreateRequest
                {
                    Key = keys.From(prefix),
                    RangeEnd = keys.After(prefix),
                    StartRevision = after + 1,
                    PrevKv = true,
                    ProgressNotify = true,
                    Fragment = true,
                },
            }).ConfigureAwait(false);
            return true;
        }
        catch (Exception failure) when (failure is RpcException or InvalidOperationException)
        {
            return false;
        }
    }

    private static async Task<WatchResponse?> NextAsync(
        AsyncDuplexStreamingCall<WatchRequest, WatchResponse> call, CancellationToken cancel)
    {
        try
        {
            return await call.ResponseStream.MoveNext(CancellationToken.None).ConfigureAwait(false) ? call.ResponseStream.Current : null;
        }
        catch (RpcException)
        {
            cancel.ThrowIfCancellationRequested();
            return null;
        }
    }

    private static void ThrowIfCompacted(WatchResponse response, long position)
    {
        if (response.CompactRevision > 0)
        {
            throw new RevisionCompactedException(position, response.CompactRevision);
        }
    }

    private Change Translate(Event change) => new(
        change.Kv.ModRevision,
        keys.Name(change.Kv),
        change.Type == Event.Types.EventType.Put ? keys.Entry(change.Kv) : null,
        change.PrevKv is { } previous ? keys.Entry(previous) : null);
}
