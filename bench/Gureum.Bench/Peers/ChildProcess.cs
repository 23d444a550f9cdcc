using System.Diagnostics;

namespace Gureum.Bench.Peers;

/// <summary>A process that a benchmark started; ending it waits for its end. Its output goes to a file.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private readonly Process process;
    private readonly Task copies;

    private ChildProcess(Process process, Task copies, string log) => (this.process, this.copies, Log) = (process, copies, log);

    internal int Id => process.Id;
    internal string Log { get; }

    /// <exception cref="BenchmarkFailure">The program cannot be run.</exception>
    internal static ChildProcess Start(string program, IEnumerable<string> arguments, string log)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        Process process;
        try { process = Process.Start(start)!; }
        catch (System.ComponentModel.Win32Exception e) { throw new BenchmarkFailure($"cannot run {program}: {e.Message}"); }
        process.StandardInput.Close();
        return new ChildProcess(process, CopyAsync(process, log), log);
    }

    /// <summary>Waits until the process answers, at most <paramref name="limit"/>.</summary>
    /// <exception cref="BenchmarkFailure">It ended, or took too long; with its last words.</exception>
    internal async Task UntilAsync(Func<Task<bool>> answers, TimeSpan limit, CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        while (!await answers())
        {
            if (process.HasExited || Stopwatch.GetElapsedTime(start) > limit)
                throw new BenchmarkFailure($"{process.StartInfo.FileName} {(process.HasExited ? "ended" : "does not answer")}; its last words:\n{string.Join('\n', File.ReadLines(Log).TakeLast(8))}");
            await Task.Delay(10, cancel);
        }
    }

    private static async Task CopyAsync(Process process, string log)
    {
        await using var file = new FileStream(log, FileMode.Create, FileAccess.Write, FileShare.ReadWrite, 1);
        using var gate = new SemaphoreSlim(1);
        await Task.WhenAll(PumpAsync(process.StandardOutput.BaseStream), PumpAsync(process.StandardError.BaseStream));

        async Task PumpAsync(Stream from)
        {
            var buffer = new byte[8192];
            int read;
            while ((read = await from.ReadAsync(buffer)) > 0)
            {
                await gate.WaitAsync();
                try { await file.WriteAsync(buffer.AsMemory(0, read)); }
                finally { gate.Release(); }
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            using (var signal = Process.Start("kill", ["-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])) await signal.WaitForExitAsync();
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(15));
            try { await process.WaitForExitAsync(limit.Token); }
            catch (OperationCanceledException) { process.Kill(); await process.WaitForExitAsync(); }
        }

        await copies;
        process.Dispose();
    }
}

/// <summary>Ends several in order, then deletes their directory.</summary>
internal sealed class Everything(string directory, params IAsyncDisposable[] parts) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable part in parts) await part.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }
}
