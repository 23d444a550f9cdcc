using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects;
using Gureum.Objects.Core.V1;

namespace Gureum.Controllers.Quotas;

/// <summary>Counts what namespaces use of their quotas. Admission counts for itself and lets nothing beyond a limit through; what people see as used comes from here.</summary>
public sealed class QuotaController : IController
{
    private static readonly TimeSpan Resync = TimeSpan.FromMinutes(5), FullCount = TimeSpan.FromSeconds(5);

    private readonly ControllerContext context;
    private readonly Informer<ResourceQuota> quotas;
    private readonly Informer<Pod> pods;
    private readonly Informer<PersistentVolumeClaim> claims;
    private readonly Informer<Service> services;
    private readonly WorkQueue<ObjectKey> queue;

    public QuotaController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<ObjectKey>(context.Time);
        quotas = context.Informers.Get<ResourceQuota>();
        pods = context.Informers.Get<Pod>();
        claims = context.Informers.Get<PersistentVolumeClaim>();
        services = context.Informers.Get<Service>();
        quotas.AddHandler((old, current) =>
        {
            if (current is null) return;
            if (old is null || !old.Spec.Equals(current.Spec)) queue.Add(current.Key());
            // Somebody else wrote the status: it is put right, but stays readable for a moment.
            else if (!old.Status.Equals(current.Status)) queue.AddAfter(current.Key(), FullCount);
        });
        pods.AddHandler((old, current) => { if (quotas.Count > 0 && (old is null || current is null || CountsOtherwise(old, current))) Enqueue((old ?? current)!.Ns()); });
        claims.AddHandler((old, current) => { if (old is null || current is null || !old.Spec.Equals(current.Spec)) Enqueue((old ?? current)!.Ns()); });
        services.AddHandler((old, current) => Enqueue((old ?? current)!.Ns()));
    }

    public string Name => "resourcequota-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<ObjectKey>(Name, queue, SyncAsync, workers: 2).RunAsync(cancel);

    // Most changes of a pod are of its status, which counts for nothing until its end.
    private static bool CountsOtherwise(Pod old, Pod current) => PodStates.IsTerminal(old) != PodStates.IsTerminal(current) || !old.Spec.Equals(current.Spec);

    private void Enqueue(string ns)
    {
        foreach (var quota in quotas.List(ns)) queue.AddAfter(quota.Key(), context.Options.StatusDelay * 5);
    }

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (quotas.Get(key) is not { } quota || quota.IsDeleting()) return;
        var used = await CountAsync(quota, cancel);
        var status = quota.Status with { Hard = quota.Spec.Hard, Used = used };
        if (!status.Equals(quota.Status)) await context.Client.UpdateStatusAsync(quota with { Status = status }, cancel: cancel);
        // Objects of other kinds are not followed one by one.
        queue.AddAfter(key, quota.Spec.Hard.Keys.Any(name => Collection(name) is not null) ? FullCount : Resync);
    }

    private async Task<Dictionary<string, Quantity>> CountAsync(ResourceQuota quota, CancellationToken cancel)
    {
        var ns = quota.Ns();
        var all = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var pod in pods.List(ns).Where(pod => PodUsage.InScope(quota.Spec, pod))) Add(all, PodUsage.Of(pod));
        foreach (var claim in claims.List(ns)) Add(all, Usage(claim));
        foreach (var service in services.List(ns)) Add(all, Usage(service));
        var used = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var (name, _) in quota.Spec.Hard)
            used[name] = all.TryGetValue(name, out var amount) ? amount
                : Collection(name) is { } collection ? Quantity.FromWhole(await CountAsync(collection, ns, cancel)) : Quantity.Zero;
        return used;
    }

    private static void Add(Dictionary<string, Quantity> sum, Dictionary<string, Quantity> usage)
    {
        foreach (var (name, amount) in usage) sum[name] = sum.GetValueOrDefault(name) + amount;
    }

    private static Dictionary<string, Quantity> Usage(PersistentVolumeClaim claim)
    {
        var one = Quantity.FromWhole(1);
        var asked = claim.Spec.Resources?.Requests.GetValueOrDefault("storage") ?? Quantity.Zero;
        var usage = new Dictionary<string, Quantity>(StringComparer.Ordinal) { ["persistentvolumeclaims"] = one, ["count/persistentvolumeclaims"] = one, ["requests.storage"] = asked };
        if (claim.Spec.StorageClassName is not { Length: > 0 } storage) return usage;
        usage[storage + ".storageclass.storage.k8s.io/persistentvolumeclaims"] = one;
        usage[storage + ".storageclass.storage.k8s.io/requests.storage"] = asked;
        return usage;
    }

    private static Dictionary<string, Quantity> Usage(Service service)
    {
        var one = Quantity.FromWhole(1);
        var usage = new Dictionary<string, Quantity>(StringComparer.Ordinal) { ["services"] = one, ["count/services"] = one };
        if (service.Spec.Type == "LoadBalancer") usage["services.loadbalancers"] = one;
        if (service.Spec.Type is "NodePort" or "LoadBalancer") usage["services.nodeports"] = Quantity.FromWhole(service.Spec.Ports.Count(port => port.NodePort is > 0));
        return usage;
    }

    // "count/deployments.apps", or the short names that core kinds have; null for what is counted from the informers.
    private static string? Collection(string name) => name switch
    {
        "count/pods" or "count/services" or "count/persistentvolumeclaims" => null,
        "configmaps" or "secrets" or "replicationcontrollers" or "resourcequotas" => name,
        _ => name.StartsWith("count/", StringComparison.Ordinal) ? name["count/".Length..] : null,
    };

    private async Task<int> CountAsync(string groupResource, string ns, CancellationToken cancel)
    {
        var resources = (await ResourceDiscovery.FindAsync(context.Client, cancel)).Resources;
        if (resources.FirstOrDefault(r => r.Type.GroupResource == groupResource) is not { } found || !found.Can("list")) return 0;
        return (await context.Client.ListMetadataAsync(found.Type, ns, cancel: cancel)).Items.Count;
    }
}
