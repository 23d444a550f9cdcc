using System.Diagnostics;
using System.Text;

namespace Gureum.Libvirt.Probe;

/// <summary>One run of QEMU that ends when its guest has said a word, or when time is up. Immutable.</summary>
/// <param name="Found">True if the word came.</param>
/// <param name="Explanation">Why it did not.</param>
internal sealed record ProbeRun(bool Found, string Explanation)
{
    internal static async Task<ProbeRun> StartAsync(string qemu, string[] arguments, string word, TimeSpan limit, CancellationToken cancel)
    {
        // Bounded in time by itself: a QEMU whose starter is killed meanwhile must not stay behind.
        var start = new ProcessStartInfo("timeout", ["--foreground", "--signal=KILL", ((int)limit.TotalSeconds + 5).ToString(System.Globalization.CultureInfo.InvariantCulture), qemu, .. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start) ?? throw new IOException($"{qemu} could not be started");
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        timer.CancelAfter(limit);
        Task<string> errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            if (await HasWordAsync(process.StandardOutput.BaseStream, word, timer.Token).ConfigureAwait(false)) return new ProbeRun(true, "");
            string complaint = (await errors.WaitAsync(timer.Token).ConfigureAwait(false)).Trim();
            return new ProbeRun(false, complaint.Length > 0 ? "QEMU says " + complaint.Split('\n')[0] : "QEMU ended without a word of the guest");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new ProbeRun(false, string.Create(null, $"no \"{word.Trim()}\" on the serial port within {limit.TotalSeconds:0.#} s"));
        }
        finally
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>Reads until the word comes (true) or the output ends (false).</summary>
    private static async Task<bool> HasWordAsync(Stream output, string word, CancellationToken cancel)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (await output.ReadAsync(buffer, cancel).ConfigureAwait(false) is > 0 and var count)
        {
            text.Append(Encoding.Latin1.GetString(buffer, 0, count));
            if (text.ToString().Contains(word, StringComparison.Ordinal)) return true;
            if (text.Length > 8192) text.Remove(0, text.Length - word.Length);
        }

        return false;
    }
}
