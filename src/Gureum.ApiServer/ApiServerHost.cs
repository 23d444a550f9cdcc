using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Gureum.ApiServer.Admission;
using Gureum.ApiServer.Admission.PodSecurity;
using Gureum.ApiServer.Admission.Policies;
using Gureum.ApiServer.Admission.Quotas;
using Gureum.ApiServer.Admission.Webhooks;
using Gureum.ApiServer.Aggregation;
using Gureum.ApiServer.Audit;
using Gureum.ApiServer.Authentication;
using Gureum.ApiServer.Authorization;
using Gureum.ApiServer.Bootstrap;
using Gureum.ApiServer.Certificates;
using Gureum.ApiServer.Definitions;
using Gureum.ApiServer.Discovery;
using Gureum.ApiServer.Fairness;
using Gureum.ApiServer.Health;
using Gureum.ApiServer.Http;
using Gureum.ApiServer.Metrics;
using Gureum.ApiServer.OpenApi;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Gureum.ApiServer.Reviews;
using Gureum.ApiServer.Uploads;
using Gureum.ApiServer.State;
using Gureum.ApiServer.Subresources;
using Gureum.Client;
using Gureum.Identity;
using Gureum.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gureum.ApiServer;

/// <summary>
/// A running API server: state, registry and everything around it, listening with TLS. Calls of this process take
/// <see cref="Connect"/> and skip the wire.
/// </summary>
public sealed class ApiServerHost : IAsyncDisposable
{
    private readonly WebApplication web;
    private readonly ClusterState state;
    private readonly ApiDispatcher dispatcher;
    private readonly DefinitionWatcher definitions;
    private readonly CertificateSigner signer;
    private readonly CancellationTokenSource stop = new();
    private AvailabilityChecks? availability;
    private LocalServices? localServices;
    private FairnessController? levels;
    private ServerPhase? phase;
    private RemoteConnections? connections;
    private Task compaction = Task.CompletedTask;
    private WebhookClient? webhooks;

    private ApiServerHost(WebApplication web, ClusterState state, ApiDispatcher dispatcher, DefinitionWatcher definitions, CertificateSigner signer, ClusterAuthority authority, int port, ServiceAccountTokens tokens) =>
        (this.web, this.state, this.dispatcher, this.definitions, this.signer, Authority, Port, Tokens) = (web, state, dispatcher, definitions, signer, authority, port, tokens);

    public ClusterAuthority Authority { get; }
    public ServiceAccountTokens Tokens { get; }

    /// <summary>Signs and reads Keystone's tokens.</summary>
    public required KeystoneTokens Keystone { get; init; }
    public int Port { get; }
    public ClusterState State => state;

    /// <summary>How requests share the server.</summary>
    internal RequestFairness Fairness => dispatcher.Fairness!;

    /// <summary>A transport into this server that acts as a user.</summary>
    public IApiTransport Connect(UserInfo user, string agent) => new InProcessTransport(dispatcher, user, agent);

    /// <summary>Opens the state, starts listening, and makes what every cluster has.</summary>
    /// <param name="nodes">Finds the agents of nodes for exec, log and the like.</param>
    public static async Task<ApiServerHost> StartAsync(ApiServerOptions options, IStore store, Func<ApiServerHost, INodeDialer> nodes, TimeProvider time, CancellationToken cancel = default)
    {
        var authority = ClusterAuthority.Open(options.PkiDirectory);
        var state = await ClusterState.OpenAsync(store, cancel);
        var catalog = new ResourceCatalog();
        var auditor = options.Audit is { } audit ? Auditor.Open(audit, time) : null;
        var frontProxy = FrontProxy.Authority(options.PkiDirectory);
        var (remotes, connections) = (new RemoteServices(), new RemoteConnections(state, FrontProxy.Issue(frontProxy)));
        var availability = new AvailabilityChecks(state, remotes, connections, time);
        availability.LoadAll();
        var webhooks = new WebhookClient(state);
        var definitions = new DefinitionWatcher(state, catalog, webhooks);
        definitions.LoadAll();
        var tokens = new ServiceAccountTokens(SigningKey.Open(options.PkiDirectory), options.Issuer, state, time);
        var keystone = new KeystoneTokens(SigningKey.OpenKeystone(options.PkiDirectory), time);
        var allTokens = new TokenChain([tokens, new BootstrapTokens(state, options.Issuer, time), new KeystoneIdentities(keystone, options.Issuer, state, time)]);
        var rbac = new RbacAuthorizer(state);
        var authorizer = new AuthorizerChain([new NodeAuthorizer(state), rbac]);
        var registry = new ObjectRegistry(state, catalog, new AdmissionChain(Plugins(state, catalog, rbac, authorizer, webhooks)), time) { Allocator = new ServiceAllocator(state, options.ServiceCidr) };
        tokens.LegacyUsed = new LegacyTokenUse(registry, time).Used;
        // What lives in this process ends with it: when there is an answer at all, it is well.
        HealthCheck[] components = [new("etcd-0", () => state.Problem), .. options.Components.Select(c => new HealthCheck(c, static () => null))];
        var fairness = new RequestFairness(state, catalog, options.MostInFlight, time);
        var levels = new FairnessController(state, fairness, time);
        levels.Load();
        var requests = new RequestMetrics(catalog);
        var phase = new ServerPhase();
        var health = new HealthPages([new HealthCheck("ping", static () => null)], [new HealthCheck("etcd", () => state.Problem), new HealthCheck("poststarthook/bootstrap", phase.Starting), new HealthCheck("shutdown", phase.Stopping)]);
        var documents = new OpenApiDocuments(catalog, new Descriptions(options.DescriptionsFile)) { Remotes = remotes };
        var paths = new PathHandlers(tokens, [health.Find, new ServerMetrics(state, catalog, requests, fairness, remotes, auditor).Find, documents.Find]) { Listed = () => [.. documents.Paths, .. health.Paths, "/metrics"] };
        var uploads = new UploadTokens(tokens);
        var dispatcher = new ApiDispatcher(registry, authorizer, new DiscoveryDocuments(catalog) { Remotes = remotes }, new ReviewHandlers(authorizer, rbac, allTokens), new ComponentStatuses(components), new SubresourceHandlers(registry, tokens, new ConnectResolver(registry, options.MayProxyTo)), paths) { Remotes = remotes, Forwarder = new RemoteForwarder(connections), Auditor = auditor, Fairness = fairness, Metrics = requests, Uploads = new UploadRequests(registry, uploads) };
        var late = new LateDialer();
        var proxy = new ConnectProxy(late);
        var endpoint = new ApiEndpoint(dispatcher, new RequestAuthenticator(allTokens, authorizer), proxy) { Uploads = new UploadDoor(registry, uploads, proxy) };
        var web = Build(options, authority, endpoint);
        await web.StartAsync(cancel);
        var port = new Uri(web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
        var host = new ApiServerHost(web, state, dispatcher, definitions, new CertificateSigner(registry, authority, time), authority, port, tokens) { Keystone = keystone };
        late.Inner = nodes(host);
        host.webhooks = webhooks;
        host.compaction = Task.Run(() => new Compactor(store, state, time).RunAsync(host.stop.Token), CancellationToken.None);
        definitions.Start(new ApiClient(host.Connect(UserInfo.ApiServer, "gureum-definitions")), host.stop.Token);
        host.signer.Start(host.stop.Token);
        (host.availability, host.connections, host.localServices) = (availability, connections, new LocalServices(state, catalog));
        availability.Start(new ApiClient(host.Connect(UserInfo.ApiServer, "gureum-aggregation")), host.stop.Token);
        await new Bootstrapper(new ApiClient(host.Connect(UserInfo.ApiServer, "gureum-bootstrap")), options with { Port = port }, authority, frontProxy).RunAsync(cancel);
        phase.Started = true;
        (host.levels, host.phase) = (levels, phase);
        levels.Start(new ApiClient(host.Connect(UserInfo.ApiServer, "gureum-fairness")), host.stop.Token);
        host.localServices.Start(new ApiClient(host.Connect(UserInfo.ApiServer, "gureum-aggregation")), host.stop.Token);
        return host;
    }

    // Defaults first, then what judges the result; quotas last, so that nothing is counted that others refuse.
    private static IReadOnlyList<IAdmissionPlugin> Plugins(ClusterState state, ResourceCatalog catalog, RbacAuthorizer rbac, IAuthorizer authorizer, WebhookClient webhooks) =>
    [
        new NamespaceLifecycle(state), new ServiceAccountAdmission(state), new PodPriorityAndTolerations(state), new RuntimeClassAdmission(state), new StorageAdmission(state), new LimitRanges(state), new CertificateAdmission(authorizer),
        new NodeRestriction(state), new EscalationAdmission(rbac, authorizer), new TenantNetworkAdmission(state, authorizer), new PodSecurityAdmission(state),
        new PolicyAdmission(state, catalog, authorizer), new WebhookAdmission(state, catalog, authorizer, webhooks), new QuotaAdmission(state),
    ];

    private static WebApplication Build(ApiServerOptions options, ClusterAuthority authority, ApiEndpoint endpoint)
    {
        // Empty: no configuration files to read and watch, no console, no signal handlers of its own.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { Args = [] });
        var certificate = ServerCertificate(options, authority);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // Warnings quote what was sent, in whatever script.
            kestrel.ResponseHeaderEncodingSelector = static _ => System.Text.Encoding.UTF8;
            // The endpoint counts itself: Kestrel would cut the connection before a client that still sends has read why.
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(100, TimeSpan.FromSeconds(10));
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.Http2.MaxStreamsPerConnection = 250;
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(3);
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(30);
            foreach (var address in options.Listen)
                kestrel.Listen(address, options.Port, listen =>
                {
                    listen.Protocols = HttpProtocols.Http1AndHttp2;
                    listen.UseHttps(new HttpsConnectionAdapterOptions
                    {
                        ServerCertificate = certificate, SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13, ClientCertificateMode = ClientCertificateMode.AllowCertificate,
                        ClientCertificateValidation = (client, _, _) => Trusts(authority, client),
                    });
                });
        });
        var app = builder.Build();
        app.Run(endpoint.HandleAsync);
        return app;
    }

    private static bool Trusts(ClusterAuthority authority, X509Certificate2 client)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority.Certificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(client);
    }

    private static X509Certificate2 ServerCertificate(ApiServerOptions options, ClusterAuthority authority)
    {
        List<IPAddress> addresses = [IPAddress.Loopback, IPAddress.IPv6Loopback, options.AdvertiseAddress, IPAddress.Parse(options.FirstServiceAddress), .. options.Listen.Where(a => !a.Equals(IPAddress.Any) && !a.Equals(IPAddress.IPv6Any))];
        string[] names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + options.ClusterDomain, .. options.Names];
        var (pem, key) = authority.IssueServer("gureum-apiserver", names, [.. addresses.Distinct()]);
        using var ephemeral = X509Certificate2.CreateFromPem(pem, key);
        return X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), null);
    }

    public async ValueTask DisposeAsync()
    {
        if (phase is not null) phase.Stopped = true;
        await stop.CancelAsync();
        using (var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2)))
        {
            // Watches end when the state does; waiting for them first would wait for their clients.
            await state.DisposeAsync();
            try { await web.StopAsync(limit.Token); }
            catch (OperationCanceledException) { /* connections that would not end are cut by the disposal */ }
        }
        await web.DisposeAsync();
        await definitions.StoppedAsync();
        await compaction;
        await signer.StoppedAsync();
        if (availability is not null) await availability.StoppedAsync();
        if (levels is not null) await levels.StoppedAsync();
        if (localServices is not null) await localServices.StoppedAsync();
        connections?.Dispose();
        webhooks?.Dispose();
        if (dispatcher.Auditor is { } auditor) await auditor.DisposeAsync();
        stop.Dispose();
    }

    private sealed class LateDialer : INodeDialer
    {
        internal INodeDialer? Inner { get; set; }
        public Task<Stream> DialAsync(string node, CancellationToken cancel) => (Inner ?? throw new IOException("the server is starting")).DialAsync(node, cancel);
    }
}
