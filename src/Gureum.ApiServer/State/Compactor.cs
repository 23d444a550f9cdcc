using Gureum.Client;
using Gureum.Store;

namespace Gureum.ApiServer.State;

/// <summary>
/// Lets the store forget history that nobody can ask for any more, and lists the states of then: what is older than five
/// minutes, as kube-apiserver does. Pages of a list that take longer expire.
/// </summary>
internal sealed class Compactor(IStore store, ClusterState state, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    internal async Task RunAsync(CancellationToken cancel)
    {
        var before = state.Newest.Revision;
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(Interval, time, cancel);
                state.ForgetBefore(before);
                if (before > store.CompactedRevision) await store.CompactAsync(before, cancel);
                before = state.Newest.Revision;
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested) { return; }
            catch (StoreUnavailableException e) { Log.Current.Warn("state", "the store's history was not compacted; it is tried again: " + e.Message); }
        }
    }
}
