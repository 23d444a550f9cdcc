using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using Gureum.Commands;

namespace Gureum.VirtualMachines;

/// <summary>A port of this machine's loopback, each of whose connections becomes one to a guest.</summary>
internal sealed class LocalPort : IDisposable
{
    private readonly TcpListener listener;

    private LocalPort(TcpListener listener) => this.listener = listener;

    internal int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <param name="port">0 takes a free one.</param>
    /// <exception cref="CommandFailure">The port is taken.</exception>
    internal static LocalPort Listen(int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return new LocalPort(listener);
        }
        catch (SocketException e)
        {
            listener.Dispose();
            throw new CommandFailure($"cannot listen on 127.0.0.1:{port}: {e.Message}", e);
        }
    }

    /// <summary>Serves until it is cancelled. A connection that fails is told of and ends alone.</summary>
    internal async Task ServeAsync(Func<CancellationToken, Task<Stream>> open, Action<string> tell, CancellationToken cancel)
    {
        var connections = new HashSet<Task>();
        try
        {
            while (true)
            {
                TcpClient near = await listener.AcceptTcpClientAsync(cancel);
                connections.RemoveWhere(c => c.IsCompleted);
                connections.Add(ServeOneAsync(near, open, tell, cancel));
            }
        }
        catch (OperationCanceledException)
        {
            // the user has enough
        }

        await Task.WhenAll(connections);
    }

    public void Dispose() => listener.Dispose();

    private static async Task ServeOneAsync(TcpClient near, Func<CancellationToken, Task<Stream>> open, Action<string> tell, CancellationToken cancel)
    {
        using (near)
        {
            try
            {
                near.NoDelay = true;
                await using Stream far = await open(cancel);
                NetworkStream stream = near.GetStream();
                await BridgeAsync(stream, stream, far, cancel);
            }
            catch (CommandFailure e)
            {
                tell(e.Message);
            }
            catch (Exception e) when (e is IOException or WebSocketException or OperationCanceledException)
            {
                // either side went
            }
        }
    }

    /// <summary>Carries bytes both ways until either side ends.</summary>
    internal static async Task BridgeAsync(Stream input, Stream output, Stream far, CancellationToken cancel)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task up = CopyAsync(input, far, end.Token), down = CopyAsync(far, output, end.Token);
        await Task.WhenAny(up, down);
        // What the guest said before its end is in `output` already; what the user said before his gets a moment to be answered.
        if (!down.IsCompleted) end.CancelAfter(TimeSpan.FromMilliseconds(500));
        await down;
        await end.CancelAsync();
    }

    private static async Task CopyAsync(Stream from, Stream to, CancellationToken cancel)
    {
        var buffer = new byte[32 << 10];
        try
        {
            int read;
            while ((read = await from.ReadAsync(buffer, cancel)) > 0)
            {
                await to.WriteAsync(buffer.AsMemory(0, read), cancel);
                await to.FlushAsync(cancel);
            }
        }
        catch (Exception e) when (e is IOException or WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // over
        }
    }
}
