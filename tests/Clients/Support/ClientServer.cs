using System.Net;
using System.Text;
using Gureum.ApiServer;
using Gureum.ApiServer.Http;
using Gureum.Store.Sqlite;
using k8s;
using k8s.Models;

namespace Gureum.Clients.Support;

/// <summary>An API server over SQLite on a loopback port, with a kubeconfig that all clients read. It can be ended and started again on the same data, keys and port.</summary>
public sealed class ClientServer : IAsyncLifetime
{
    private SqliteStore? store;
    private ApiServerHost? host;
    private int names;

    /// <summary>Holds the data, the keys, the kubeconfig, and what scripts need.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("gureum-clients-").FullName;

    /// <summary>A kubeconfig file with a client certificate that may do everything.</summary>
    public string Kubeconfig => Path.Combine(Folder, "kubeconfig");

    /// <summary>The official client of .NET, with that kubeconfig.</summary>
    public Kubernetes Client { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await StartAsync(port: 0);
        var (certificate, key) = host!.Authority.IssueClient("kubernetes-admin", "system:masters");
        await File.WriteAllTextAsync(Kubeconfig, $$$"""
            apiVersion: v1
            kind: Config
            clusters: [{name: test, cluster: {server: "https://127.0.0.1:{{{host.Port}}}", certificate-authority-data: {{{Base64(host.Authority.CertificatePem)}}}}}]
            users: [{name: admin, user: {client-certificate-data: {{{Base64(certificate)}}}, client-key-data: {{{Base64(key)}}}}}]
            contexts: [{name: test, context: {cluster: test, user: admin}}]
            current-context: test
            """);
        Client = new Kubernetes(await KubernetesClientConfiguration.BuildConfigFromConfigFileAsync(new FileInfo(Kubeconfig)));
    }

    /// <summary>Ends the server and starts another over the same store, keys and port: what clients had open is cut off.</summary>
    public async Task RestartAsync()
    {
        int port = host!.Port;
        await StopAsync();
        await StartAsync(port);
    }

    /// <summary>Makes a namespace with the service account that pods need.</summary>
    public async Task<string> NamespaceAsync()
    {
        string name = "t" + Interlocked.Increment(ref names);
        await Client.CoreV1.CreateNamespaceAsync(new V1Namespace { Metadata = new() { Name = name } });
        await Client.CoreV1.CreateNamespacedServiceAccountAsync(new V1ServiceAccount { Metadata = new() { Name = "default" } }, name);
        return name;
    }

    /// <summary>Makes a ConfigMap with one pair.</summary>
    public Task<V1ConfigMap> ConfigMapAsync(string space, string name, string value = "1") =>
        Client.CoreV1.CreateNamespacedConfigMapAsync(new V1ConfigMap { Metadata = new() { Name = name }, Data = new Dictionary<string, string> { ["key"] = value } }, space);

    public async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        await StopAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task StartAsync(int port)
    {
        store = await SqliteStore.OpenAsync(new SqliteOptions(Path.Combine(Folder, "state.db")));
        var options = new ApiServerOptions { PkiDirectory = Path.Combine(Folder, "pki"), Listen = [IPAddress.Loopback], Port = port };
        host = await ApiServerHost.StartAsync(options, store, _ => new NoNodes(), TimeProvider.System);
    }

    private async Task StopAsync()
    {
        if (host is not null) await host.DisposeAsync();
        if (store is not null) await store.DisposeAsync();
        (host, store) = (null, null);
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private sealed class NoNodes : INodeDialer
    {
        public Task<Stream> DialAsync(string node, CancellationToken cancel) => throw new IOException("there are no nodes in this test");
    }
}
