using System.Diagnostics;

namespace Gureum.Bench;

/// <summary>Runs programs of the machine to their end.</summary>
internal static class Tool
{
    /// <summary>Longer than anything here takes; a program that hangs is ended.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>Its standard output.</summary>
    /// <exception cref="BenchmarkFailure">It is missing, failed or hung; with its last words.</exception>
    internal static async Task<string> RunAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancel, bool attached = false)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = !attached, RedirectStandardError = !attached };
        using Process process = Start(start);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        if (!attached) limit.CancelAfter(Limit);
        try
        {
            Task<string> output = attached ? Task.FromResult("") : process.StandardOutput.ReadToEndAsync(limit.Token), errors = attached ? Task.FromResult("") : process.StandardError.ReadToEndAsync(limit.Token);
            await Task.WhenAll(output, errors, process.WaitForExitAsync(limit.Token));
            return process.ExitCode == 0 ? await output : throw new BenchmarkFailure($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {(await errors).Trim()}");
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancel.ThrowIfCancellationRequested();
            throw new BenchmarkFailure($"{program} {string.Join(' ', arguments)} still ran after {Limit.TotalMinutes:0} minutes");
        }
    }

    private static Process Start(ProcessStartInfo start)
    {
        try { return Process.Start(start)!; }
        catch (System.ComponentModel.Win32Exception e) { throw new BenchmarkFailure($"cannot run {start.FileName}: {e.Message}"); }
    }
}
