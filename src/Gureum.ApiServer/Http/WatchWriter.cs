using System.Buffers;
using Gureum.ApiServer.Responses;
using Microsoft.AspNetCore.Http;

namespace Gureum.ApiServer.Http;

/// <summary>Sends a watch: everything that waits goes into one write, so that a burst costs one flush.</summary>
internal static class WatchWriter
{
    private const int MostPending = 256 * 1024;

    internal static async Task WriteAsync(HttpContext context, WatchStream stream, CancellationToken cancel)
    {
        using var owned = stream;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(stream.Timeout);
        // Who was cut off may not read at all: a write to such a client would wait for ever.
        await using var lost = stream.Lost.UnsafeRegister(static l => ((CancellationTokenSource)l!).CancelAfter(SlowReaders.LastChance), limit);
        try { await SendAsync(context, stream, limit.Token); }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // The watch's time is over: the client comes again. But one that was cut off and left something lying takes nothing any more.
            if (stream.Lost.IsCancellationRequested) context.Abort();
        }
    }

    private static async Task SendAsync(HttpContext context, WatchStream stream, CancellationToken limit)
    {
        var response = context.Response;
        response.StatusCode = 200;
        response.ContentType = stream.Binary ? ProtobufForms.StreamType : "application/json";
        response.Headers["Cache-Control"] = "no-cache, private";
        await response.StartAsync(limit);
        var output = new BlockWriter(response.BodyWriter);
        foreach (var frame in stream.Opening())
        {
            output.Write(frame.Span);
            if (output.Pending > MostPending) await SlowReaders.TakenAsync(context, output.FlushAsync(limit));
        }
        await SlowReaders.TakenAsync(context, output.FlushAsync(limit));
        stream.HasOpened();
        var begun = System.Diagnostics.Stopwatch.StartNew();
        while (await WaitAsync(stream, begun.Elapsed, limit) is { } more)
        {
            var reached = stream.Reached;
            while (stream.Changes.TryRead(out var change))
            {
                if (stream.Frame(change) is { } frame) output.Write(frame.Span);
                if (output.Pending > MostPending) await output.FlushAsync(limit);
            }
            if (!more) output.Write(stream.Bookmark(reached).Span);
            if (output.Pending > 0) await output.FlushAsync(limit);
        }
    }

    // True: changes wait. False: time for a bookmark. Null: the watch is over.
    private static async ValueTask<bool?> WaitAsync(WatchStream stream, TimeSpan past, CancellationToken cancel)
    {
        var waiting = stream.Changes.WaitToReadAsync(cancel);
        var patience = stream.UntilBookmark(past);
        if (waiting.IsCompletedSuccessfully || patience == Timeout.InfiniteTimeSpan) return await waiting ? true : null;
        var task = waiting.AsTask();
        try { return await task.WaitAsync(patience, cancel) ? true : null; }
        catch (TimeoutException) { return await Task.FromResult(false); }
    }
}
