using System.Diagnostics;
using Gureum.Objects.Apps.V1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Models;

namespace Gureum.Bench.Scheduling;

/// <summary>
/// What a pod costs the control plane until it is bound: one Deployment onto many nodes, API server, controllers and
/// scheduler measured together. A first, smaller Deployment warms the code up. No peer: upstream's parts are not packaged.
/// </summary>
internal sealed class SchedulingBenchmark : IBenchmark
{
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(1);

    public string Name => "scheduling";
    public string Summary => "a Deployment onto pretended nodes, until every pod is bound: CPU time of the whole control plane for each pod";
    public IReadOnlyDictionary<string, string> Options { get; } = new Dictionary<string, string> { ["pods"] = "2000", ["nodes"] = "100", ["warm"] = "200", ["rounds"] = "1" };

    public async Task RunAsync(BenchmarkOptions options, FigureTable figures, CancellationToken cancel)
    {
        var (pods, nodes, warm, rounds) = (options.Count("pods"), options.Count("nodes"), options.Count("warm"), options.Count("rounds"));
        await using PretendedCluster cluster = await PretendedCluster.StartAsync(nodes, cancel);
        await BindAsync(cluster, "warm", warm, cancel);
        for (int round = 1; round <= rounds; round++)
        {
            await SettleAsync(cancel);
            cluster.Requests.Clear();
            var (cpu, memory, pause, full) = (Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes(), GC.GetTotalPauseDuration(), GC.CollectionCount(2));
            long start = Stopwatch.GetTimestamp();
            await BindAsync(cluster, "round-" + round, pods, cancel);
            figures.Add(new Figure($"deployment of {pods} on {nodes}", "gureum", pods, Stopwatch.GetElapsedTime(start), Environment.CpuUsage.TotalTime - cpu));
            figures.Note($"  {(GC.GetTotalAllocatedBytes() - memory) / 1024.0 / pods:0} KiB allocated for each pod; requests: {cluster.Requests.Describe()}");
            figures.Note($"  garbage collector: {(GC.GetTotalPauseDuration() - pause).TotalMilliseconds:0} ms of pauses, {GC.CollectionCount(2) - full} full collections, {GC.GetGCMemoryInfo(GCKind.Any).HeapSizeBytes >> 20} MiB of heap");
            await RemoveAsync(cluster, "round-" + round, cancel);
        }
    }

    // What the step before left behind (events, status, collections) must not count for the next.
    private static Task SettleAsync(CancellationToken cancel) => Task.Delay(TimeSpan.FromSeconds(3), cancel);

    private static async Task BindAsync(PretendedCluster cluster, string name, int count, CancellationToken cancel)
    {
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var bound = new HashSet<string>();
        cluster.Pods.AddHandler((_, pod) =>
        {
            if (pod is not null && !string.IsNullOrEmpty(pod.Spec.NodeName) && pod.Metadata.Labels.GetValueOrDefault("app") == name && bound.Add(pod.Metadata.Uid ?? "") && bound.Count == count) all.TrySetResult();
        });
        await cluster.Client.CreateAsync(ModelJson.Parse<Deployment>(Manifest(name, count)), cancel);
        try { await all.Task.WaitAsync(Hang, cancel); }
        catch (TimeoutException) { throw new BenchmarkFailure($"{bound.Count} of {count} pods were bound within {Hang.TotalMinutes:0} minutes"); }
    }

    // Nobody runs these pods, so nobody ends them: they are removed by force.
    private static async Task RemoveAsync(PretendedCluster cluster, string name, CancellationToken cancel)
    {
        await cluster.Client.DeleteAsync<Deployment>("default", name, new() { PropagationPolicy = "Background" }, cancel);
        long start = Stopwatch.GetTimestamp();
        while (cluster.Pods.List("default").Any(pod => pod.Metadata.Labels.GetValueOrDefault("app") == name))
        {
            if (Stopwatch.GetElapsedTime(start) > Hang) throw new BenchmarkFailure($"the pods of {name} did not go");
            foreach (Pod pod in cluster.Pods.List("default").Where(p => p.Metadata.DeletionTimestamp is not null).ToArray())
            {
                try { await cluster.Client.DeleteAsync<Pod>("default", pod.Metadata.Name!, new() { GracePeriodSeconds = 0 }, cancel); }
                catch (Client.ApiException e) when (e.IsNotFound) { /* gone already */ }
            }

            await Task.Delay(100, cancel);
        }
    }

    private static string Manifest(string name, int replicas) => $$$$$"""
        {"metadata":{"name":"{{{{{name}}}}}","namespace":"default"},"spec":{"replicas":{{{{{replicas}}}}},"selector":{"matchLabels":{"app":"{{{{{name}}}}}"}},
        "template":{"metadata":{"labels":{"app":"{{{{{name}}}}}"}},"spec":{"containers":[{"name":"main","image":"example:v1","resources":{"requests":{"cpu":"10m","memory":"16Mi"}}}]}}}}
        """;
}
