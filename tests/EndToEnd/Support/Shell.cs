using System.Diagnostics;

namespace Gureum.EndToEnd.Support;

/// <summary>What a program said and how it ended.</summary>
internal sealed record Said(string Command, int Code, string Output, string Errors)
{
    /// <summary>Its output, after success.</summary>
    internal string Ok() => Code == 0 ? Output : throw new InvalidOperationException($"{Command}\nended with {Code}\n{Output}\n{Errors}");
}

/// <summary>Runs programs.</summary>
internal static class Shell
{
    /// <summary>Longer than anything here takes on a busy machine; a program that hangs is ended and fails its test.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    internal static async Task<Said> RunAsync(string program, IReadOnlyList<string> arguments, string? input = null, IReadOnlyDictionary<string, string>? environment = null, TimeSpan? atMost = null)
    {
        using Process process = Start(program, arguments, environment);
        TimeSpan allowed = atMost ?? Limit;
        using var limit = new CancellationTokenSource(allowed);
        string command = program + " " + string.Join(' ', arguments);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token), errors = process.StandardError.ReadToEndAsync(limit.Token);
            if (input is not null) await WriteAsync(process, input);
            process.StandardInput.Close();
            await Task.WhenAll(output, errors, process.WaitForExitAsync(limit.Token));
            return new Said(command, process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{command}\nstill ran after {allowed.TotalMinutes} minutes");
        }
    }

    /// <summary>Starts a program with all three streams in the caller's hands.</summary>
    internal static Process Start(string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    private static async Task WriteAsync(Process process, string input)
    {
        try
        {
            await process.StandardInput.WriteAsync(input);
            await process.StandardInput.FlushAsync();
        }
        catch (IOException) when (process.HasExited)
        {
            return; // it ended without reading all, and its code and words say why
        }
    }
}
