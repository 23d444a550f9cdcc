using Gureum.Node.Logs;
using Microsoft.AspNetCore.Http;

namespace Gureum.Node.Server;

/// <summary>Serves container logs as plain text.</summary>
internal static class LogsEndpoint
{
    internal static async Task HandleAsync(HttpContext context, LogQuery query, LogTarget target, TimeProvider time)
    {
        if (!File.Exists(target.Path)) throw new NodeRequestException(StatusCodes.Status404NotFound, $"the log {target.Path} does not exist");
        context.Response.ContentType = "text/plain; charset=utf-8";
        // The head goes out at once: a follower shall know that it is connected before the first line comes.
        await context.Response.StartAsync(context.RequestAborted).ConfigureAwait(false);
        await new LogReader(target.Path, time).CopyAsync(query, context.Response.Body, target.IsRunning, context.RequestAborted).ConfigureAwait(false);
    }
}
