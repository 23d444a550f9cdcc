namespace Gureum.Bench.Nodes;

/// <summary>What the server holds and uses while the guestbook runs and nobody asks for anything.</summary>
internal sealed class IdleBenchmark : IBenchmark
{
    public string Name => "idle";
    public string Summary => "memory and CPU of the server at rest, with the guestbook running";

    public IReadOnlyDictionary<string, string> Options { get; } = new Dictionary<string, string> { ["seconds"] = "300", ["settle"] = "60", ["guestbook"] = "examples/guestbook", ["data-dir"] = "" };

    public async Task RunAsync(BenchmarkOptions options, FigureTable figures, CancellationToken cancel)
    {
        var (seconds, settle, data) = (options.Count("seconds"), options.Count("settle"), options.Text("data-dir"));
        string manifests = Path.GetFullPath(options.Text("guestbook"));
        if (!Directory.Exists(manifests)) throw new BenchmarkFailure($"--guestbook {manifests}: there is no such directory; run this in the clone");
        if (data.Length == 0)
        {
            await LabNamespace.RerunAsync(Name, options with { Values = new Dictionary<string, string>(options.Values) { ["guestbook"] = manifests } }, cancel);
            return;
        }

        using LabCloud cloud = await LabCloud.ConnectAsync(data, cancel);
        string[] client = ["--kubeconfig", Path.Combine(data, "admin.kubeconfig")];
        await Tool.RunAsync("kubectl", [.. client, "apply", "-f", manifests], cancel);
        await Tool.RunAsync("kubectl", [.. client, "rollout", "status", "deployment", "--timeout=180s"], cancel);
        await Task.Delay(TimeSpan.FromSeconds(settle), cancel);
        var (server, containerd) = (new ProcessMeter(cloud.Server), new ProcessMeter(cloud.Containerd()));
        TimeSpan cpu = server.Cpu, runtime = containerd.Cpu;
        double most = 0;
        for (int second = 0; second < seconds; second++)
        {
            most = Math.Max(most, server.ResidentMegabytes);
            await Task.Delay(TimeSpan.FromSeconds(1), cancel);
        }

        figures.Note($"gureum:     {(server.Cpu - cpu).TotalSeconds / seconds:0.00 %} of a core, {server.ResidentMegabytes:0} MiB resident (most {most:0}), over {seconds} s");
        figures.Note($"containerd: {(containerd.Cpu - runtime).TotalSeconds / seconds:0.00 %} of a core, {containerd.ResidentMegabytes:0} MiB resident");
    }
}
