namespace Gureum.Client;

/// <summary>
/// Runs a reconcile function over the keys of a queue with a number of workers. A conflict or a missing object is part of
/// the work and retried quietly; another failure is logged and retried with back-off.
/// </summary>
public sealed class Reconciler<TKey>(string name, WorkQueue<TKey> queue, Func<TKey, CancellationToken, Task> reconcile, int workers = 1) where TKey : notnull
{
    public WorkQueue<TKey> Queue => queue;

    public Task RunAsync(CancellationToken cancel) =>
        Task.WhenAll(Enumerable.Range(0, workers).Select(_ => Task.Run(() => WorkAsync(cancel), CancellationToken.None)));

    private async Task WorkAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            TKey key;
            try { key = await queue.TakeAsync(cancel); }
            catch (OperationCanceledException) { return; }
            try
            {
                await reconcile(key, cancel);
                queue.Forget(key);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested) { return; }
            catch (Exception e)
            {
                if (e is ApiException { IsConflict: true } or ApiUnreachableException) Log.Current.Debug(name, $"{key}: {e.Message}");
                else Log.Current.Error(name, $"{key}", e);
                queue.Retry(key);
            }
            finally { queue.Done(key); }
        }
    }
}
