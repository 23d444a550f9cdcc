using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Gureum.Node.Runtime;
using Gureum.Node.Streaming.Spdy;

namespace Gureum.Node.Streaming;

/// <summary>
/// Port forwarding over SPDY/3.1: for each connection the client opens an error stream and a data stream with the same
/// requestID, and says the port in both.
/// </summary>
internal static class SpdyPortForward
{
    internal const string Protocol = "portforward.k8s.io";

    /// <summary>Over WebSocket, the SPDY frames travel in binary messages under this subprotocol.</summary>
    internal const string WebSocketProtocol = "SPDY/3.1+portforward.k8s.io";

    /// <summary>Serves one client until it hangs up. The transport is closed afterwards.</summary>
    /// <param name="transport">The bytes.</param>
    /// <param name="connect">Connects to a port of the pod.</param>
    /// <param name="cancel">Ends it.</param>
    internal static async Task ServeAsync(Stream transport, Func<int, CancellationToken, Task<Stream>> connect, CancellationToken cancel)
    {
        await using var connection = new SpdyConnection(transport, isServer: true);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task pump = connection.RunAsync(cancel);
        var waiting = new Dictionary<string, SpdyStream>();
        var running = new ConcurrentDictionary<Task, bool>();
        await foreach (SpdyStream stream in connection.Incoming.ReadAllAsync(cancel).ConfigureAwait(false))
        {
            string key = PairKey(stream);
            if (!waiting.Remove(key, out SpdyStream? other))
            {
                waiting[key] = stream;
                continue;
            }

            (SpdyStream error, SpdyStream data) = IsError(stream) ? (stream, other) : (other, stream);
            Task pair = ForwardAsync(error, data, connect, stopping.Token);
            running[pair] = true;
            _ = pair.ContinueWith(t => running.TryRemove(t, out _), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        await stopping.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(running.Keys).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await pump.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>The pair that a stream belongs to; old clients send no id, and open the data stream right after the error stream.</summary>
    private static string PairKey(SpdyStream stream) => stream.Headers.TryGetValue("requestid", out string? id)
        ? id
        : (IsError(stream) ? stream.Id : stream.Id - 2).ToString(CultureInfo.InvariantCulture);

    private static bool IsError(SpdyStream stream) => stream.Headers.GetValueOrDefault("streamtype") == "error";

    private static async Task ForwardAsync(SpdyStream error, SpdyStream data, Func<int, CancellationToken, Task<Stream>> connect, CancellationToken cancel)
    {
        await using (error)
        await using (data)
        {
            try
            {
                string text = data.Headers.GetValueOrDefault("port", "");
                if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int port) || port is < 1 or > 65535)
                    throw new ContainerRuntimeException(RuntimeFailure.Refused, $"port \"{text}\": a port is between 1 and 65535");
                await using Stream pod = await connect(port, cancel).ConfigureAwait(false);
                await JoinAsync(data, pod, cancel).ConfigureAwait(false);
            }
            catch (ContainerRuntimeException e)
            {
                await error.WriteAsync(Encoding.UTF8.GetBytes(e.Message), cancel).ConfigureAwait(false);
            }
            catch (IOException)
            {
                // one side reset the connection: closing both streams says so to the client
            }
        }
    }

    private static async Task JoinAsync(SpdyStream client, Stream pod, CancellationToken cancel)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task up = UpAsync();
        await pod.CopyToAsync(client, cancel).ConfigureAwait(false);
        await client.CloseWriteAsync().ConfigureAwait(false);
        // The pod has said all: what the client still sends has no reader.
        await stopping.CancelAsync().ConfigureAwait(false);
        await up.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        async Task UpAsync()
        {
            await client.CopyToAsync(pod, stopping.Token).ConfigureAwait(false);
            if (pod is System.Net.Sockets.NetworkStream network) network.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        }
    }
}
