using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace Gureum.Bench.Machines;

/// <summary>When a guest showed its first sign of life, was ready, and answered ssh: milliseconds from the order to start.</summary>
internal sealed record GuestTimes(double First, double Ready, double Ssh);

/// <summary>Waits for what a guest shows of itself on its console's log and on its ssh port.</summary>
internal static class GuestSigns
{
    private const string ReadyLine = "is ready";
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(4), Look = TimeSpan.FromMilliseconds(5);

    /// <param name="log">The console's log; null as long as nobody knows where it is.</param>
    /// <param name="ssh">Where ssh answers; null as long as nobody knows.</param>
    internal static async Task<GuestTimes> WaitAsync(long start, Func<string?> log, Func<Task<(string Host, int Port)?>> ssh, CancellationToken cancel)
    {
        double? first = null, ready = null;
        Task<double> answers = SshAsync(start, ssh, cancel);
        while (ready is null)
        {
            Check(start);
            string said = log() is { } file && File.Exists(file) ? Read(file) : "";
            double now = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            if (first is null && said.Length > 0) first = now;
            if (said.Contains(ReadyLine, StringComparison.Ordinal)) ready = now;
            await Task.Delay(Look, cancel);
        }

        return new GuestTimes(first ?? ready.Value, ready.Value, await answers);
    }

    private static async Task<double> SshAsync(long start, Func<Task<(string Host, int Port)?>> where, CancellationToken cancel)
    {
        var banner = new byte[4];
        while (true)
        {
            Check(start);
            try
            {
                if (await where() is var (host, port))
                {
                    using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                    limit.CancelAfter(TimeSpan.FromMilliseconds(500));
                    using var client = new TcpClient();
                    await client.ConnectAsync(host, port, limit.Token);
                    await client.GetStream().ReadExactlyAsync(banner, limit.Token);
                    if (banner.AsSpan().SequenceEqual("SSH-"u8)) return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                }
            }
            catch (Exception e) when (e is SocketException or IOException or OperationCanceledException && !cancel.IsCancellationRequested) { /* not yet */ }
            await Task.Delay(20, cancel);
        }
    }

    private static void Check(long start)
    {
        if (Stopwatch.GetElapsedTime(start) > Hang) throw new BenchmarkFailure($"a guest was not ready within {Hang.TotalMinutes:0} minutes");
    }

    private static string Read(string file)
    {
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(stream, Encoding.Latin1);
            return reader.ReadToEnd();
        }
        catch (IOException) { return ""; }
    }
}
