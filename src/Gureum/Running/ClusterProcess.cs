using System.Net;
using Gureum.ApiServer;
using Gureum.ApiServer.Audit;
using Gureum.Client;
using Gureum.Node;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.OpenStack.Objects;
using Gureum.Store.Sqlite;

namespace Gureum.Running;

/// <summary>
/// A whole cloud on one machine in this process: store, API server, controllers, scheduler, node agent. Ending it leaves
/// everything that runs running.
/// </summary>
public static class ClusterProcess
{
    /// <summary>Runs until cancelled.</summary>
    public static async Task RunAsync(ClusterOptions options, CancellationToken cancel)
    {
        var time = TimeProvider.System;
        options.Save();
        Directory.CreateDirectory(options.RunDirectory);
        await using var store = await SqliteStore.OpenAsync(new SqliteOptions(Path.Combine(options.DataDirectory, "state.db")), cancel);
        var range = await NodeRange.ChooseAsync(store, options, cancel);
        var address = NodeIdentity.Address(options, range);
        await using var server = await ApiServerHost.StartAsync(new ApiServerOptions
        {
            PkiDirectory = Path.Combine(options.DataDirectory, "pki"), Listen = [IPAddress.Parse(options.Listen)], Port = options.Port, AdvertiseAddress = address,
            Names = [options.NodeName], ServiceCidr = options.ServiceCidr, ClusterDomain = options.ClusterDomain,
            Audit = options.AuditPolicyFile is null ? null : new AuditOptions(options.AuditPolicyFile, options.AuditLogPath ?? Path.Combine(options.DataDirectory, "audit.log")) { MostMegabytes = options.AuditLogMaxSize, MostBackups = options.AuditLogMaxBackup },
            Components = ["controller-manager", "scheduler"], DescriptionsFile = Path.Combine(AppContext.BaseDirectory, "descriptions.txt"),
        }, store, host => new NodeDialer(host.State, host.Authority), time, cancel);
        var url = $"https://{(IsEverywhere(options.Listen) ? "127.0.0.1" : options.Listen)}:{server.Port}";
        WriteKubeconfig(options, server, url);
        Announce(options, url, ready: false);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var informers = new InformerFactory(Client(server, UserInfo.ApiServer, "gureum-control"), time);
        var cloud = options.OpenStackPort > 0 ? new Cloud(informers) : null;
        var control = ControlPlane.Start(options, server, informers, stop.Token);
        var memory = IdleMemory.RunAsync(time, stop.Token);
        await EnsureDnsServiceAsync(options, Client(server, UserInfo.ApiServer, "gureum"), cancel);
        await Joining.ClusterInvitation.EnsureAsync(options, $"https://{address}:{server.Port}", server.Authority.CertificatePem, Client(server, UserInfo.ApiServer, "gureum"), cancel);
        await using var openStack = cloud is null ? null : await OpenStackRoom.StartAsync(options, server, informers, cloud, address, time, stop.Token);
        await using (var node = options.RunsNode ? await NodeAgent.StartAsync(NodeIdentity.Options(options, range, server.Authority), Client(server, new UserInfo("system:node:" + options.NodeName, [UserInfo.Nodes, UserInfo.Authenticated]), "gureum-node"), time, cancel) : null)
        {
            if (node is not null) await node.Ready.WaitAsync(cancel);
            Announce(options, url, ready: true);
            Log.Current.Info("cluster", $"{(node is null ? "no node runs here" : $"node {options.NodeName} is Ready")}; the API is at {url}");
            try { await control.WaitAsync(cancel); }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested) { Log.Current.Info("cluster", "stopping; what runs goes on"); }
            await stop.CancelAsync();
        }
        await Task.WhenAll(control, memory).ContinueWith(static _ => { }, TaskScheduler.Default);
        File.Delete(options.ServerFile);
        // Without a node nothing of this run outlives it.
        if (!options.RunsNode && !Directory.EnumerateFileSystemEntries(options.RunDirectory).Any()) Directory.Delete(options.RunDirectory);
    }

    internal static bool IsEverywhere(string listen) => listen is "0.0.0.0" or "::";

    internal static ApiClient Client(ApiServerHost server, UserInfo user, string agent) => new(server.Connect(user, agent));

    private static void WriteKubeconfig(ClusterOptions options, ApiServerHost server, string url)
    {
        var (certificate, key) = server.Authority.IssueClient("kubernetes-admin", UserInfo.Masters);
        ApiServer.Authentication.PrivateFile.Write(options.AdminKubeconfig, Kubeconfig.Write(url, server.Authority.CertificatePem, certificate, key));
    }

    private static void Announce(ClusterOptions options, string url, bool ready) =>
        Servers.Write(options, new ServerProcess(Environment.ProcessId, Servers.StartTicks(Environment.ProcessId) ?? 0, url, ready));

    // The name under which other clusters have their DNS server: it holds the address, the agents answer on it.
    private static async Task EnsureDnsServiceAsync(ClusterOptions options, ApiClient client, CancellationToken cancel)
    {
        if (await client.FindAsync<Service>("kube-system", "kube-dns", cancel) is not null) return;
        await client.CreateAsync(new Service
        {
            Metadata = new ObjectMeta { Name = "kube-dns", Namespace = "kube-system", Labels = new Dictionary<string, string> { ["k8s-app"] = "kube-dns", ["kubernetes.io/name"] = "CoreDNS" } },
            Spec = new ServiceSpec
            {
                ClusterIP = NodeIdentity.At(options.ServiceCidr, 10).ToString(),
                Ports = [new ServicePort { Name = "dns", Port = 53, Protocol = "UDP" }, new ServicePort { Name = "dns-tcp", Port = 53, Protocol = "TCP" }],
            },
        }, cancel);
    }
}
