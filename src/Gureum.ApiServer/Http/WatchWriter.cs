using System.Buffers;
using Gureum.ApiServer.Responses;
using Microsoft.AspNetCore.Http;

namespace Gureum.ApiServer.Http;

/// <summary>Sends a watch: everything that waits goes into one write, so that a burst costs one flush.</summary>
internal static class WatchWriter
{
    private const int MostPending = 256 * 1024;

    internal static async Task WriteAsync(HttpResponse response, WatchStream stream, CancellationToken cancel)
    {
        using var owned = stream;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(stream.Timeout);
        response.StatusCode = 200;
        response.ContentType = stream.Binary ? ProtobufForms.StreamType : "application/json";
        response.Headers["Cache-Control"] = "no-cache, private";
        await response.StartAsync(cancel);
        var output = new BlockWriter(response.BodyWriter);
        foreach (var frame in stream.Opening())
        {
            output.Write(frame.Span);
            if (output.Pending > MostPending) await output.FlushAsync(cancel);
        }
        await output.FlushAsync(cancel);
        stream.HasOpened();
        var begun = System.Diagnostics.Stopwatch.StartNew();
        try
        {
            while (await WaitAsync(stream, begun.Elapsed, limit.Token) is { } more)
            {
                var reached = stream.Reached;
                while (stream.Changes.TryRead(out var change))
                {
                    if (stream.Frame(change) is { } frame) output.Write(frame.Span);
                    if (output.Pending > MostPending) await output.FlushAsync(limit.Token);
                }
                if (!more) output.Write(stream.Bookmark(reached).Span);
                if (output.Pending > 0) await output.FlushAsync(limit.Token);
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested) { /* the watch's time is over: the client comes again */ }
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
