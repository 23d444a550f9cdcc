using System.Diagnostics;

namespace Gureum.Bench.Machines;

/// <summary>QEMU without anything around it: the same disk and memory, a card on its own user network, which ends at this namespace.</summary>
internal static class RawPeer
{
    private const int SshPort = 20022;

    /// <exception cref="BenchmarkFailure">QEMU is missing or its guest did not come up.</exception>
    internal static async Task<GuestTimes> RunAsync(string folder, string disk, CancellationToken cancel)
    {
        string work = Directory.CreateDirectory(Path.Combine(folder, "raw")).FullName, log = Path.Combine(work, "console.log"), overlay = Path.Combine(work, "root.qcow2");
        try
        {
            await Tool.RunAsync("qemu-img", ["create", "-q", "-f", "qcow2", "-b", disk, "-F", "qcow2", overlay], cancel);
            var start = new ProcessStartInfo("qemu-system-x86_64",
            [
                "-machine", "q35", "-accel", "tcg,tb-size=64", "-cpu", "max", "-m", "128", "-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none",
                "-drive", $"file={overlay},format=qcow2,if=virtio", "-netdev", $"user,id=n,restrict=on,hostfwd=tcp:127.0.0.1:{SshPort}-:22", "-device", "virtio-net-pci,netdev=n,romfile=", "-serial", "file:" + log,
            ]) { RedirectStandardError = true, RedirectStandardOutput = true };
            long began = Stopwatch.GetTimestamp();
            using Process guest = Process.Start(start) ?? throw new BenchmarkFailure("qemu-system-x86_64 did not start");
            try { return await GuestSigns.WaitAsync(began, () => log, () => Task.FromResult<(string, int)?>(("127.0.0.1", SshPort)), cancel); }
            finally
            {
                guest.Kill();
                await guest.WaitForExitAsync(CancellationToken.None);
            }
        }
        catch (System.ComponentModel.Win32Exception e) { throw new BenchmarkFailure($"cannot run qemu-system-x86_64: {e.Message}; install the package qemu-system-x86"); }
        finally { Directory.Delete(work, recursive: true); }
    }
}
