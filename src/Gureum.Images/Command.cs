using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Gureum.Images;

/// <summary>Runs a program to its end.</summary>
internal static class Command
{
    /// <summary>How a program ended and what it said.</summary>
    internal sealed record Ended(int Code, string Output, string Errors);

    /// <summary>Its standard output.</summary>
    /// <exception cref="ImageException">It is not installed or failed; the message has its last words.</exception>
    internal static async Task<string> RunAsync(string program, IReadOnlyList<string> arguments, string? directory, string package, CancellationToken cancel)
    {
        Ended ended = await RunToEndAsync(program, arguments, directory, package, null, keepInput: false, cancel).ConfigureAwait(false);
        return ended.Code == 0 ? ended.Output : throw new ImageException($"{program} {string.Join(' ', arguments)} failed with code {ended.Code}: {ended.Errors.Trim()}");
    }

    /// <summary>Runs it, whatever its end.</summary>
    /// <param name="say">Sees each line of its standard error as it comes.</param>
    /// <param name="keepInput">True to leave its standard input open, without a word, as long as this process lives.</param>
    /// <exception cref="ImageException">It is not installed.</exception>
    internal static async Task<Ended> RunToEndAsync(string program, IReadOnlyList<string> arguments, string? directory, string package, Action<string>? say, bool keepInput, CancellationToken cancel)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = directory ?? "",
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new ImageException($"cannot run {program}: {e.Message}; install the package {package}", e);
        }

        using (process)
        {
            if (!keepInput) process.StandardInput.Close();
            try
            {
                Task<string> output = process.StandardOutput.ReadToEndAsync(cancel), errors = CollectAsync(process.StandardError, say, cancel);
                await Task.WhenAll(output, errors, process.WaitForExitAsync(cancel)).ConfigureAwait(false);
                return new Ended(process.ExitCode, await output.ConfigureAwait(false), await errors.ConfigureAwait(false));
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
                throw;
            }
        }
    }

    private static async Task<string> CollectAsync(StreamReader reader, Action<string>? say, CancellationToken cancel)
    {
        if (say is null) return await reader.ReadToEndAsync(cancel).ConfigureAwait(false);
        var all = new StringBuilder();
        while (await reader.ReadLineAsync(cancel).ConfigureAwait(false) is { } line)
        {
            all.Append(line).Append('\n');
            say(line);
        }

        return all.ToString();
    }
}

/// <summary>An image could not be built or imported. The message says why and what to do.</summary>
public sealed class ImageException(string message, Exception? inner = null) : Exception(message, inner);
