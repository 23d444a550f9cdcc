using System.ComponentModel;
using System.Diagnostics;
using Gureum.Commands;

namespace Gureum.Machine;

/// <summary>What a program said and how it ended.</summary>
internal sealed record ProgramResult(int ExitCode, string Output, string Errors);

/// <summary>Runs programs of the machine to their end.</summary>
internal static class Subprocess
{
    /// <summary>Runs a program and collects its output; its input is empty.</summary>
    /// <param name="line">Sees each line of output and errors as it comes.</param>
    /// <exception cref="CommandFailure">The program is not there.</exception>
    internal static async Task<ProgramResult> RunAsync(
        string program, IReadOnlyList<string> arguments, CancellationToken cancel,
        IReadOnlyDictionary<string, string>? environment = null, Action<string>? line = null, string? directory = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = directory ?? "",
        };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        using Process process = Start(start);
        process.StandardInput.Close();
        try
        {
            Task<string> output = CollectAsync(process.StandardOutput, line, cancel), errors = CollectAsync(process.StandardError, line, cancel);
            await Task.WhenAll(output, errors, process.WaitForExitAsync(cancel));
            return new ProgramResult(process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>Runs a program on this process's own input and output, and returns its exit code.</summary>
    internal static async Task<int> RunAttachedAsync(string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, arguments);
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        using Process process = Start(start);
        // An interrupt from the terminal reaches both; the program decides what it means.
        Console.CancelKeyPress += Ignore;
        try
        {
            await process.WaitForExitAsync(CancellationToken.None);
        }
        finally
        {
            Console.CancelKeyPress -= Ignore;
        }

        return process.ExitCode;

        static void Ignore(object? sender, ConsoleCancelEventArgs e) => e.Cancel = true;
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new CommandFailure($"cannot run {start.FileName}: {e.Message}", e);
        }
    }

    private static async Task<string> CollectAsync(StreamReader reader, Action<string>? line, CancellationToken cancel)
    {
        var all = new System.Text.StringBuilder();
        while (await reader.ReadLineAsync(cancel) is { } text)
        {
            all.Append(text).Append('\n');
            line?.Invoke(text);
        }

        return all.ToString();
    }
}
