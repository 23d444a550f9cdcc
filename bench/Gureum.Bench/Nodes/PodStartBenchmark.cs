using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Gureum.Bench.Nodes;

/// <summary>
/// From "pod created" to "container running", as a watching client sees it, beside `ctr run` of the same image in the same
/// containerd. The image is present; both take turns; the first round of each warms up and does not count.
/// </summary>
internal sealed class PodStartBenchmark : IBenchmark
{
    private const string Pods = "/api/v1/namespaces/default/pods", Image = "gureum.local/busybox:1", PeerNamespace = "gureum-bench";
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(1);

    public string Name => "podstart";
    public string Summary => "pod created → container running, image present, against `ctr run` of the same image";
    public IReadOnlyDictionary<string, string> Options { get; } = new Dictionary<string, string> { ["rounds"] = "15", ["data-dir"] = "" };

    public async Task RunAsync(BenchmarkOptions options, FigureTable figures, CancellationToken cancel)
    {
        int rounds = options.Count("rounds");
        if (options.Text("data-dir").Length == 0)
        {
            await LabNamespace.RerunAsync(Name, options, cancel);
            return;
        }

        using LabCloud cloud = await LabCloud.ConnectAsync(options.Text("data-dir"), cancel);
        await WarmAsync(cloud, cancel);
        await using var peer = await CtrPeer.CreateAsync(cloud, Image, PeerNamespace, cancel);
        var meter = new ProcessMeter(cloud.Server);
        var (ours, theirs) = (new List<double>(), new List<double>());
        TimeSpan cpu = TimeSpan.Zero;
        for (int round = 0; round <= rounds; round++)
        {
            double run = await peer.RunAsync($"bench-{round}", cancel);
            TimeSpan before = meter.Cpu;
            double pod = await PodAsync(cloud, $"bench-{round}", cancel);
            if (round == 0) continue;
            cpu += meter.Cpu - before;
            theirs.Add(run);
            ours.Add(pod);
        }

        var (mine, other) = (new Sample(ours), new Sample(theirs));
        figures.Note($"pod created → running: {mine}, {cpu.TotalMilliseconds / rounds:0} CPU-ms of the server for each pod from its creation to its removal");
        figures.Note($"ctr run -d:            {other}");
        figures.Note($"ratio of the medians:  {mine.Median / other.Median:0.00}");
    }

    // Pods are refused until their namespace has its account.
    private static async Task WarmAsync(LabCloud cloud, CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        while (((JsonArray)(await cloud.GetAsync("/api/v1/namespaces/default/serviceaccounts", cancel))["items"]!).Count == 0)
        {
            if (Stopwatch.GetElapsedTime(start) > Hang) throw new BenchmarkFailure("the namespace default got no service account within a minute");
            await Task.Delay(50, cancel);
        }
    }

    private static async Task<double> PodAsync(LabCloud cloud, string name, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Hang);
        try
        {
            using StreamReader events = await cloud.WatchAsync(Pods, limit.Token);
            long start = Stopwatch.GetTimestamp();
            await cloud.CreateAsync(Pods, Manifest(name), limit.Token);
            await UntilAsync(events, name, e => e["object"]?["status"]?["containerStatuses"]?[0]?["state"]?["running"] is not null, limit.Token);
            double elapsed = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            await cloud.DeleteAsync($"{Pods}/{name}", limit.Token);
            await UntilAsync(events, name, e => (string?)e["type"] == "DELETED", limit.Token);
            return elapsed;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new BenchmarkFailure($"pod {name} did not run, or did not go, within {Hang.TotalMinutes:0} minute");
        }
    }

    private static async Task UntilAsync(StreamReader events, string name, Func<JsonNode, bool> fits, CancellationToken cancel)
    {
        while (true)
        {
            JsonNode seen = JsonNode.Parse(await events.ReadLineAsync(cancel) ?? throw new BenchmarkFailure("the watch ended"))!;
            if ((string?)seen["object"]?["metadata"]?["name"] == name && fits(seen)) return;
        }
    }

    private static JsonNode Manifest(string name) => JsonNode.Parse($$$"""
        {"metadata":{"name":"{{{name}}}"},"spec":{"terminationGracePeriodSeconds":0,"containers":[{"name":"main","image":"{{{Image}}}","command":["sleep","100000"]}]}}
        """)!;
}
