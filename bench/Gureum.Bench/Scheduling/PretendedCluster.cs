using System.Net;
using Gureum.ApiServer;
using Gureum.ApiServer.Http;
using Gureum.Client;
using Gureum.Controllers;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Scheduler;
using Gureum.Store.Sqlite;

namespace Gureum.Bench.Scheduling;

/// <summary>
/// API server, controllers and scheduler of one process over a store on disk, composed as <c>gureum up</c> does; the nodes
/// are objects only, with nobody behind them.
/// </summary>
internal sealed class PretendedCluster : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly string folder;
    private readonly SqliteStore store;
    private readonly ApiServerHost server;
    private readonly InformerFactory informers;
    private readonly List<Task> running = [];

    private PretendedCluster(string folder, SqliteStore store, ApiServerHost server)
    {
        (this.folder, this.store, this.server) = (folder, store, server);
        Requests = new CountingTransport(server.Connect(UserInfo.ApiServer, "gureum-control"));
        Client = new ApiClient(Requests);
        informers = new InformerFactory(Client, TimeProvider.System);
        Pods = informers.Get<Pod>();
    }

    internal ApiClient Client { get; }
    internal CountingTransport Requests { get; }
    internal Informer<Pod> Pods { get; }

    internal static async Task<PretendedCluster> StartAsync(int nodes, CancellationToken cancel)
    {
        string folder = Directory.CreateTempSubdirectory("gureum-bench-").FullName;
        SqliteStore store = await SqliteStore.OpenAsync(new SqliteOptions(Path.Combine(folder, "state.db")));
        ApiServerHost server = await ApiServerHost.StartAsync(new ApiServerOptions { PkiDirectory = Path.Combine(folder, "pki"), Listen = [IPAddress.Loopback], Port = 0 }, store, _ => new NoNodes(), TimeProvider.System);
        var cluster = new PretendedCluster(folder, store, server);
        cluster.Start();
        for (int i = 0; i < nodes; i++) await cluster.AddNodeAsync("node-" + i, cancel);
        // Pods are refused until their namespace has its account.
        for (int tries = 0; await cluster.Client.FindAsync<ServiceAccount>("default", "default", cancel) is null; tries++)
        {
            if (tries == 600) throw new BenchmarkFailure("the namespace default got no service account within a minute");
            await Task.Delay(100, cancel);
        }

        return cluster;
    }

    private void Start()
    {
        var controllers = new ControllerManager(informers, new ControllerOptions
        {
            // No agent renews anything: the nodes stay Ready for as long as this runs.
            RootCertificatePem = server.Authority.CertificatePem, NodeMonitorGrace = TimeSpan.FromDays(1),
        });
        var scheduler = new SchedulingLoop(informers, new SchedulerOptions());
        running.Add(Task.Run(() => controllers.RunAsync(stop.Token), CancellationToken.None));
        running.Add(Task.Run(async () => { await informers.StartAsync(stop.Token); await scheduler.RunAsync(stop.Token); }, CancellationToken.None));
    }

    private async Task AddNodeAsync(string name, CancellationToken cancel)
    {
        Node created = await Client.CreateAsync(new Node { Metadata = new ObjectMeta { Name = name, Labels = new Dictionary<string, string> { ["kubernetes.io/hostname"] = name } } }, cancel);
        var amounts = new Dictionary<string, Quantity> { ["cpu"] = Quantity.Parse("32"), ["memory"] = Quantity.Parse("256Gi"), ["pods"] = Quantity.Parse("250") };
        DateTimeOffset now = DateTimeOffset.UtcNow;
        await Client.UpdateStatusAsync(created with
        {
            Metadata = created.Metadata with { ResourceVersion = null },
            Status = created.Status with { Capacity = amounts, Allocatable = amounts, Conditions = [new NodeCondition { Type = "Ready", Status = "True", Reason = "KubeletReady", LastHeartbeatTime = now, LastTransitionTime = now }] },
        }, cancel: cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        try { await Task.WhenAll(running); }
        catch (OperationCanceledException) { /* the end of the run */ }
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
