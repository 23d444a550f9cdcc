using System.Net;
using Gureum.ApiServer;
using Gureum.ApiServer.Http;
using Gureum.Client;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;
using Gureum.Scheduler;
using Gureum.Store.Sqlite;

namespace Gureum.Controllers.Tests.Support;

/// <summary>A real API server over a store on disk with the real controllers and scheduler; only the nodes are pretended.</summary>
public sealed class TestCluster : IAsyncDisposable
{
    // Far above what anything here takes: only a hang reaches it.
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    private readonly CancellationTokenSource stop = new();
    private readonly string folder;
    private readonly SqliteStore store;
    private readonly ApiServerHost server;
    private readonly InformerFactory informers;
    private readonly List<Task> running = [];

    private TestCluster(string folder, SqliteStore store, ApiServerHost server)
    {
        (this.folder, this.store, this.server) = (folder, store, server);
        Client = new ApiClient(server.Connect(UserInfo.ApiServer, "tests"));
        informers = new InformerFactory(Client, TimeProvider.System);
    }

    public ApiClient Client { get; }

    public static async Task<TestCluster> StartAsync(int nodes = 3, ControllerOptions? options = null, bool kubelet = true)
    {
        var folder = Directory.CreateTempSubdirectory("gureum-control-").FullName;
        var store = await SqliteStore.OpenAsync(new SqliteOptions(Path.Combine(folder, "state.db")));
        var server = await ApiServerHost.StartAsync(new ApiServerOptions { PkiDirectory = Path.Combine(folder, "pki"), Listen = [IPAddress.Loopback], Port = 0 }, store, _ => new NoNodes(), TimeProvider.System);
        var cluster = new TestCluster(folder, store, server);
        cluster.Start(options ?? new ControllerOptions { RootCertificatePem = "test certificate" }, kubelet);
        for (var i = 0; i < nodes; i++) await cluster.AddNodeAsync("node-" + i);
        // Pods are refused until their namespace has its account.
        await cluster.UntilAsync<ServiceAccount>("default", "default", account => account is not null);
        return cluster;
    }

    private void Start(ControllerOptions options, bool kubelet)
    {
        var scheduler = new SchedulingLoop(informers, new SchedulerOptions { Seed = 1 });
        if (kubelet) running.Add(new PretendedKubelet(informers).RunAsync(stop.Token));
        running.Add(new ControllerManager(informers, options).RunAsync(stop.Token));
        running.Add(scheduler.RunAsync(stop.Token));
    }

    public async Task AddNodeAsync(string name, string cpu = "8", string memory = "16Gi", IReadOnlyDictionary<string, string>? labels = null)
    {
        var all = new Dictionary<string, string>(labels ?? new Dictionary<string, string>()) { ["kubernetes.io/hostname"] = name };
        var created = await Client.CreateAsync(new Node { Metadata = new ObjectMeta { Name = name, Labels = all } });
        var amounts = new Dictionary<string, Quantity> { ["cpu"] = Quantity.Parse(cpu), ["memory"] = Quantity.Parse(memory), ["pods"] = Quantity.Parse("110") };
        await Client.UpdateStatusAsync(created with
        {
            Metadata = created.Metadata with { ResourceVersion = null },
            Status = created.Status with { Capacity = amounts, Allocatable = amounts, Conditions = [new NodeCondition { Type = "Ready", Status = "True", Reason = "KubeletReady", LastHeartbeatTime = DateTimeOffset.UtcNow, LastTransitionTime = DateTimeOffset.UtcNow }] },
        });
    }

    /// <summary>Applies JSON of any kind known to the models.</summary>
    public Task<T> CreateAsync<T>(string json) where T : IKubeObject<T> => Client.CreateAsync(ModelJson.Parse<T>(json));

    /// <summary>Waits until the collection is as wanted; a failure shows what it was last.</summary>
    public async Task<IReadOnlyList<T>> UntilAsync<T>(string ns, Func<IReadOnlyList<T>, bool> wanted, string? selector = null) where T : IKubeObject<T>
    {
        var start = DateTimeOffset.UtcNow;
        while (true)
        {
            var items = (await Client.ListAsync<T>(ns, new ListQuery(LabelSelector: selector))).Items;
            if (wanted(items)) return items;
            if (DateTimeOffset.UtcNow - start > Hang) throw new TimeoutException($"{T.Resource.GroupResource} never came to be as wanted; last: {string.Join("\n", items)}\nevents: {await EventsAsync(ns)}");
            await Task.Delay(20);
        }
    }

    /// <summary>Waits until one object (null when missing) is as wanted.</summary>
    public async Task<T> UntilAsync<T>(string? ns, string name, Func<T?, bool> wanted) where T : class, IKubeObject<T>
    {
        var start = DateTimeOffset.UtcNow;
        while (true)
        {
            var item = await Client.FindAsync<T>(ns, name);
            if (wanted(item)) return item!;
            if (DateTimeOffset.UtcNow - start > Hang) throw new TimeoutException($"{T.Resource.Kind} {name} never came to be as wanted; last: {item}\nevents: {await EventsAsync(ns ?? "default")}");
            await Task.Delay(20);
        }
    }

    private async Task<string> EventsAsync(string ns) =>
        string.Join("\n", (await Client.ListAsync<Event>(ns)).Items.TakeLast(20).Select(e => $"{e.InvolvedObject?.Kind}/{e.InvolvedObject?.Name} {e.Reason}: {e.Message}"));

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(running);
        await informers.StoppedAsync();
        await server.DisposeAsync();
        await store.DisposeAsync();
        Directory.Delete(folder, recursive: true);
        stop.Dispose();
    }

    private sealed class NoNodes : INodeDialer
    {
        public Task<Stream> DialAsync(string node, CancellationToken cancel) => throw new IOException($"node {node} is pretended: it has no agent");
    }
}
