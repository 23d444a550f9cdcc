using System.Collections.Concurrent;
using Gureum.Node.Server;

namespace Gureum.Node.Imports;

/// <summary>What somebody sends, and what becomes of it.</summary>
/// <param name="Body">As it comes.</param>
/// <param name="Length">Bytes that were announced; null when none were.</param>
internal sealed record Upload(Stream Body, long? Length)
{
    /// <summary>All of it has come.</summary>
    internal TaskCompletionSource Received { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>It is a disk by now, or came to nothing.</summary>
    internal TaskCompletionSource Placed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>Where uploads meet the pods that wait for them, by the pods' uids. Thread-safe.</summary>
internal sealed class UploadDoor : IUploadEndpoint
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource<Upload>> waiting = new();

    /// <summary>The next upload for a pod.</summary>
    internal async Task<Upload> WaitAsync(string uid, CancellationToken cancel)
    {
        var next = waiting[uid] = new TaskCompletionSource<Upload>(TaskCreationOptions.RunContinuationsAsynchronously);
        try { return await next.Task.WaitAsync(cancel); }
        catch (OperationCanceledException)
        {
            waiting.TryRemove(KeyValuePair.Create(uid, next));
            // One that came in the same moment must not wait for nobody.
            if (!next.TrySetCanceled(CancellationToken.None) && next.Task.IsCompletedSuccessfully) Fail(next.Task.Result, "the import was interrupted");
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task ReceiveAsync(string uid, Stream body, long? length, bool wait, CancellationToken cancel)
    {
        var upload = new Upload(body, length);
        if (!waiting.TryRemove(uid, out var next) || !next.TrySetResult(upload)) throw new NodeRequestException(503, "nobody waits for an upload there: one is under way, or its DataVolume is not UploadReady");
        try { await (wait ? upload.Placed.Task : upload.Received.Task).WaitAsync(cancel); }
        catch (Exception e) when (e is ImportRefusedException or ImportFailedException) { throw new NodeRequestException(400, e.Message); }
    }

    internal static void Fail(Upload upload, string why)
    {
        var failure = new ImportFailedException(why);
        upload.Received.TrySetException(failure);
        upload.Placed.TrySetException(failure);
    }
}
