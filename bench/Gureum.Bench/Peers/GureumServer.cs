using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace Gureum.Bench.Peers;

/// <summary>Starts Gureum's control plane as users run it (a built program, its SQLite store on disk), without a node.</summary>
internal static class GureumServer
{
    /// <exception cref="BenchmarkFailure">GUREUM_PROGRAM names no program, or it does not start.</exception>
    internal static async Task<ApiPeer> StartAsync(CancellationToken cancel, int? openStackPort = null)
    {
        string program = Environment.GetEnvironmentVariable("GUREUM_PROGRAM") is { Length: > 0 } given ? given : throw new BenchmarkFailure("GUREUM_PROGRAM is not set: run the benchmark by ./gureum bench");
        string directory = Directory.CreateTempSubdirectory("gureum-bench-").FullName;
        int port = Ports.Free();
        var settings = new JsonObject { ["dataDirectory"] = directory, ["listen"] = "127.0.0.1", ["port"] = port, ["runsNode"] = false, ["nodeName"] = "bench" };
        if (openStackPort is { } door) settings["openStackPort"] = door;
        await File.WriteAllTextAsync(Path.Combine(directory, "cluster.json"), settings.ToJsonString(), cancel);
        var process = ChildProcess.Start(program, ["run", "--data-dir", directory], Path.Combine(directory, "out.log"));
        var running = new Everything(directory, process);
        string kubeconfig = Path.Combine(directory, "admin.kubeconfig");
        try
        {
            await process.UntilAsync(async () => File.Exists(kubeconfig) && await Ports.AnswersAsync(port) && (openStackPort is not { } opened || await Ports.AnswersAsync(opened)), TimeSpan.FromSeconds(60), cancel);
            return await ReachAsync(kubeconfig, new ProcessMeter(process.Id), running, cancel);
        }
        catch
        {
            await running.DisposeAsync();
            throw;
        }
    }

    /// <summary>A server that runs, by the kubeconfig that it wrote.</summary>
    internal static async Task<ApiPeer> ReachAsync(string kubeconfig, ProcessMeter meter, IAsyncDisposable running, CancellationToken cancel)
    {
        string[] lines = await File.ReadAllLinesAsync(kubeconfig, cancel);
        return new ApiPeer("gureum", new Uri(Value(lines, "server")), X509Certificate2.CreateFromPem(Pem(lines, "certificate-authority-data")),
            Certificates.WithKey(Pem(lines, "client-certificate-data"), Pem(lines, "client-key-data")), meter, running) { Directory = Path.GetDirectoryName(kubeconfig)! };
    }

    // One cluster and one user: each name stands on one line of the file.
    private static string Value(string[] lines, string name) => lines.Select(l => l.Trim(' ', '-')).First(l => l.StartsWith(name + ":", StringComparison.Ordinal))[(name.Length + 1)..].Trim(' ', '"');

    private static string Pem(string[] lines, string name) => Encoding.UTF8.GetString(Convert.FromBase64String(Value(lines, name)));
}
