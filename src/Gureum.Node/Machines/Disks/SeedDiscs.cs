using System.ComponentModel;
using System.Diagnostics;

namespace Gureum.Node.Machines.Disks;

/// <summary>Burns small discs (ISO 9660 with Joliet and Rock Ridge) with genisoimage.</summary>
internal static class SeedDiscs
{
    /// <exception cref="DiskException">A file's path leads outside, or genisoimage failed.</exception>
    internal static async Task WriteAsync(SeedDisc disc, string path, CancellationToken cancel)
    {
        var folder = path + ".files";
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        try
        {
            foreach (var (name, content) in disc.Files)
            {
                if (name.Split('/').Any(p => p is "" or "." or "..")) throw new DiskException($"the file {name} leads out of the disc");
                var file = Path.Combine(folder, name);
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                await File.WriteAllBytesAsync(file, content, cancel);
            }
            await BurnAsync(disc.Label, folder, path + ".new", cancel);
            File.Move(path + ".new", path, overwrite: true);
        }
        finally { Directory.Delete(folder, recursive: true); }
    }

    private static async Task BurnAsync(string label, string folder, string path, CancellationToken cancel)
    {
        var start = new ProcessStartInfo("genisoimage", ["-quiet", "-joliet", "-rock", "-volid", label, "-output", path, folder]) { RedirectStandardError = true };
        Process process;
        try { process = Process.Start(start)!; }
        catch (Win32Exception e) { throw new DiskException($"cannot run genisoimage: {e.Message}; install the package genisoimage", e); }
        using (process)
        {
            var said = await process.StandardError.ReadToEndAsync(cancel);
            await process.WaitForExitAsync(cancel);
            if (process.ExitCode != 0) throw new DiskException($"genisoimage failed with code {process.ExitCode}: {said.Trim()}");
        }
    }
}
