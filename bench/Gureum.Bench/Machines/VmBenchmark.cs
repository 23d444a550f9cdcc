using System.Diagnostics;
using Gureum.Bench.Nodes;

namespace Gureum.Bench.Machines;

/// <summary>
/// A virtual machine from the order to its first sign of life and to ssh, beside `virsh start` of the same domain and QEMU alone; then many at once, beside a
/// loop over virsh; and what the cloud's own process holds for each. All take turns; the first round warms up and does not count.
/// </summary>
internal sealed class VmBenchmark : IBenchmark
{
    internal const string Image = "gureum.local/tiny-guest:1";

    public string Name => "vm";
    public string Summary => "VirtualMachineInstance created → first console output → ready → ssh, against `virsh start` and raw QEMU; many at once; memory for each";
    public IReadOnlyDictionary<string, string> Options { get; } = new Dictionary<string, string> { ["rounds"] = "3", ["many"] = "10", ["disk"] = "", ["data-dir"] = "" };

    public async Task RunAsync(BenchmarkOptions options, FigureTable figures, CancellationToken cancel)
    {
        if (options.Text("data-dir").Length == 0)
        {
            await LabNamespace.RerunAsync(Name, options, cancel);
            return;
        }

        using LabCloud cloud = await LabCloud.ConnectAsync(options.Text("data-dir"), cancel);
        string disk = options.Text("disk") is { Length: > 0 } given ? given : Disk();
        var ours = new CloudGuests(cloud);
        await ours.ReadyAsync(cancel);
        await using var virsh = new VirshPeer(cloud, disk);
        await AloneAsync(options.Count("rounds"), cloud, ours, virsh, disk, figures, cancel);
        await ManyAsync(options.Count("many"), cloud, ours, virsh, figures, cancel);
    }

    private static async Task AloneAsync(int rounds, LabCloud cloud, CloudGuests ours, VirshPeer virsh, string disk, FigureTable figures, CancellationToken cancel)
    {
        var (mine, starts, raw) = (new List<GuestTimes>(), new List<(double First, double Ready)>(), new List<GuestTimes>());
        var meter = new ProcessMeter(cloud.Server);
        TimeSpan cpu = TimeSpan.Zero;
        string? peer = null;
        for (int round = 0; round <= rounds; round++)
        {
            TimeSpan before = meter.Cpu;
            GuestTimes own = await ours.StartAsync($"bench-{round}", cancel);
            peer ??= await virsh.DefineAsync($"bench-{round}", 0, cancel);
            await ours.RemoveAsync($"bench-{round}", cancel);
            TimeSpan used = meter.Cpu - before;
            var started = await virsh.StartAsync(peer, cancel);
            await virsh.StopAsync(peer, cancel);
            GuestTimes bare = await RawPeer.RunAsync(cloud.Data, disk, cancel);
            if (round == 0) continue;
            cpu += used;
            mine.Add(own);
            starts.Add(started);
            raw.Add(bare);
        }

        Sample first = new([.. mine.Select(t => t.First)]), ready = new([.. mine.Select(t => t.Ready)]), ssh = new([.. mine.Select(t => t.Ssh)]);
        Sample virshFirst = new([.. starts.Select(t => t.First)]), virshReady = new([.. starts.Select(t => t.Ready)]), rawSsh = new([.. raw.Select(t => t.Ssh)]), rawFirst = new([.. raw.Select(t => t.First)]);
        figures.Note($"created → first output: {first}; virsh start {virshFirst}; raw QEMU {rawFirst}; ratio to virsh {first.Median / virshFirst.Median:0.00}");
        figures.Note($"created → ready:        {ready}; virsh start {virshReady}; ratio {ready.Median / virshReady.Median:0.00}");
        figures.Note($"created → ssh answers:  {ssh}; raw QEMU {rawSsh}; ratio {ssh.Median / rawSsh.Median:0.00}");
        figures.Note($"{cpu.TotalMilliseconds / rounds:0} CPU-ms of the server for each guest from its creation to its removal");
    }

    private static async Task ManyAsync(int count, LabCloud cloud, CloudGuests ours, VirshPeer virsh, FigureTable figures, CancellationToken cancel)
    {
        if (count == 0) return;
        string[] names = [.. Enumerable.Range(0, count).Select(i => $"many-{i}")];
        var meter = new ProcessMeter(cloud.Server);
        double resident = meter.ResidentMegabytes;
        long start = Stopwatch.GetTimestamp();
        await Task.WhenAll(names.Select(n => ours.CreateAsync(n, cancel)));
        double ordered = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        GuestTimes[] times = await Task.WhenAll(names.Select(n => Task.Run(() => ours.FollowAsync(start, n, cancel), cancel)));
        double grown = meter.ResidentMegabytes - resident;
        var peers = new List<string>();
        for (int i = 0; i < count; i++) peers.Add(await virsh.DefineAsync(names[i], i + 1, cancel));
        foreach (string name in names) await ours.RemoveAsync(name, cancel);
        start = Stopwatch.GetTimestamp();
        foreach (string peer in peers) await virsh.OrderAsync(peer, cancel);
        (double First, double Ready)[] theirs = await Task.WhenAll(peers.Select(p => virsh.FollowAsync(start, p, cancel)));
        foreach (string peer in peers) await virsh.StopAsync(peer, cancel);
        double last = times.Max(t => t.Ready), other = theirs.Max(t => t.Ready);
        figures.Note($"{count} at once: ordered in {ordered:0} ms, all ready after {last / 1000:0.0} s; a loop over virsh start {other / 1000:0.0} s; ratio {last / other:0.00}");
        figures.Note($"the server's memory grew by {grown:0.0} MiB with {count} guests: {grown / count:0.00} MiB each");
    }

    /// <summary>The tiny guest that this machine has built.</summary>
    internal static string Disk()
    {
        const string Cache = "/var/cache/gureum/images";
        return (Directory.Exists(Cache) ? Directory.EnumerateDirectories(Cache, "tiny-guest-*").Select(d => Path.Combine(d, "tiny.qcow2")).Where(File.Exists).MaxBy(File.GetLastWriteTimeUtc) : null)
            ?? throw new BenchmarkFailure($"there is no tiny guest in {Cache}: `gureum image build-guests` makes one, or name its disk with --disk");
    }
}
