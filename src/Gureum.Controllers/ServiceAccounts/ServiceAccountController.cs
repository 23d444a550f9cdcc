using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;

namespace Gureum.Controllers.ServiceAccounts;

/// <summary>Gives every namespace its default service account and the certificates that pods trust for the API server.</summary>
public sealed class ServiceAccountController : IController
{
    public const string DefaultAccount = "default", RootCertificates = "kube-root-ca.crt";
    private const string CertificateKey = "ca.crt";

    private readonly ControllerContext context;
    private readonly Informer<Namespace> namespaces;
    private readonly Informer<ServiceAccount> accounts;
    private readonly Informer<ConfigMap> configMaps;
    private readonly WorkQueue<string> queue;

    public ServiceAccountController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<string>(context.Time);
        namespaces = context.Informers.Get<Namespace>();
        accounts = context.Informers.Get<ServiceAccount>();
        // Of all the maps of a cluster only these are read, parsed and kept.
        configMaps = context.Informers.Select<ConfigMap>(new ListQuery(FieldSelector: "metadata.name=" + RootCertificates));
        namespaces.AddHandler((_, current) => { if (current is not null) queue.Add(current.Name()); });
        accounts.AddHandler((old, current) => { if (current is null && old?.Metadata is { Name: DefaultAccount, Namespace: { } ns }) queue.Add(ns); });
        configMaps.AddHandler((old, current) => { if (old?.Metadata is { Name: RootCertificates, Namespace: { } ns }) queue.Add(ns); });
    }

    public string Name => "serviceaccount-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<string>(Name, queue, SyncAsync, workers: 2).RunAsync(cancel);

    private async Task SyncAsync(string ns, CancellationToken cancel)
    {
        if (namespaces.Get(null, ns) is not { } space || space.IsDeleting()) return;
        try
        {
            if (accounts.Get(ns, DefaultAccount) is null)
                await context.Client.CreateAsync(new ServiceAccount { Metadata = new ObjectMeta { Name = DefaultAccount, Namespace = ns } }, cancel);
        }
        catch (ApiException e) when (e.IsAlreadyExists || e.Status.IsNamespaceTerminating()) { /* as wanted, or no longer wanted */ }
        try { if (context.Options.RootCertificatePem is { } pem) await PublishAsync(ns, pem, cancel); }
        catch (ApiException e) when (e.IsAlreadyExists || e.Status.IsNamespaceTerminating()) { /* likewise */ }
    }

    private async Task PublishAsync(string ns, string pem, CancellationToken cancel)
    {
        var known = configMaps.Get(ns, RootCertificates);
        if (known is not null && known.Data.GetValueOrDefault(CertificateKey) == pem) return;
        var data = new Dictionary<string, string> { [CertificateKey] = pem };
        if (known is not null) { await context.Client.UpdateAsync(known with { Data = data }, cancel); return; }
        await context.Client.CreateAsync(new ConfigMap
        {
            Metadata = new ObjectMeta
            {
                Name = RootCertificates, Namespace = ns,
                Annotations = new Dictionary<string, string> { ["kubernetes.io/description"] = "Certificates that verify the API server of this cluster, for clients in pods." },
            },
            Data = data,
        }, cancel);
    }
}
