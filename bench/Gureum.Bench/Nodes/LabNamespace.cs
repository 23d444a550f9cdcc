namespace Gureum.Bench.Nodes;

/// <summary>
/// A network namespace without uplink, with a data directory beside it: where a benchmark has a cloud of its own. A process
/// stays in the namespace that it was started in, so a benchmark that needs the cloud's network runs itself anew inside.
/// </summary>
internal sealed class LabNamespace : IAsyncDisposable
{
    private readonly string name = $"gbench-{Environment.ProcessId}";

    private LabNamespace(string program) => Program = program;

    /// <summary>The built gureum that is measured.</summary>
    internal string Program { get; }

    internal string Data { get; } = Directory.CreateTempSubdirectory("gureum-bench-").FullName;

    /// <exception cref="BenchmarkFailure">GUREUM_PROGRAM names no program, or this is not root.</exception>
    internal static async Task<LabNamespace> CreateAsync(CancellationToken cancel)
    {
        string program = Environment.GetEnvironmentVariable("GUREUM_PROGRAM") is { Length: > 0 } given ? given : throw new BenchmarkFailure("GUREUM_PROGRAM is not set: run the benchmark by ./gureum bench");
        if (!Environment.IsPrivilegedProcess) throw new BenchmarkFailure("this benchmark makes a network namespace, which only root may: run it with sudo");
        var lab = new LabNamespace(program);
        // Guests run as a user of their own, who must find the way to their disks.
        File.SetUnixFileMode(lab.Data, File.GetUnixFileMode(lab.Data) | UnixFileMode.OtherExecute);
        try
        {
            await Tool.RunAsync("ip", ["netns", "add", lab.name], cancel);
            await Tool.RunAsync("ip", ["-n", lab.name, "link", "set", "lo", "up"], cancel);
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>The command line that runs a program inside; `ip netns exec` would hide control groups.</summary>
    internal string[] Inside(params string[] command) => ["--net=/run/netns/" + name, "--", .. command];

    internal Task<string> RunAsync(CancellationToken cancel, params string[] command) => Tool.RunAsync("nsenter", Inside(command), cancel);

    /// <summary>Brings a cloud up inside, runs this benchmark anew beside it, and takes the cloud down.</summary>
    internal static async Task RerunAsync(string benchmark, BenchmarkOptions options, CancellationToken cancel)
    {
        await using LabNamespace lab = await CreateAsync(cancel);
        await lab.RunAsync(cancel, lab.Program, "up", "--no-install", "--node-name", "bench", "--data-dir", lab.Data);
        string[] given = [.. options.Values.Where(o => o.Key != "data-dir" && o.Value.Length > 0).SelectMany(o => (string[])["--" + o.Key, o.Value])];
        await Tool.RunAsync("nsenter", lab.Inside([Environment.ProcessPath!, benchmark, "--data-dir", lab.Data, .. given]), cancel, attached: true);
    }

    public async ValueTask DisposeAsync()
    {
        if (File.Exists(Path.Combine(Data, "cluster.json"))) await RunAsync(CancellationToken.None, Program, "down", "--now", "--purge", "--data-dir", Data);
        await Tool.RunAsync("ip", ["netns", "delete", name], CancellationToken.None);
        if (Directory.Exists(Data)) Directory.Delete(Data, recursive: true);
    }
}
