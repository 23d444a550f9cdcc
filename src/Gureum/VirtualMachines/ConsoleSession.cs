using System.Net.WebSockets;

namespace Gureum.VirtualMachines;

/// <summary>How a console session ended.</summary>
internal enum ConsoleEnd
{
    /// <summary>The user typed the escape.</summary>
    Escape,

    /// <summary>The guest stopped, somebody else took the console, or the connection broke.</summary>
    Remote,
}

/// <summary>A guest's serial console on this process's input and output.</summary>
internal static class ConsoleSession
{
    /// <summary>^], as telnet and virsh have it.</summary>
    internal const byte Escape = 0x1d;

    /// <param name="keys">What the user types. Its end does not end the session: a file as input is a way to talk to a guest.</param>
    /// <param name="escapes">Whether <see cref="Escape"/> means something; in a file it does not.</param>
    internal static async Task<ConsoleEnd> RunAsync(Stream guest, Stream keys, Stream screen, bool escapes, CancellationToken cancel)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task shown = ShowAsync(guest, screen, end.Token);
        Task<bool> typed = TypeAsync(keys, guest, escapes, end.Token);
        Task first = await Task.WhenAny(shown, typed);
        bool left = first == typed && await typed;
        if (!left) await shown;
        await end.CancelAsync();
        cancel.ThrowIfCancellationRequested();
        // The reading of a terminal cannot be interrupted: it is left behind.
        return left ? ConsoleEnd.Escape : ConsoleEnd.Remote;
    }

    private static async Task ShowAsync(Stream guest, Stream screen, CancellationToken cancel)
    {
        var buffer = new byte[16 << 10];
        try
        {
            int read;
            while ((read = await guest.ReadAsync(buffer, cancel)) > 0)
            {
                await screen.WriteAsync(buffer.AsMemory(0, read), cancel);
                await screen.FlushAsync(cancel);
            }
        }
        catch (Exception e) when (e is IOException or WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // over
        }
    }

    /// <returns>True if the user typed the escape.</returns>
    private static async Task<bool> TypeAsync(Stream keys, Stream guest, bool escapes, CancellationToken cancel)
    {
        var buffer = new byte[4096];
        try
        {
            int read;
            while ((read = await keys.ReadAsync(buffer, cancel)) > 0)
            {
                int escape = escapes ? buffer.AsSpan(0, read).IndexOf(Escape) : -1;
                int count = escape >= 0 ? escape : read;
                if (count > 0)
                {
                    await guest.WriteAsync(buffer.AsMemory(0, count), cancel);
                    await guest.FlushAsync(cancel);
                }

                if (escape >= 0) return true;
            }
        }
        catch (Exception e) when (e is IOException or WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The guest's side tells the end.
        }

        return false;
    }
}
