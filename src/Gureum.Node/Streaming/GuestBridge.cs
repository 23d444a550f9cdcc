using System.Net.Sockets;
using System.Net.WebSockets;

namespace Gureum.Node.Streaming;

/// <summary>
/// Carries bytes between a guest and a client until either ends. Memory is bounded. A slow client of a console misses what is older than the newest 256 KiB
/// (the log has it), since a guest must not wait for those who look at it; where every byte counts (screen, ports) the far side waits instead.
/// </summary>
internal static class GuestBridge
{
    private const int ChunkBytes = 32 << 10, MostRecent = 256 << 10;
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5), LastWords = TimeSpan.FromSeconds(1), Stalled = TimeSpan.FromSeconds(30);

    /// <summary>Returns when both are told that it is over; the streams are the caller's.</summary>
    /// <param name="mayDrop">Whether bytes for a client that is too slow may be left out.</param>
    internal static async Task RunAsync(Stream guest, IGuestClient client, bool mayDrop, CancellationToken cancel)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var up = UpAsync(client, guest, mayDrop ? Stalled : Timeout.InfiniteTimeSpan, end.Token);
        var down = mayDrop ? TerminalAsync(guest, client, end.Token) : DownAsync(guest.ReadAsync, client, end.Token);
        await Task.WhenAny(up, down).ConfigureAwait(false);
        // A client that went gets nothing more; a guest that hung up may have said something before.
        if (!down.IsCompleted && await up.ConfigureAwait(false) == Ended.Client) await end.CancelAsync().ConfigureAwait(false);
        else if (!down.IsCompleted) end.CancelAfter(LastWords);
        await down.ConfigureAwait(false);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(Farewell);
        // Whoever closed first, the other side's close makes it one in order.
        try { await client.EndAsync(patience.Token).ConfigureAwait(false); }
        catch (Exception e) when (IsEnd(e)) { /* it went without a word */ }
        end.CancelAfter(Farewell);
        await up.ConfigureAwait(false);
    }

    private enum Ended { Client, Guest, Told }

    private static async Task<Ended> UpAsync(IGuestClient client, Stream guest, TimeSpan patience, CancellationToken cancel)
    {
        var buffer = new byte[ChunkBytes];
        var guestEnded = false;
        while (true)
        {
            int read;
            try { read = await client.ReadAsync(buffer, cancel).ConfigureAwait(false); }
            catch (Exception e) when (IsEnd(e)) { return cancel.IsCancellationRequested ? Ended.Told : Ended.Client; }
            if (read == 0) return Ended.Client;
            if (guestEnded) continue;
            // A guest that stands still takes a few KiB of typing. While it is waited for, nobody would notice that the client has gone.
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(patience);
            try
            {
                await guest.WriteAsync(buffer.AsMemory(0, read), limit.Token).ConfigureAwait(false);
                await guest.FlushAsync(limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) { return Ended.Told; }
            // The client is listened to all the same: reading the guest tells the end, and the client answers it.
            catch (Exception e) when (IsEnd(e)) { guestEnded = true; }
        }
    }

    private static async Task<Ended> DownAsync(Func<Memory<byte>, CancellationToken, ValueTask<int>> read, IGuestClient client, CancellationToken cancel)
    {
        var buffer = new byte[ChunkBytes];
        while (true)
        {
            int count;
            try { count = await read(buffer, cancel).ConfigureAwait(false); }
            catch (Exception e) when (IsEnd(e)) { return cancel.IsCancellationRequested ? Ended.Told : Ended.Guest; }
            if (count == 0) return Ended.Guest;
            try { await client.WriteAsync(buffer.AsMemory(0, count), cancel).ConfigureAwait(false); }
            catch (Exception e) when (IsEnd(e)) { return Ended.Client; }
        }
    }

    private static async Task<Ended> TerminalAsync(Stream guest, IGuestClient client, CancellationToken cancel)
    {
        using var recent = new RecentBytes(MostRecent);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        // Once the guest is gone, a client that does not read its last words is not waited for.
        var fill = FillAsync(guest, recent, () => limit.CancelAfter(Farewell), cancel);
        var ended = await DownAsync(recent.ReadAsync, client, limit.Token).ConfigureAwait(false);
        // Ended by the client's side: the guest's stream is let go at once, or reading it would go on for ever.
        if (ended != Ended.Guest) await guest.DisposeAsync().ConfigureAwait(false);
        await fill.ConfigureAwait(false);
        return ended;
    }

    private static async Task FillAsync(Stream guest, RecentBytes recent, Action ended, CancellationToken cancel)
    {
        var buffer = new byte[ChunkBytes];
        try
        {
            int read;
            while ((read = await guest.ReadAsync(buffer, cancel).ConfigureAwait(false)) > 0) recent.Write(buffer.AsSpan(0, read));
        }
        catch (Exception e) when (IsEnd(e)) { /* over */ }
        finally
        {
            ended();
            recent.End();
        }
    }

    private static bool IsEnd(Exception e) => e is IOException or WebSocketException or SocketException or OperationCanceledException or ObjectDisposedException;
}
