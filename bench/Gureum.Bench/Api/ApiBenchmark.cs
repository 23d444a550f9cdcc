using System.Diagnostics;
using System.Globalization;
using System.Text;
using Gureum.Bench.Peers;

namespace Gureum.Bench.Api;

/// <summary>Creates, gets, lists, applies (server-side) and watches ConfigMaps of about one KiB over TLS, beside kube-apiserver with etcd.</summary>
internal sealed class ApiBenchmark : IBenchmark
{
    /// <summary>Requests of each kind before those that count: a just-in-time compiler is still at work during the first ten thousand or so.</summary>
    private const int Warming = 20_000;

    private const string Applied = "application/apply-patch+yaml";

    private const string Protobuf = "application/vnd.kubernetes.protobuf";

    private const string Maps = "/api/v1/namespaces/default/configmaps";

    public string Name => "api";
    public string Summary => "create, get, list, apply and watch ConfigMaps of one KiB over TLS, beside kube-apiserver and etcd (--peer DIR that holds them)";

    public IReadOnlyDictionary<string, string> Options { get; } = new Dictionary<string, string>
    {
        ["objects"] = "5000", ["lists"] = "20", ["connections"] = "16", ["watchers"] = "100", ["updates"] = "2000", ["http"] = "1.1", ["peer"] = "",
    };

    public async Task RunAsync(BenchmarkOptions options, FigureTable figures, CancellationToken cancel)
    {
        var load = new Load(options.Count("objects"), options.Count("lists"), options.Count("connections"), options.Count("watchers"), options.Count("updates"), Version.Parse(options.Text("http").Contains('.', StringComparison.Ordinal) ? options.Text("http") : options.Text("http") + ".0"));
        await using (ApiPeer own = await GureumServer.StartAsync(cancel)) await MeasureAsync(own, load, figures, cancel);
        if (options.Text("peer") is not { Length: > 0 } directory)
        {
            figures.Note("no peer: --peer DIR with kube-apiserver in it measures that too");
            return;
        }

        await using ApiPeer peer = await UpstreamServer.StartAsync(directory, cancel);
        await MeasureAsync(peer, load, figures, cancel);
    }

    private sealed record Load(int Objects, int Lists, int Connections, int Watchers, int Updates, Version Http);

    private static async Task MeasureAsync(ApiPeer peer, Load load, FigureTable figures, CancellationToken cancel)
    {
        using HttpClient http = peer.Connect(load.Http, load.Connections);
        // Code that runs the first time is compiled then: each path gets warm before it is measured.
        await EachAsync(load, Warming, i => SendAsync(http, HttpMethod.Post, Maps, Map($"warm-{i}"), cancel));
        await EachAsync(load, Warming, i => SendAsync(http, HttpMethod.Get, $"{Maps}/warm-{i}", null, cancel));
        for (int i = 0; i < 3; i++)
        {
            await SendAsync(http, HttpMethod.Get, Maps, null, cancel);
            await SendAsync(http, HttpMethod.Get, Maps, null, cancel, Protobuf);
        }

        await EachAsync(load, Warming, i => SendAsync(http, HttpMethod.Delete, $"{Maps}/warm-{i}", null, cancel));

        async Task MeasureOneAsync(string operation, int count, Func<int, Task> run, int connections)
        {
            (TimeSpan cpu, long start) = (peer.Meter.Cpu, Stopwatch.GetTimestamp());
            await EachAsync(load with { Connections = connections }, count, run);
            figures.Add(new Figure(operation, peer.Name, count, Stopwatch.GetElapsedTime(start), peer.Meter.Cpu - cpu));
        }

        await MeasureOneAsync("create", load.Objects, i => SendAsync(http, HttpMethod.Post, Maps, Map($"map-{i}"), cancel), load.Connections);
        await MeasureOneAsync("get", load.Objects * 2, i => SendAsync(http, HttpMethod.Get, $"{Maps}/map-{i % load.Objects}", null, cancel), load.Connections);
        await MeasureOneAsync($"list {load.Objects} as JSON", load.Lists, _ => SendAsync(http, HttpMethod.Get, Maps, null, cancel), 2);
        // Gureum keeps what it has encoded once; the peer encodes anew each time.
        await MeasureOneAsync($"list {load.Objects} as protobuf for the first time", 1, _ => SendAsync(http, HttpMethod.Get, Maps, null, cancel, Protobuf), 1);
        await MeasureOneAsync($"list {load.Objects} as protobuf", load.Lists, _ => SendAsync(http, HttpMethod.Get, Maps, null, cancel, Protobuf), 2);
        // A value that is as before would be no update.
        Task UpdateAsync(int i, string more) => SendAsync(http, HttpMethod.Put, $"{Maps}/map-{i % load.Objects}", Map($"map-{i % load.Objects}", more), cancel);
        await EachAsync(load, Warming, i => UpdateAsync(i, $"warming-{i}"));
        await MeasureOneAsync("update, nobody watching", load.Updates, i => UpdateAsync(i, "updated"), load.Connections);
        // The manager's fields are as they were, then one of them has another value.
        Task ApplyAsync(string name, string more) => SendAsync(http, HttpMethod.Patch, $"{Maps}/{name}?fieldManager=bench&force=true", Map(name, more), cancel, type: Applied);
        await EachAsync(load, Warming, i => ApplyAsync($"warming-{i % 1000}", i < Warming / 3 ? "first" : $"{i}"));
        await MeasureOneAsync("apply, new", load.Objects, i => ApplyAsync($"applied-{i}", "first"), load.Connections);
        await MeasureOneAsync("apply, nothing changed", load.Objects, i => ApplyAsync($"applied-{i}", "first"), load.Connections);
        await MeasureOneAsync("apply, a value changed", load.Objects, i => ApplyAsync($"applied-{i}", "second"), load.Connections);
        await EachAsync(load, load.Objects, i => SendAsync(http, HttpMethod.Delete, $"{Maps}/applied-{i}", null, cancel));
        await EachAsync(load, 1000, i => SendAsync(http, HttpMethod.Delete, $"{Maps}/warming-{i}", null, cancel));
        await WatchAsync(peer, http, load, null, cancel);
        await WatchAsync(peer, http, load, figures, cancel);
        figures.Note(string.Create(CultureInfo.InvariantCulture, $"{peer.Name} holds {peer.Meter.ResidentMegabytes:0} MiB"));
    }

    /// <summary>All watchers see all updates; the cost of an event is what the whole costs, its updates included.</summary>
    /// <param name="figures">Null for a round that only warms.</param>
    private static async Task WatchAsync(ApiPeer peer, HttpClient http, Load load, FigureTable? figures, CancellationToken cancel)
    {
        using HttpClient watching = peer.Connect(load.Http, load.Http.Major > 1 ? load.Connections : load.Watchers);
        HttpResponseMessage list = await http.GetAsync(Maps + "?limit=1", cancel);
        string revision = System.Text.Json.Nodes.JsonNode.Parse(await list.Content.ReadAsStringAsync(cancel))!["metadata"]!["resourceVersion"]!.GetValue<string>();
        var opened = new TaskCompletionSource();
        int left = load.Watchers;
        Task[] watchers = [.. Enumerable.Range(0, load.Watchers).Select(_ => Task.Run(async () =>
        {
            using HttpResponseMessage answer = await watching.GetAsync($"{Maps}?watch=true&resourceVersion={revision}&timeoutSeconds=120", HttpCompletionOption.ResponseHeadersRead, cancel);
            answer.EnsureSuccessStatusCode();
            if (Interlocked.Decrement(ref left) == 0) opened.SetResult();
            await CountLinesAsync(await answer.Content.ReadAsStreamAsync(cancel), load.Updates, cancel);
        }, cancel))];
        await opened.Task.WaitAsync(TimeSpan.FromSeconds(30), cancel);
        (TimeSpan cpu, long start) = (peer.Meter.Cpu, Stopwatch.GetTimestamp());
        await EachAsync(load, load.Updates, i => SendAsync(http, HttpMethod.Put, $"{Maps}/map-{i}", Map($"map-{i}", figures is null ? "warming" : "changed"), cancel));
        await Task.WhenAll(watchers).WaitAsync(TimeSpan.FromSeconds(60), cancel);
        figures?.Add(new Figure($"watch event, {load.Watchers} watchers", peer.Name, (long)load.Updates * load.Watchers, Stopwatch.GetElapsedTime(start), peer.Meter.Cpu - cpu));
    }

    private static async Task CountLinesAsync(Stream stream, int lines, CancellationToken cancel)
    {
        var buffer = new byte[64 * 1024];
        while (lines > 0)
        {
            int read = await stream.ReadAsync(buffer, cancel);
            if (read == 0) throw new BenchmarkFailure($"a watch ended with {lines} events to come");
            lines -= buffer.AsSpan(0, read).Count((byte)'\n');
        }
    }

    private static async Task EachAsync(Load load, int count, Func<int, Task> run)
    {
        int next = -1;
        await Task.WhenAll(Enumerable.Range(0, load.Connections).Select(_ => Task.Run(async () =>
        {
            for (int i; (i = Interlocked.Increment(ref next)) < count;) await run(i);
        })));
    }

    private static async Task SendAsync(HttpClient http, HttpMethod method, string path, byte[]? body, CancellationToken cancel, string accept = "application/json", string type = "application/json")
    {
        using var request = new HttpRequestMessage(method, path) { Version = http.DefaultRequestVersion, VersionPolicy = http.DefaultVersionPolicy };
        request.Headers.TryAddWithoutValidation("Accept", accept);
        request.Headers.TryAddWithoutValidation("User-Agent", "gureum-bench/1.0");
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new(type);
        }

        using HttpResponseMessage answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        if (!answer.IsSuccessStatusCode) throw new BenchmarkFailure($"{method} {path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(cancel)}");
        await using Stream content = await answer.Content.ReadAsStreamAsync(cancel);
        await content.CopyToAsync(Stream.Null, 128 * 1024, cancel);
    }

    private static readonly string Filler = new('x', 900);

    private static byte[] Map(string name, string more = "first") =>
        Encoding.UTF8.GetBytes($$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{name}}}","namespace":"default","labels":{"app":"bench"}},"data":{"filler":"{{{Filler}}}","more":"{{{more}}}"}}""");
}
