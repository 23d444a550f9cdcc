using System.Diagnostics;
using System.Text.Json.Nodes;
using Gureum.Bench.Peers;

namespace Gureum.Bench.Nodes;

/// <summary>
/// From the start of the program, already built, until the API answers and until the node is Ready: with a fresh data
/// directory, and again with the one that is there, containerd still running.
/// </summary>
internal sealed class StartBenchmark : IBenchmark
{
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(2);

    public string Name => "start";
    public string Summary => "start of the program → /readyz answers → node Ready, with a fresh data directory and again";
    public IReadOnlyDictionary<string, string> Options { get; } = new Dictionary<string, string> { ["rounds"] = "5", ["data-dir"] = "" };

    public async Task RunAsync(BenchmarkOptions options, FigureTable figures, CancellationToken cancel)
    {
        int rounds = options.Count("rounds");
        if (options.Text("data-dir") is { Length: 0 })
        {
            // The namespace is wanted, not the cloud in it: this benchmark starts and ends its own.
            await using LabNamespace lab = await LabNamespace.CreateAsync(cancel);
            await Tool.RunAsync("nsenter", lab.Inside(Environment.ProcessPath!, Name, "--rounds", options.Text("rounds"), "--data-dir", lab.Data), cancel, attached: true);
            return;
        }

        string program = Environment.GetEnvironmentVariable("GUREUM_PROGRAM")!, data = options.Text("data-dir");
        if (File.Exists(Path.Combine(data, "cluster.json"))) throw new BenchmarkFailure($"--data-dir {data}: there is a cloud already; this benchmark needs a directory without one");
        List<Start> fresh = [], again = [];
        for (int round = 0; round < rounds; round++)
        {
            Directory.CreateDirectory(data);
            await File.WriteAllTextAsync(Path.Combine(data, "cluster.json"), new JsonObject { ["dataDirectory"] = data, ["nodeName"] = "bench" }.ToJsonString(), cancel);
            try
            {
                fresh.Add(await StartAsync(program, data, cancel));
                again.Add(await StartAsync(program, data, cancel));
            }
            finally { await Tool.RunAsync(program, ["down", "--now", "--purge", "--data-dir", data], CancellationToken.None); }
        }

        Report(figures, "fresh", fresh);
        Report(figures, "again", again);
    }

    private sealed record Start(double Answers, double Ready, double Cpu);

    private static void Report(FigureTable figures, string which, IReadOnlyList<Start> starts)
    {
        figures.Note($"{which}: API answers {new Sample([.. starts.Select(s => s.Answers)])}");
        figures.Note($"{which}: node Ready  {new Sample([.. starts.Select(s => s.Ready)])}; CPU until then {new Sample([.. starts.Select(s => s.Cpu)])}");
    }

    private static async Task<Start> StartAsync(string program, string data, CancellationToken cancel)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) => true } }) { BaseAddress = new Uri("https://127.0.0.1:6443"), Timeout = Hang };
        long start = Stopwatch.GetTimestamp();
        await using var process = ChildProcess.Start(program, ["run", "--data-dir", data], Path.Combine(data, "bench.log"));
        await process.UntilAsync(() => AnswersAsync(http, cancel), Hang, cancel);
        double answers = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        await process.UntilAsync(() => Task.FromResult(LabCloud.Announced(data) is { Ready: true } server && server.Pid == process.Id), Hang, cancel);
        return new Start(answers, Stopwatch.GetElapsedTime(start).TotalMilliseconds, new ProcessMeter(process.Id).Cpu.TotalMilliseconds);
    }

    private static async Task<bool> AnswersAsync(HttpClient http, CancellationToken cancel)
    {
        try
        {
            using HttpResponseMessage answer = await http.GetAsync(new Uri("/readyz", UriKind.Relative), cancel);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException) { return false; }
    }
}
