namespace Gureum.Node.Runtime;

/// <summary>What a short command did.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">Standard output and standard error, as they came, up to the limit.</param>
/// <param name="Truncated">True if there was more.</param>
public sealed record CommandResult(int ExitCode, byte[] Output, bool Truncated);

/// <summary>Runs short commands in containers: probes and hooks.</summary>
public static class ExecSync
{
    /// <summary>
    /// Runs a command to its end. At most <paramref name="outputLimit"/> bytes of output are kept; the rest is read and
    /// dropped, so that the command never blocks on it.
    /// </summary>
    /// <exception cref="ContainerRuntimeException">TimedOut after <paramref name="timeout"/>, the command then being killed.</exception>
    public static async Task<CommandResult> RunAsync(
        this IContainerRuntime runtime, string containerId, IReadOnlyList<string> command, TimeSpan timeout, int outputLimit, CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(timeout);
        try
        {
            await using IExecSession session = await runtime.ExecAsync(
                containerId, new ExecRequest(command, Stdin: false, Stdout: true, Stderr: true, Tty: false), deadline.Token).ConfigureAwait(false);
            var output = new BoundedOutput(outputLimit);
            Task reading = Task.WhenAll(output.FillAsync(session.Stdout!, deadline.Token), output.FillAsync(session.Stderr!, deadline.Token));
            int exitCode = await session.WaitAsync(deadline.Token).ConfigureAwait(false);
            // A child left in the background keeps the streams open: what has come by now is what counts.
            await reading.WaitAsync(DrainGrace, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await deadline.CancelAsync().ConfigureAwait(false);
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return new CommandResult(exitCode, output.ToArray(), output.Truncated);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new ContainerRuntimeException(RuntimeFailure.TimedOut,
                $"\"{string.Join(' ', command)}\" in container {containerId} did not end within {timeout.TotalSeconds} s");
        }
    }

    /// <summary>How long output may trail behind the end of its process.</summary>
    internal static readonly TimeSpan DrainGrace = TimeSpan.FromSeconds(2);

    private sealed class BoundedOutput(int limit)
    {
        private readonly MemoryStream _kept = new();
        private readonly Lock _lock = new();

        internal bool Truncated { get; private set; }

        internal byte[] ToArray()
        {
            lock (_lock) return _kept.ToArray();
        }

        internal async Task FillAsync(Stream from, CancellationToken cancel)
        {
            byte[] buffer = new byte[4096];
            while (await from.ReadAsync(buffer, cancel).ConfigureAwait(false) is var read and > 0)
            {
                lock (_lock)
                {
                    int take = Math.Min(read, limit - (int)_kept.Length);
                    _kept.Write(buffer, 0, take);
                    Truncated |= take < read;
                }
            }
        }
    }
}
