using System.Net;
using System.Net.Sockets;
using Gureum.Client;
using Gureum.Node;
using Gureum.Objects.Core.V1;
using Gureum.Running;

namespace Gureum.Joining;

/// <summary>The node's agent alone, on a machine whose API server is elsewhere. Ending it leaves everything that runs running.</summary>
internal static class JoinedNode
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);

    /// <summary>Runs until cancelled.</summary>
    internal static async Task RunAsync(ClusterOptions options, CancellationToken cancel)
    {
        var time = TimeProvider.System;
        Directory.CreateDirectory(options.RunDirectory);
        var credentials = Credentials(options, time);
        options = options with { NodeAddress = (AddressTowards(new Uri(options.JoinedServer!)) ?? IPAddress.Parse(options.NodeAddress!)).ToString() };
        options.Save();
        Announce(options, ready: false);
        using var transport = credentials.Connect("gureum-node");
        var client = new ApiClient(transport);
        await WithPatienceAsync(() => credentials.EnsureServingAsync(client, time, cancel), time, cancel);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var beside = Task.WhenAll(credentials.RenewAsync(client, time, stop.Token), IdleMemory.RunAsync(time, stop.Token));
        await using (var node = await NodeAgent.StartAsync(AgentOptions(options, credentials), client, time, cancel))
        {
            await node.Ready.WaitAsync(cancel);
            Announce(options, ready: true);
            Log.Current.Info("node", $"node {options.NodeName} is Ready; the API is at {options.JoinedServer}");
            try { await beside.WaitAsync(cancel); }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested) { Log.Current.Info("node", "stopping; what runs goes on"); }
            await stop.CancelAsync();
        }
        await beside.ContinueWith(static _ => { }, TaskScheduler.Default);
        File.Delete(options.ServerFile);
    }

    /// <summary>Undoes everything that the node made on this machine; its agent must have ended.</summary>
    internal static async Task<IReadOnlyList<string>> TeardownAsync(ClusterOptions options, TimeSpan grace, CancellationToken cancel)
    {
        var credentials = NodeCredentials.Load(options);
        return await NodeTeardown.RunAsync(AgentOptions(options, credentials), credentials is null ? [] : await PodsAsync(options, credentials, cancel), grace, cancel);
    }

    /// <summary>The address by which this machine goes to the server: others come to it by the same. Null when there is no way.</summary>
    internal static IPAddress? AddressTowards(Uri server)
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(server.Host, server.Port); // nothing is sent: the kernel only looks up the way
            return ((IPEndPoint)socket.LocalEndPoint!).Address;
        }
        catch (SocketException) { return null; }
    }

    private static NodeCredentials Credentials(ClusterOptions options, TimeProvider time) =>
        NodeCredentials.Load(options) is { } kept && kept.IsValid(time.GetUtcNow()) ? kept
            : throw new InvalidOperationException($"the node's certificate in {options.Kubeconfig} cannot be used (any more): run `gureum join` with a new token (`gureum token create` on the server)");

    private static NodeAgentOptions AgentOptions(ClusterOptions options, NodeCredentials? credentials) => new()
    {
        Name = options.NodeName, Address = IPAddress.Parse(options.NodeAddress!), DataDirectory = Path.Combine(options.DataDirectory, "node"), RunDirectory = options.RunDirectory,
        ClusterCidr = IPNetwork.Parse(options.PodCidr), ServiceCidr = IPNetwork.Parse(options.ServiceCidr), ClusterDns = NodeIdentity.At(options.ServiceCidr, 10), ClusterDomain = options.ClusterDomain,
        Port = options.AgentPort, Certificate = () => credentials!.Serving, ClientCertificate = () => credentials!.Client, ClientAuthority = credentials?.Authority!, ApiServerName = NodeDialer.ClientName,
        Version = ApiServer.PathHandlers.KubernetesVersion, AirGapped = options.AirGapped,
    };

    // For their grace periods and hooks; a server that is away must not keep a machine from being taken down.
    private static async Task<IReadOnlyList<Pod>> PodsAsync(ClusterOptions options, NodeCredentials credentials, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(TimeSpan.FromSeconds(10));
        try
        {
            using var transport = credentials.Connect("gureum-down");
            return (await new ApiClient(transport).ListAsync<Pod>(null, new ListQuery(FieldSelector: "spec.nodeName=" + options.NodeName), limit.Token)).Items;
        }
        catch (Exception e) when (e is ApiException or ApiUnreachableException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            Log.Current.Warn("node", $"pods end without their own grace periods, since the API cannot be asked: {e.Message}");
            return [];
        }
    }

    // The server may be away while this machine starts.
    private static async Task WithPatienceAsync(Func<Task> act, TimeProvider time, CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                await act();
                return;
            }
            catch (ApiUnreachableException e)
            {
                Log.Current.Warn("node", e.Message);
                await Task.Delay(Retry, time, cancel);
            }
        }
    }

    private static void Announce(ClusterOptions options, bool ready) =>
        Servers.Write(options, new ServerProcess(Environment.ProcessId, Servers.StartTicks(Environment.ProcessId) ?? 0, options.JoinedServer!, ready));
}
