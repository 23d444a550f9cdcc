using Gureum.Node.Runtime;

namespace Gureum.Node.Streaming;

/// <summary>Joins a client's streams with a process's, and tells the client how it ended.</summary>
internal static class RemoteCommandBridge
{
    /// <summary>Runs until the process ends or the client is gone. The caller disposes both.</summary>
    internal static Task ExecAsync(IRemotePeer peer, IExecSession session) => RunAsync(peer, session, async (output, cancel) =>
    {
        int exitCode = await session.WaitAsync(cancel).ConfigureAwait(false);
        // A child in the background may keep the streams open for ever: the command has ended all the same.
        await output.WaitAsync(ExecSync.DrainGrace, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return exitCode;
    });

    /// <summary>Runs until the container's process ends or the client is gone. The caller disposes both.</summary>
    internal static Task AttachAsync(IRemotePeer peer, IAttachSession session) => RunAsync(peer, session, async (output, cancel) =>
    {
        await session.WaitAsync(cancel).ConfigureAwait(false);
        await output.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return 0;
    });

    private static async Task RunAsync(IRemotePeer peer, IProcessStreams session, Func<Task, CancellationToken, Task<int>> wait)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(peer.Gone);
        Task input = Task.WhenAll(PumpInputAsync(peer, session, stopping.Token), PumpResizesAsync(peer, session, stopping.Token));
        Task output = PumpOutputAsync(peer, session, stopping.Token);
        try
        {
            int exitCode = await wait(output, stopping.Token).ConfigureAwait(false);
            await peer.SendStatusAsync(RemoteStatus.Exited(exitCode)).ConfigureAwait(false);
        }
        finally
        {
            await stopping.CancelAsync().ConfigureAwait(false);
            await input.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await output.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task PumpInputAsync(IRemotePeer peer, IProcessStreams session, CancellationToken cancel)
    {
        if (peer.Stdin is null || session.Stdin is null) return;
        await peer.Stdin.CopyToAsync(session.Stdin, cancel).ConfigureAwait(false);
        await session.Stdin.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task PumpResizesAsync(IRemotePeer peer, IProcessStreams session, CancellationToken cancel)
    {
        await foreach (TerminalSize size in peer.Resizes.ReadAllAsync(cancel).ConfigureAwait(false))
        {
            try
            {
                await session.ResizeAsync(size, cancel).ConfigureAwait(false);
            }
            catch (ContainerRuntimeException)
            {
                // The process may be gone by now; its size does not matter then.
            }
        }
    }

    private static Task PumpOutputAsync(IRemotePeer peer, IProcessStreams session, CancellationToken cancel) => Task.WhenAll(
        PumpAsync(session.Stdout, peer.Stdout, cancel),
        PumpAsync(session.Stderr, peer.Stderr, cancel));

    private static async Task PumpAsync(Stream? from, Stream? to, CancellationToken cancel)
    {
        // Read even what nobody wants, or the process would block on it.
        if (from is not null) await from.CopyToAsync(to ?? Stream.Null, cancel).ConfigureAwait(false);
    }
}
