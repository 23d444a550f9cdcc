using System.ComponentModel;
using System.Diagnostics;

namespace Gureum.Clients.Support;

/// <summary>A program that uses a client of another language. It prints a line for each thing that it saw, and goes on when it reads one.</summary>
internal sealed class Script : IAsyncDisposable
{
    /// <summary>A program that hangs is ended after this, so that the run of the tests is not.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    private readonly Process process;
    private readonly Task<string> errors;
    private readonly CancellationTokenSource limit = new(Longest);

    private Script(Process process) => (this.process, errors) = (process, process.StandardError.ReadToEndAsync());

    /// <param name="missing">What to install when there is no such program.</param>
    internal static Script Start(string program, IEnumerable<string> arguments, string directory, string kubeconfig, string missing)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = directory };
        start.Environment["KUBECONFIG"] = kubeconfig;
        start.Environment["PYTHONUNBUFFERED"] = "1";
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        try { return new Script(Process.Start(start)!); }
        catch (Win32Exception) { throw new InvalidOperationException(missing); }
    }

    /// <summary>The next line that it prints; fails with what it complained of when it ended instead.</summary>
    internal async Task<string> LineAsync()
    {
        string? line;
        try { line = await process.StandardOutput.ReadLineAsync(limit.Token); }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new InvalidOperationException($"the script printed nothing more for {Longest.TotalMinutes:0} minutes: {await errors}");
        }

        return line ?? throw new InvalidOperationException($"the script ended early: {await errors}");
    }

    /// <summary>Lets it go on.</summary>
    internal async Task GoOnAsync()
    {
        await process.StandardInput.WriteLineAsync("go on");
        await process.StandardInput.FlushAsync();
    }

    /// <summary>All lines that are still to come, once it is clear that it succeeded.</summary>
    internal async Task<IReadOnlyList<string>> RestAsync()
    {
        string rest = await process.StandardOutput.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        Assert.True(process.ExitCode == 0, $"the script ended with {process.ExitCode}: {rest}{await errors}");
        return rest.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>All that it printed and complained of, once it is clear that it ended with the code.</summary>
    internal async Task<IReadOnlyList<string>> FailureAsync(int code)
    {
        string all = await process.StandardOutput.ReadToEndAsync(limit.Token) + await errors;
        await process.WaitForExitAsync(limit.Token);
        Assert.True(process.ExitCode == code, $"the script ended with {process.ExitCode} instead of {code}: {all}");
        return all.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited) process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
        limit.Dispose();
    }
}
