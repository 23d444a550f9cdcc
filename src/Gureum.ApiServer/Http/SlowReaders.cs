using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;

namespace Gureum.ApiServer.Http;

/// <summary>
/// Bounds how long a client may leave its answer lying: what is not taken holds a connection, memory and a place among the requests
/// that are carried out.
/// </summary>
internal static class SlowReaders
{
    /// <summary>How long a client may take nothing at all, while it is sent something; as long as upstream lets a request take.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>How long a watcher that was cut off has for what still waits for it.</summary>
    internal static readonly TimeSpan LastChance = TimeSpan.FromSeconds(2);

    /// <summary>Waits until something was taken; a client that does not is hung up on.</summary>
    /// <exception cref="ConnectionAbortedException">The client took nothing for <see cref="Patience"/>.</exception>
    internal static ValueTask TakenAsync(HttpContext context, ValueTask<FlushResult> flush)
    {
        if (!flush.IsCompletedSuccessfully) return new ValueTask(WaitAsync(context, flush.AsTask()));
        _ = flush.Result;
        return ValueTask.CompletedTask;
    }

    private static async Task WaitAsync(HttpContext context, Task<FlushResult> flush)
    {
        try { await flush.WaitAsync(Patience); }
        catch (TimeoutException)
        {
            context.Abort();
            // It ends now, one way or the other; the buffers are in use until then.
            await ((Task)flush).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw new ConnectionAbortedException("the client takes nothing");
        }
    }
}
