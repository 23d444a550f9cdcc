using Gureum.Store.Faults;

namespace Gureum.Store.Sqlite;

/// <summary>
/// The one thread that changes the file. Everything that waits when it becomes free goes into the next transaction, so that
/// one fsync makes many writes durable: the busier the store, the bigger the groups.
/// </summary>
/// <remarks>
/// Fault points, with the file's path as their scope: <c>store.commit</c> just before COMMIT, <c>store.committed</c> just after.
/// </remarks>
internal sealed class Writer
{
    private readonly string path;
    private readonly WriterFile file;
    private readonly Action<Commit> published;
    private readonly Lock gate = new();
    // Sleeps at once, where a semaphore would spin first: between two groups of a busy store that is a sixth of the writer's time.
    private readonly AutoResetEvent arrived = new(false);
    private readonly TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private List<Request> waiting = [];
    private bool stopping;
    private Snapshot state;

    /// <param name="published">Called on the writer's thread after each commit, before its requests complete.</param>
    public Writer(string path, WriterFile file, Snapshot state, Action<Commit> published)
    {
        this.path = path;
        this.file = file;
        this.state = state;
        this.published = published;
    }

    /// <summary>The newest durable state.</summary>
    public Snapshot State => Volatile.Read(ref state);

    public void Start() => new Thread(Run) { Name = "store writer", IsBackground = true }.Start();

    /// <summary>Queues a request; its task tells the outcome.</summary>
    public Task<Outcome> Submit(Request request)
    {
        bool wake;
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(stopping, typeof(SqliteStore));
            waiting.Add(request);
            wake = waiting.Count == 1;
        }
        if (wake)
        {
            arrived.Set();
        }
        return request.Done;
    }

    /// <summary>Refuses new requests, finishes those that wait, and ends the thread.</summary>
    public Task StopAsync()
    {
        bool wake;
        lock (gate)
        {
            wake = !stopping && waiting.Count == 0;
            stopping = true;
        }
        if (wake)
        {
            arrived.Set();
        }
        return stopped.Task;
    }

    private void Run()
    {
        List<Request> spare = [];
        while (true)
        {
            // The writer has a thread of its own, since SQLite's calls block: it may sleep here.
            arrived.WaitOne();
            List<Request> batch;
            bool last;
            lock (gate)
            {
                (batch, waiting) = (waiting, spare);
                last = stopping;
            }
            Serve(batch);
            batch.Clear();
            spare = batch;
            if (last)
            {
                break;
            }
        }
        arrived.Dispose();
        stopped.SetResult();
    }

    private void Serve(List<Request> batch)
    {
        var outcomes = new Outcome[batch.Count];
        try
        {
            foreach (var lost in file.Recover(State))
            {
                Publish(lost);
            }
            var transaction = new Transaction(State);
            for (var i = 0; i < outcomes.Length; i++)
            {
                outcomes[i] = batch[i].Apply(transaction);
            }
            if (!transaction.IsEmpty)
            {
                file.Write(transaction);
                Publish(transaction);
            }
        }
        catch (Exception failure) when (failure is SqliteFailure or IOException)
        {
            var text = SqliteFailure.Explain(path, failure).Message;
            batch.ForEach(request => request.Fail(new StoreUnavailableException(text, failure)));
            return;
        }
        catch (Exception failure)
        {
            // A bug, or a fault that a test armed: the callers must learn of it, and the thread must live on.
            file.Doubt();
            batch.ForEach(request => request.Fail(failure));
            return;
        }
        for (var i = 0; i < outcomes.Length; i++)
        {
            batch[i].Complete(outcomes[i]);
        }
    }

    private void Publish(Transaction transaction)
    {
        Volatile.Write(ref state, transaction.Result);
        foreach (var row in transaction.Forgotten)
        {
            // Only now, when the mark and the removal are durable, may the older versions leave the index.
            row.CutBelow?.Older = null;
        }
        if (transaction.Changes.Count > 0)
        {
            published(new Commit(transaction.Changes));
        }
    }
}
