using Gureum.Client;
using Gureum.Network.Netlink;
using Gureum.Network.Nftables;
using Gureum.Network.Pods;
using Gureum.Network.Policies;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Networking.V1;
using IPAddress = System.Net.IPAddress;
using PodNetwork = Gureum.Network.Pods.PodNetwork;

namespace Gureum.Node.Networking;

/// <summary>
/// Keeps the node's policy rules as the API has them. A pod of this node is judged from before it is wired until after it is taken off
/// the network; pods elsewhere are followed only while there are policies.
/// </summary>
internal sealed class PolicyFollower
{
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(5), Retry = TimeSpan.FromSeconds(1), Patience = TimeSpan.FromSeconds(5);

    private readonly InformerFactory informers;
    private readonly Informer<NetworkPolicy> policies;
    private readonly Informer<Namespace> namespaces;
    private readonly Informer<Pod> here;
    private readonly PolicyEnforcer enforcer;
    private readonly string self;
    private readonly TimeProvider time;
    // One at a time looks at what is and writes it: else a look of before could be written after one of now.
    private readonly Lock one = new();
    private readonly Lock gate = new();
    private readonly SemaphoreSlim news = new(0, 1);
    private readonly Dictionary<string, Place> places = [];
    private Informer<Pod>? everywhere;
    private HashSet<object> dirty = [];
    private readonly ManualResetEventSlim following = new();

    private readonly record struct PodName(string Namespace, string Name, string Uid);

    /// <param name="Known">The pod when it was last seen: the API may forget it while it still runs.</param>
    private sealed record Place(PodName Pod, IPAddress Address, PolicyPod? Known);

    internal PolicyFollower(InformerFactory informers, Informer<Pod> here, PodNetwork network, PolicyEnforcer enforcer, string self, TimeProvider time)
    {
        (this.informers, this.here, this.enforcer, this.self, this.time) = (informers, here, enforcer, self, time);
        policies = informers.Get<NetworkPolicy>();
        namespaces = informers.Get<Namespace>();
        foreach (var lease in network.Leases) places[lease.ContainerId] = PlaceOf(lease);
        (network.Admit, network.Left) = (Admit, Leave);
    }

    /// <summary>Writes the rules of this moment, and follows from then on; the informers must have listed once. Pods may start when it is done.</summary>
    internal async Task StartAsync(CancellationToken cancel)
    {
        policies.AddHandler((old, current) => { if (old is null || current is null || !old.Spec.Equals(current.Spec)) Touch(PolicyTranslation.Key((current ?? old)!)); });
        namespaces.AddHandler((old, current) =>
        {
            if (old is null || current is null || !PolicyTranslation.Labels(old.Metadata).SequenceEqual(PolicyTranslation.Labels(current.Metadata))) Touch((current ?? old)!.Metadata.Name!);
        });
        here.AddHandler(PodChanged);
        lock (one)
            foreach (var (id, place) in places.Where(p => p.Value.Pod.Uid.Length == 0).ToList()) places[id] = place with { Pod = place.Pod with { Uid = here.Get(place.Pod.Namespace, place.Pod.Name)?.Metadata.Uid ?? "" } };
        if (policies.Count > 0) await ListPodsAsync(cancel);
        try { Replace(); }
        catch (Exception e) when (e is NftException or NetlinkException) { Log.Current.Error("policies", "the policies' rules could not be written; again in a second", e); }
    }

    /// <summary>Follows until cancelled.</summary>
    internal async Task RunAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await news.WaitAsync(cancel);
                await Task.Delay(Gather, time, cancel);
                if (!following.IsSet && policies.Count > 0)
                {
                    await ListPodsAsync(cancel);
                    Replace();
                }
                else ApplyNews();
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested) { return; }
            catch (Exception e) when (e is NftException or NetlinkException)
            {
                Log.Current.Error("policies", "the policies' rules could not be written; all of them again in a second", e);
                await Task.Delay(Retry, time, cancel).ContinueWith(static _ => { }, TaskScheduler.Default);
                Wake();
            }
        }
    }

    private async Task ListPodsAsync(CancellationToken cancel)
    {
        if (everywhere is not null) return;
        var all = informers.Get<Pod>();
        await informers.StartAsync(cancel);
        everywhere = all.AddHandler(PodChanged);
    }

    private void PodChanged(Pod? old, Pod? current)
    {
        foreach (var pod in new[] { old, current }.OfType<Pod>())
            if (old is null || current is null || old.Metadata.Uid != current.Metadata.Uid || !Equals(PolicyTranslation.Pod(old, self), PolicyTranslation.Pod(current, self))) Touch(NameOf(pod));
    }

    private static PodName NameOf(Pod pod) => new(pod.Metadata.Namespace!, pod.Metadata.Name!, pod.Metadata.Uid!);

    // A pod gets its place: its rules, and whatever else is new, are there before it is wired.
    private void Admit(PodLease lease)
    {
        // The first policies of the cluster are here, and the pods that they name are being listed.
        if (policies.Count > 0 && !following.Wait(Patience)) throw new PodNetworkException("the cluster's pods could not be listed yet, so nothing can tell whom its policies name");
        lock (one)
        {
            var place = places[lease.ContainerId] = PlaceOf(lease);
            if (!following.IsSet) return;
            if (FindHere(place.Pod) is null) throw new PodNetworkException($"pod {place.Pod.Namespace}/{place.Pod.Name} is not known here yet, so nothing can tell its policies");
            lock (gate) dirty.Add(place.Pod);
            ApplyNews();
        }
    }

    private void Leave(PodLease lease)
    {
        lock (one)
            if (places.Remove(lease.ContainerId, out var place)) Touch(place.Pod);
    }

    private Place PlaceOf(PodLease lease)
    {
        var uid = lease.PodUid.Length > 0 ? lease.PodUid : here.Get(lease.PodNamespace, lease.PodName)?.Metadata.Uid ?? "";
        return new Place(new PodName(lease.PodNamespace, lease.PodName, uid), lease.Address, null);
    }

    private Pod? FindHere(PodName pod) => here.Get(pod.Namespace, pod.Name) is { } found && found.Metadata.Uid == pod.Uid ? found : null;

    private void Touch(object what)
    {
        lock (gate) dirty.Add(what);
        Wake();
    }

    private void Wake()
    {
        try { news.Release(); }
        catch (SemaphoreFullException) { /* the loop is awake already */ }
    }

    private void Replace()
    {
        lock (one)
        {
            lock (gate) dirty = [];
            var pods = (everywhere?.List() ?? []).Concat(here.List()).Select(NameOf).Concat(places.Values.Select(p => p.Pod)).Distinct();
            enforcer.Replace(new PolicyChange
            {
                Policies = [.. policies.List().Select(PolicyTranslation.Policy)], Namespaces = [.. namespaces.List().Select(n => (n.Metadata.Name!, PolicyTranslation.Labels(n.Metadata)))],
                Pods = everywhere is not null ? [.. pods.Select(Now).OfType<PolicyPod>()] : [],
            });
            if (everywhere is not null) following.Set();
        }
    }

    private void ApplyNews()
    {
        lock (one)
        {
            HashSet<object> taken;
            lock (gate) (taken, dirty) = (dirty, []);
            var pods = following.IsSet ? taken.OfType<PodName>().Select(name => (name.Uid, Pod: Now(name))).ToList() : [];
            var keys = taken.OfType<PolicyKey>().Select(key => (Key: key, Policy: policies.Get(key.Namespace, key.Name))).ToList();
            var spaces = taken.OfType<string>().Select(name => (Name: name, Space: namespaces.Get(null, name))).ToList();
            enforcer.Apply(new PolicyChange
            {
                Policies = [.. keys.Where(k => k.Policy is not null).Select(k => PolicyTranslation.Policy(k.Policy!))], PoliciesGone = [.. keys.Where(k => k.Policy is null).Select(k => k.Key)],
                Namespaces = [.. spaces.Where(s => s.Space is not null).Select(s => (s.Name, PolicyTranslation.Labels(s.Space!.Metadata)))], NamespacesGone = [.. spaces.Where(s => s.Space is null).Select(s => s.Name)],
                Pods = [.. pods.Select(p => p.Pod).OfType<PolicyPod>()], PodsGone = [.. pods.Where(p => p.Pod is null).Select(p => p.Uid)],
            });
        }
    }

    // What a pod is now: as long as it has its place here it is judged, also when the API has forgotten it.
    private PolicyPod? Now(PodName name)
    {
        var pod = FindHere(name) ?? (everywhere?.Get(name.Namespace, name.Name) is { } found && found.Metadata.Uid == name.Uid ? found : null);
        foreach (var (container, place) in places.Where(p => p.Value.Pod == name).ToList())
        {
            var known = pod is null ? place.Known : PolicyTranslation.Pod(pod, self, place.Address);
            places[container] = place with { Known = known };
            return known;
        }
        return pod is null ? null : PolicyTranslation.Pod(pod, self);
    }
}
