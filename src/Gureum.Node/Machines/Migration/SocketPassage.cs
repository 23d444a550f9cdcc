using System.Net.Sockets;
using Gureum.Client;

namespace Gureum.Node.Machines.Migration;

/// <summary>A unix socket whose connections go on somewhere else. It lives as long as the migration that it serves.</summary>
internal sealed class SocketPassage : IAsyncDisposable
{
    private readonly Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource stop = new();
    private readonly string path;
    private readonly Func<CancellationToken, Task<Stream>> connect;
    private readonly Task loop;

    /// <param name="path">Others than root may connect: its directory and its name must keep away whom it does not concern.</param>
    internal SocketPassage(string path, Func<CancellationToken, Task<Stream>> connect)
    {
        (this.path, this.connect) = (path, connect);
        File.Delete(path);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite);
        listener.Listen(16);
        loop = Task.Run(AcceptAsync, CancellationToken.None);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var accepted = await listener.AcceptAsync(stop.Token);
                _ = Task.Run(() => PassAsync(accepted), CancellationToken.None);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException) { /* the end */ }
    }

    private async Task PassAsync(Socket accepted)
    {
        try
        {
            await using var here = new NetworkStream(accepted, ownsSocket: true);
            await using var there = await connect(stop.Token);
            await JoinAsync(there, here, () => accepted.Shutdown(SocketShutdown.Send), stop.Token);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException) { Log.Current.Debug("migration", $"{Path.GetFileName(path)}: {e.Message}"); }
    }

    /// <summary>Copies both ways until either end has nothing more; then both are over.</summary>
    /// <param name="ended">Tells the inner end that nothing more comes.</param>
    internal static async Task JoinAsync(Stream outer, Stream inner, Action ended, CancellationToken cancel)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var inward = CopyAsync(outer, inner);
        var outward = CopyAsync(inner, outer);
        if (await Task.WhenAny(inward, outward) == inward)
        {
            try { ended(); }
            catch (SocketException) { /* it has gone already */ }
            // What it still has to say, it says soon.
            await outward.WaitAsync(TimeSpan.FromSeconds(5), CancellationToken.None).ContinueWith(static _ => { }, TaskScheduler.Default);
        }
        await both.CancelAsync();
        await Task.WhenAll(inward, outward);

        async Task CopyAsync(Stream from, Stream to)
        {
            var buffer = new byte[128 * 1024];
            try
            {
                int read;
                while ((read = await from.ReadAsync(buffer, both.Token)) > 0)
                {
                    await to.WriteAsync(buffer.AsMemory(0, read), both.Token);
                    await to.FlushAsync(both.Token);
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException) { /* one end went */ }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Dispose();
        await loop;
        File.Delete(path);
        stop.Dispose();
    }
}
