using Gureum.Client;
using Gureum.Network;
using Gureum.Network.Dns;
using Gureum.Network.Nftables;
using Gureum.Network.Services;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Discovery.V1;

namespace Gureum.Node.Networking;

/// <summary>Keeps the node's Service rules and DNS names as the API has them: changed Services only, many changes at once.</summary>
internal sealed class ServiceFollower
{
    private const string ByService = "service";
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(5), Retry = TimeSpan.FromSeconds(1);

    private readonly Informer<Service> services;
    private readonly Informer<EndpointSlice> slices;
    private readonly Informer<Namespace> namespaces;
    private readonly ServiceProxy proxy;
    private readonly DnsTable names;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private readonly SemaphoreSlim news = new(0, 1);
    private HashSet<ObjectKey> dirty = [];

    internal ServiceFollower(InformerFactory informers, ServiceProxy proxy, DnsTable names, TimeProvider time)
    {
        (this.proxy, this.names, this.time) = (proxy, names, time);
        services = informers.Get<Service>();
        slices = informers.Get<EndpointSlice>().AddIndex(ByService, static s => s.Metadata.Labels.TryGetValue("kubernetes.io/service-name", out var name) ? [s.Metadata.Namespace + "/" + name] : []);
        namespaces = informers.Get<Namespace>();
    }

    /// <summary>Follows until cancelled; the informers must have listed once.</summary>
    internal async Task RunAsync(CancellationToken cancel)
    {
        namespaces.AddHandler((old, current) =>
        {
            if (current is not null) names.AddNamespace(current.Metadata.Name!);
            else names.RemoveNamespace(old!.Metadata.Name!);
        });
        services.AddHandler((old, current) => Touch(ObjectKey.Of((current ?? old)!.Metadata)));
        slices.AddHandler((old, current) =>
        {
            foreach (var slice in new[] { old, current }.OfType<EndpointSlice>())
                if (slice.Metadata.Labels.TryGetValue("kubernetes.io/service-name", out var name)) Touch(new ObjectKey(slice.Metadata.Namespace, name));
        });
        Take();
        var whole = true;
        while (!cancel.IsCancellationRequested)
        {
            HashSet<ObjectKey> changed = [];
            try
            {
                if (whole) Replace();
                else
                {
                    await news.WaitAsync(cancel);
                    await Task.Delay(Gather, time, cancel);
                    changed = Take();
                    Apply(changed);
                }
                whole = false;
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested) { return; }
            catch (Exception e) when (e is NftException or Network.Netlink.NetlinkException or ArgumentException)
            {
                Log.Current.Error("services", "the Service rules could not be written; all of them again in a second", e);
                whole = true;
                await Task.Delay(Retry, time, cancel).ContinueWith(static _ => { }, TaskScheduler.Default);
            }
        }
    }

    private void Touch(ObjectKey key)
    {
        lock (gate)
        {
            if (!dirty.Add(key) || dirty.Count > 1) return;
        }
        try { news.Release(); }
        catch (SemaphoreFullException) { /* the loop is awake already */ }
    }

    private HashSet<ObjectKey> Take()
    {
        lock (gate)
        {
            var taken = dirty;
            dirty = [];
            return taken;
        }
    }

    private IReadOnlyCollection<EndpointSlice> SlicesOf(ObjectKey key) => slices.ByIndex(ByService, key.Namespace + "/" + key.Name);

    private void Replace()
    {
        var all = services.List().ToList();
        foreach (var service in all) names.Set(ServiceTranslation.Dns(service, SlicesOf(ObjectKey.Of(service.Metadata))));
        proxy.Replace(all.Select(s => ServiceTranslation.Proxy(s, SlicesOf(ObjectKey.Of(s.Metadata)))));
    }

    private void Apply(HashSet<ObjectKey> keys)
    {
        var (changed, removed) = (new List<Network.Services.ServiceSpec>(), new List<ServiceKey>());
        foreach (var key in keys)
        {
            if (services.Get(key) is not { } service)
            {
                names.Remove(key.Namespace, key.Name);
                removed.Add(new ServiceKey(key.Namespace, key.Name));
                continue;
            }
            names.Set(ServiceTranslation.Dns(service, SlicesOf(key)));
            changed.Add(ServiceTranslation.Proxy(service, SlicesOf(key)));
        }
        if (changed.Count > 0 || removed.Count > 0) proxy.Apply(changed, removed);
    }
}
