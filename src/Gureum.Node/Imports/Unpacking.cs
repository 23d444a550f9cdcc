using System.ComponentModel;
using System.Diagnostics;
using System.IO.Compression;

namespace Gureum.Node.Imports;

/// <summary>Compressed images: gzip in this process, xz by its own program on a short leash.</summary>
internal static class Unpacking
{
    private const long Memory = 256L << 20;
    private static readonly TimeSpan Processor = TimeSpan.FromMinutes(30);

    /// <summary>"gzip", "xz", or null for what is neither.</summary>
    internal static string? Of(ReadOnlySpan<byte> head) => head.StartsWith<byte>([0x1f, 0x8b]) ? "gzip" : head.StartsWith<byte>([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]) ? "xz" : null;

    /// <exception cref="ImportRefusedException">It is damaged, or more than was said.</exception>
    internal static async Task RunAsync(string kind, FileStream source, FileStream target, long most, string what, CancellationToken cancel)
    {
        ImportRefusedException TooLarge() => new($"{what} unpacks to more than {most} bytes, which is the most that fits the claim");
        Transfer From(Stream stream) => new(stream, target, most, null, static (_, _) => { }, static _ => { }, static () => { }, TooLarge);
        try
        {
            if (kind == "gzip")
            {
                await using var unzip = new GZipStream(source, CompressionMode.Decompress, leaveOpen: true);
                await From(unzip).RunAsync(null, cancel);
            }
            else await XzAsync(source, From, what, cancel);
        }
        catch (InvalidDataException e) { throw new ImportRefusedException($"{what} cannot be unpacked: {e.Message}", e); }
    }

    private static async Task XzAsync(FileStream source, Func<Stream, Transfer> transfer, string what, CancellationToken cancel)
    {
        var start = new ProcessStartInfo("prlimit", [$"--as={Memory}", $"--cpu={(int)Processor.TotalSeconds}", "--core=0", "--nofile=16", "--fsize=0", "xz", "--decompress", "--stdout"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        Process process;
        try { process = Process.Start(start)!; }
        catch (Win32Exception e) { throw new ImportFailedException($"cannot run xz under prlimit: {e.Message}; install the packages xz-utils and util-linux", e); }
        using (process)
        {
            try
            {
                var said = process.StandardError.ReadToEndAsync(cancel);
                var feed = FeedAsync(source, process, cancel);
                await transfer(process.StandardOutput.BaseStream).RunAsync(null, cancel);
                await Task.WhenAll(feed, process.WaitForExitAsync(cancel));
                if (process.ExitCode != 0) throw new ImportRefusedException($"{what} cannot be unpacked: xz failed with code {process.ExitCode}: {(await said).Trim()}");
            }
            finally { if (!process.HasExited) process.Kill(); }
        }
    }

    private static async Task FeedAsync(FileStream source, Process process, CancellationToken cancel)
    {
        try
        {
            await source.CopyToAsync(process.StandardInput.BaseStream, cancel);
            process.StandardInput.Close();
        }
        catch (IOException) { /* it ended before it had read all: its exit code says why */ }
    }
}
