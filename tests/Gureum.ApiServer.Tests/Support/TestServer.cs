using System.Net;
using System.Security.Cryptography.X509Certificates;
using Gureum.ApiServer.Http;
using Gureum.ApiServer.Tests.Support;
using Gureum.Store.Sqlite;

[assembly: AssemblyFixture(typeof(TestServer))]

namespace Gureum.ApiServer.Tests.Support;

/// <summary>An API server over SQLite on a free loopback port, shared by the tests: each works in a namespace of its own.</summary>
public sealed class TestServer : IAsyncLifetime
{
    private readonly string directory = Directory.CreateTempSubdirectory("gureum-api-").FullName;
    private SqliteStore? store;
    private int names;

    /// <summary>What is set up otherwise than usual, given the directory of the server.</summary>
    internal Func<ApiServerOptions, string, ApiServerOptions>? Change { get; init; }

    public ApiServerHost Host { get; private set; } = null!;
    public Kubectl Kubectl { get; private set; } = null!;

    /// <summary>A client that may do everything.</summary>
    public Api Admin { get; private set; } = null!;

    /// <summary>The same, but it shows redirects instead of following them.</summary>
    public HttpClient Plain { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        store = await SqliteStore.OpenAsync(new SqliteOptions(Path.Combine(directory, "state.db")));
        var options = new ApiServerOptions { PkiDirectory = Path.Combine(directory, "pki"), Listen = [IPAddress.Loopback], Port = 0, MayProxyTo = static _ => true, DescriptionsFile = Path.Combine(AppContext.BaseDirectory, "descriptions.txt") };
        if (Change is not null) options = Change(options, directory);
        Host = await ApiServerHost.StartAsync(options, store, _ => new NoNodes(), TimeProvider.System);
        Kubectl = new Kubectl(Host, directory);
        Admin = As("admin", "system:masters");
        Plain = As("admin", follow: false, "system:masters").Http;
    }

    /// <summary>Ends the server and starts another over the same store: it remembers the objects, and nothing of what was before.</summary>
    public async Task RestartAsync()
    {
        await Host.DisposeAsync();
        await store!.DisposeAsync();
        await InitializeAsync();
    }

    /// <summary>A client with a certificate of a user and groups.</summary>
    public Api As(string user, params string[] groups) => As(user, follow: true, groups);

    private Api As(string user, bool follow, params string[] groups)
    {
        var (pem, key) = Host.Authority.IssueClient(user, groups);
        using var ephemeral = X509Certificate2.CreateFromPem(pem, key);
        return Api.With(Host, X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), null), follow);
    }

    public Api Anonymous() => Api.With(Host, null);

    /// <summary>Makes a namespace with the service account that pods need.</summary>
    public async Task<string> NamespaceAsync()
    {
        var name = "t" + Interlocked.Increment(ref names);
        await Admin.PostAsync("/api/v1/namespaces", $$$"""{"metadata":{"name":"{{{name}}}"}}""");
        await Admin.PostAsync($"/api/v1/namespaces/{name}/serviceaccounts", """{"metadata":{"name":"default"}}""");
        return name;
    }

    public async ValueTask DisposeAsync()
    {
        if (Host is not null) await Host.DisposeAsync();
        if (store is not null) await store.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    private sealed class NoNodes : INodeDialer
    {
        public Task<Stream> DialAsync(string node, CancellationToken cancel) => throw new IOException("there are no nodes in this test");
    }
}
