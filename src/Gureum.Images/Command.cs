using System.ComponentModel;
using System.Diagnostics;

namespace Gureum.Images;

/// <summary>Runs a program to its end.</summary>
internal static class Command
{
    /// <summary>Its standard output.</summary>
    /// <exception cref="ImageException">It is not installed or failed; the message has its last words.</exception>
    internal static async Task<string> RunAsync(string program, IReadOnlyList<string> arguments, string? directory, string package, CancellationToken cancel)
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
            process.StandardInput.Close();
            try
            {
                Task<string> output = process.StandardOutput.ReadToEndAsync(cancel), errors = process.StandardError.ReadToEndAsync(cancel);
                await Task.WhenAll(output, errors, process.WaitForExitAsync(cancel)).ConfigureAwait(false);
                if (process.ExitCode == 0) return await output.ConfigureAwait(false);
                throw new ImageException($"{program} {string.Join(' ', arguments)} failed with code {process.ExitCode}: {(await errors.ConfigureAwait(false)).Trim()}");
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw;
            }
        }
    }
}

/// <summary>An image could not be built or imported. The message says why and what to do.</summary>
public sealed class ImageException(string message, Exception? inner = null) : Exception(message, inner);
