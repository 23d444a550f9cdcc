using Gureum.Images.Disks;
using System.ComponentModel;
using System.Diagnostics;

namespace Gureum.Node.Machines.Disks;

/// <summary>
/// qemu-img, held on a short leash: it parses what strangers made, so it gets little memory, little time, and no file larger than asked for.
/// </summary>
internal static class QemuImg
{
    private const long Memory = 1L << 30;
    private static readonly TimeSpan Processor = TimeSpan.FromSeconds(30), Patience = TimeSpan.FromMinutes(2);

    /// <summary>An empty qcow2 image, or one that lies on another.</summary>
    /// <param name="size">Bytes that the guest sees; null for as many as the backing has.</param>
    /// <exception cref="DiskException">It failed; the message has its last words.</exception>
    internal static Task CreateAsync(string path, long? size, string? backing, string? backingFormat, CancellationToken cancel)
    {
        List<string> arguments = ["create", "-q", "-f", "qcow2"];
        if (backing is not null) arguments.AddRange(["-b", backing, "-F", backingFormat!]);
        arguments.Add(path);
        if (size is { } bytes) arguments.Add(bytes.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return RunAsync(arguments, Processor, cancel);
    }

    /// <summary>Writes an image anew, in a format of ours; its bytes may not be on the disk yet.</summary>
    /// <param name="largest">Bytes that the new file may have.</param>
    internal static Task ConvertAsync(string source, string sourceFormat, string target, string targetFormat, long largest, CancellationToken cancel) =>
        RunAsync(["convert", "-q", "-f", sourceFormat, "-O", targetFormat, source, target], TimeSpan.FromMinutes(30), cancel, largest);

    private static async Task RunAsync(IEnumerable<string> arguments, TimeSpan processor, CancellationToken cancel, long? largest = null)
    {
        IEnumerable<string> size = largest is { } bytes ? [$"--fsize={bytes}"] : [];
        var start = new ProcessStartInfo("prlimit", [$"--as={Memory}", $"--cpu={(int)processor.TotalSeconds}", "--core=0", "--nofile=64", .. size, "qemu-img", .. arguments]) { RedirectStandardError = true, RedirectStandardOutput = true };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(processor > Patience ? processor : Patience);
        Process process;
        try { process = Process.Start(start)!; }
        catch (Win32Exception e) { throw new DiskException($"cannot run qemu-img under prlimit: {e.Message}; install the packages qemu-utils and util-linux", e); }
        using (process)
        {
            try
            {
                var said = process.StandardError.ReadToEndAsync(limit.Token);
                await Task.WhenAll(said, process.StandardOutput.ReadToEndAsync(limit.Token), process.WaitForExitAsync(limit.Token));
                if (process.ExitCode != 0) throw new DiskException($"qemu-img {string.Join(' ', arguments)} failed with code {process.ExitCode}: {(await said).Trim()}");
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                if (cancel.IsCancellationRequested) throw;
                throw new DiskException($"qemu-img {string.Join(' ', arguments)} took too long and was ended");
            }
        }
    }
}
