using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Bench.Peers;

namespace Gureum.Bench.Nodes;

/// <summary>A cloud that is up, in the network namespace of this process: its API, its server process and its containerd.</summary>
internal sealed class LabCloud : IDisposable
{
    private readonly HttpClient http;

    private LabCloud(string data, HttpClient http, int server)
    {
        this.http = http;
        Data = data;
        Server = server;
        ContainerdSocket = Path.Combine(RunDirectory(data), "containerd", "containerd.sock");
    }

    internal string Data { get; }

    /// <summary>The server's pid.</summary>
    internal int Server { get; }

    internal string ContainerdSocket { get; }

    /// <summary>Where a cloud has its sockets: docs/operations/running.md.</summary>
    internal static string RunDirectory(string data) => "/run/gureum/" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(data))))[..8];

    /// <summary>What the server says of itself; null while there is none.</summary>
    internal static (int Pid, bool Ready)? Announced(string data)
    {
        try
        {
            JsonNode said = JsonNode.Parse(File.ReadAllText(Path.Combine(RunDirectory(data), "server.json")))!;
            return ((int)said["pid"]!, (bool)said["ready"]!);
        }
        catch (Exception e) when (e is IOException or JsonException) { return null; }
    }

    /// <exception cref="BenchmarkFailure">No cloud is up with that data directory.</exception>
    internal static async Task<LabCloud> ConnectAsync(string data, CancellationToken cancel)
    {
        if (Announced(data) is not { Ready: true } server) throw new BenchmarkFailure($"--data-dir {data}: no cloud is up there; `gureum up --data-dir {data}` starts one");
        ApiPeer peer = await GureumServer.ReachAsync(Path.Combine(data, "admin.kubeconfig"), new ProcessMeter(server.Pid), new NotOurs(), cancel);
        HttpClient http = peer.Connect(new Version(2, 0), 1);
        http.Timeout = Timeout.InfiniteTimeSpan;
        return new LabCloud(data, http, server.Pid);
    }

    internal async Task CreateAsync(string collection, JsonNode value, CancellationToken cancel)
    {
        using var body = new StringContent(value.ToJsonString(), MediaTypeHeaderValue.Parse("application/json"));
        using HttpResponseMessage answer = await http.PostAsync(new Uri(collection, UriKind.Relative), body, cancel);
        await OkAsync(answer, cancel);
    }

    internal async Task DeleteAsync(string path, CancellationToken cancel)
    {
        using HttpResponseMessage answer = await http.DeleteAsync(new Uri(path + "?gracePeriodSeconds=0", UriKind.Relative), cancel);
        await OkAsync(answer, cancel);
    }

    internal async Task<JsonNode> GetAsync(string path, CancellationToken cancel)
    {
        using HttpResponseMessage answer = await http.GetAsync(new Uri(path, UriKind.Relative), cancel);
        await OkAsync(answer, cancel);
        return JsonNode.Parse(await answer.Content.ReadAsByteArrayAsync(cancel))!;
    }

    /// <summary>The events of a watch, as they come; the watch is open when this returns.</summary>
    internal async Task<StreamReader> WatchAsync(string collection, CancellationToken cancel)
    {
        string version = (string)(await GetAsync(collection + "?limit=1", cancel))["metadata"]!["resourceVersion"]!;
        HttpResponseMessage answer = await http.GetAsync(new Uri($"{collection}?watch=true&resourceVersion={version}", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancel);
        await OkAsync(answer, cancel);
        return new StreamReader(await answer.Content.ReadAsStreamAsync(cancel));
    }

    /// <summary>The containerd that listens on the cloud's socket, by its configuration's path in its command line.</summary>
    internal int Containerd() => Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(n => int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out _)).Select(n => int.Parse(n!, CultureInfo.InvariantCulture))
        .FirstOrDefault(pid => CommandOf(pid) is { Length: > 0 } words && Path.GetFileName(words[0]) == "containerd" && words.Any(w => w.StartsWith(RunDirectory(Data), StringComparison.Ordinal) || w.StartsWith(Data, StringComparison.Ordinal)));

    private static string[] CommandOf(int pid)
    {
        try { return File.ReadAllText($"/proc/{pid}/cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries); }
        catch (IOException) { return []; }
    }

    private static async Task OkAsync(HttpResponseMessage answer, CancellationToken cancel)
    {
        if (!answer.IsSuccessStatusCode) throw new BenchmarkFailure($"{answer.RequestMessage!.Method} {answer.RequestMessage.RequestUri} was answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(cancel)}");
    }

    public void Dispose() => http.Dispose();

    private sealed class NotOurs : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
