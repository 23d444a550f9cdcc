using System.Collections.Immutable;
using System.Net;
using Gureum.Client;
using Gureum.Network.Netlink;
using Gureum.Network.Pods;
using Gureum.Network.Tenants;
using Gureum.Node.Pods;
using Gureum.Objects.Network.V1;
using NetworkObject = Gureum.Objects.Network.V1.Network;
using GroupObject = Gureum.Objects.Network.V1.SecurityGroup;
using NodeObject = Gureum.Objects.Core.V1.Node;

namespace Gureum.Node.Networking;

/// <summary>A card of a machine on a tenant's network (immutable).</summary>
internal sealed record TenantCard(string Interface, string Mac, int Mtu);

/// <summary>
/// Keeps the node's part of tenants' networks as the API has them, gives pods and machines their places there, and tells the API what is
/// wired. Thread-safe.
/// </summary>
internal sealed class TenantFollower : IAsyncDisposable
{
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(5), Retry = TimeSpan.FromSeconds(1);

    private readonly Informer<NetworkObject> networks;
    private readonly Informer<Subnet> subnets;
    private readonly Informer<Port> ports;
    private readonly Informer<Router> routers;
    private readonly Informer<GroupObject> groups;
    private readonly Informer<FloatingIP> floating;
    private readonly Informer<NodeObject> nodes;
    private readonly TenantNetworks kernel;
    private readonly TenantReporter reporter;
    private readonly string self;
    private readonly IPNetwork cluster;
    private readonly TimeProvider time;
    private readonly SemaphoreSlim news = new(1, 1), one = new(1, 1);
    private ImmutableArray<string> complaints = [];

    /// <param name="cluster">The pods' range: a node of an address in there cannot be reached.</param>
    internal TenantFollower(InformerFactory informers, TenantNetworks kernel, string self, IPNetwork cluster, TimeProvider time)
    {
        (this.kernel, this.self, this.cluster, this.time) = (kernel, self, cluster, time);
        (networks, subnets, ports, routers, groups, floating, nodes) = (informers.Get<NetworkObject>(), informers.Get<Subnet>(), informers.Get<Port>(), informers.Get<Router>(), informers.Get<GroupObject>(), informers.Get<FloatingIP>(), informers.Get<NodeObject>());
        Places = new TenantPlaces(kernel.Interfaces().Select(TenantPlace.Of).OfType<TenantPlace>());
        reporter = new TenantReporter(informers.Client, ports, routers, floating, self);
    }

    internal TenantPlaces Places { get; }

    internal Informer<Port> Ports => ports;

    /// <summary>Follows until cancelled; the informers must have listed once.</summary>
    internal async Task RunAsync(CancellationToken cancel)
    {
        networks.AddHandler((old, current) => Note(old, current, static n => n.Spec));
        subnets.AddHandler((old, current) => Note(old, current, static s => s.Spec));
        // What this node says of them itself is no news.
        ports.AddHandler((old, current) => Note(old, current, static p => p.Spec));
        routers.AddHandler((old, current) => Note(old, current, static r => (r.Spec, r.Status, r.Metadata.DeletionTimestamp)));
        groups.AddHandler((old, current) => Note(old, current, static g => g.Spec));
        floating.AddHandler((old, current) => Note(old, current, static f => (f.Spec, f.Metadata.DeletionTimestamp)));
        nodes.AddHandler((old, current) =>
        {
            // Most changes of nodes are heartbeats and images.
            if (old is null || current is null || PeerFollower.PeerOf(old, self, cluster)?.Address.Equals(PeerFollower.PeerOf(current, self, cluster)?.Address) == false) Wake();
        });
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await news.WaitAsync(cancel);
                await Task.Delay(Gather, time, cancel);
                var report = await ApplyAsync();
                Complain(report.Problems);
                if (!await reporter.WriteAsync(report, Places, cancel) || report.Problems.Length > 0) _ = WakeLaterAsync(cancel);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested) { return; }
        }
    }

    /// <summary>Gives a machine a place on a network, as a tap that the hypervisor can open; on the network it is with <see cref="SettleAsync"/>.</summary>
    /// <param name="owner">The pod's uid.</param>
    /// <param name="network">"name", or "namespace/name".</param>
    /// <param name="card">What the machine calls its card.</param>
    /// <exception cref="PodNotReadyException">There is no such network, or no port of it with that hardware address.</exception>
    internal TenantCard Attach(string owner, string ns, string network, string card, string? mac, bool queues)
    {
        if (mac is null) throw new PodNotReadyException("NoPort", $"interface {card} is on network {network} and names no port: give it the macAddress of a Port of that network in namespace {ns}");
        var (found, port) = Find(ns, network, card, p => TenantTranslation.MacOf(mac) is { } wanted && wanted.Equals(TenantTranslation.MacOf(p.Spec.MacAddress)), $"the macAddress {mac}");
        var name = TenantNames.Port(owner, card);
        var label = $"{port.Metadata.Namespace}/{port.Metadata.Name}";
        var known = Places.At(name);
        var place = (known ?? new TenantPlace("", owner, name, Wired: false, Here: false)) with { Port = port.Metadata.Uid! };
        var mtu = kernel.MtuOf(new TenantNetwork(found.Metadata.Uid!, "", 0, found.Spec.Mtu ?? 0, false, "", []));
        if (!place.Wired) kernel.MakeTap(name, place.Alias(label), mtu, queues);
        else if (known?.Port != place.Port) kernel.Rename(name, place.Alias(label));
        Places.Put(place);
        if (known is { Wired: true } && known.Port != place.Port) Wake();
        return new TenantCard(name, port.Spec.MacAddress!.ToLowerInvariant(), mtu);
    }

    /// <summary>Gives a pod of containers an interface on a network, in its own namespace; on the network it is with <see cref="SettleAsync"/>.</summary>
    /// <exception cref="PodNotReadyException">There is no such network, or no port for the pod.</exception>
    internal void AttachPod(Objects.Core.V1.Pod pod, NetworkWish wish, NetNamespace inside)
    {
        var (ns, uid) = (pod.Metadata.Namespace!, pod.Metadata.Uid!);
        var (found, port) = wish.Mac is { } mac
            ? Find(ns, wish.Network, wish.Interface, p => TenantTranslation.MacOf(mac) is { } wanted && wanted.Equals(TenantTranslation.MacOf(p.Spec.MacAddress)), $"the macAddress {mac}")
            : Find(ns, wish.Network, wish.Interface, p => p.Spec.DeviceID is { Length: > 0 } device && (device == uid || device == pod.Metadata.Name), $"the deviceID {pod.Metadata.Name}");
        var name = TenantNames.Port(uid, wish.Interface);
        if (Places.At(name) is { } known && known.Port == port.Metadata.Uid && kernel.HasVeth(name, wish.Interface, inside)) return;
        kernel.Remove(name);
        var place = new TenantPlace(port.Metadata.Uid!, uid, name, Wired: false, Here: false);
        var network = TenantTranslation.Network(found, subnets.List(found.Metadata.Namespace!).Where(s => s.Spec.Network == found.Metadata.Name));
        kernel.MakeVeth(name, wish.Interface, inside, place.Alias($"{ns}/{port.Metadata.Name}"), network, TenantTranslation.MacOf(port.Spec.MacAddress)!, [.. port.Spec.FixedIPs.Select(f => IPAddress.TryParse(f.Address, out var a) ? new PortAddress(f.Subnet ?? "", a) : null).OfType<PortAddress>()]);
        Places.Put(place);
    }

    private (NetworkObject, Port) Find(string ns, string network, string card, Func<Port, bool> picked, string by)
    {
        var (space, name) = network.Split('/', 2) is [var other, var rest] ? (other, rest) : (ns, network);
        var found = networks.Get(space, name) ?? throw new PodNotReadyException("NoNetwork", $"interface {card} names network {space}/{name}, and there is no such Network");
        if (found.Spec.Segment is not > 0) throw new PodNotReadyException("NoNetwork", $"network {space}/{name} has no segment yet");
        var candidates = ports.List(ns).Where(p => TenantTranslation.Reference(p.Spec.Network, ns) == (space, name)).ToList();
        return (found, candidates.FirstOrDefault(picked)
            ?? throw new PodNotReadyException("NoPort", $"no Port of network {space}/{name} in namespace {ns} has {by} of interface {card}; {(candidates.Count == 0 ? "it has none there" : $"there are {string.Join(", ", candidates.Select(p => $"{p.Metadata.Name} ({p.Spec.MacAddress})").Take(10))}")}"));
    }

    /// <summary>Puts a pod's interfaces on their networks: rules, DHCP and bridge are there when it returns.</summary>
    /// <param name="here">False as long as the machine is elsewhere yet.</param>
    /// <exception cref="PodNetworkException">It could not be done.</exception>
    internal async Task SettleAsync(string owner, bool here)
    {
        var mine = Places.Of(owner).ToList();
        if (mine.All(p => p.Wired && (p.Here || !here))) return;
        foreach (var place in mine) Places.Put(place with { Wired = true, Here = place.Here || here });
        var report = await ApplyAsync();
        Wake();
        // A network that is switched off carries nothing, and is no reason not to run.
        if (report.Problems.Length > 0 && mine.Any(p => !report.Ports.Contains(p.Port))) throw new PodNetworkException(string.Join("; ", report.Problems));
    }

    /// <summary>Takes a pod off its networks. One that is not known is fine.</summary>
    internal void Detach(string owner) => Release(owner, []);

    /// <summary>Takes a pod off its networks but those that it has some interfaces for.</summary>
    internal void Release(string owner, HashSet<string> kept)
    {
        var gone = Places.Of(owner).Where(p => !kept.Contains(p.Interface)).ToList();
        foreach (var place in gone)
        {
            Places.Remove(place);
            kernel.Remove(place.Interface);
        }
        if (gone.Count > 0) Wake();
    }

    /// <summary>Takes off the interfaces of pods that are not among the living, and those that nobody knows.</summary>
    internal void Collect(IReadOnlySet<string> living)
    {
        foreach (var place in Places.All.Where(p => !living.Contains(p.Owner)).ToList()) Detach(place.Owner);
        foreach (var stray in kernel.Interfaces().Where(i => Places.At(i.Name) is null)) kernel.Remove(stray.Name);
    }

    /// <summary>The addresses of the port behind an interface.</summary>
    internal IReadOnlyList<string> AddressesOf(string @interface) =>
        Places.At(@interface) is { } place && ports.List().FirstOrDefault(p => p.Metadata.Uid == place.Port) is { } port ? [.. port.Spec.FixedIPs.Select(f => f.Address).OfType<string>()] : [];

    /// <summary>The uid of the pod of this node that has an address on one of some networks; null when it is nobody's here.</summary>
    internal string? OwnerOf(ImmutableArray<string> ids, IPAddress address)
    {
        var text = address.ToString();
        foreach (var port in ports.List().Where(p => p.Spec.FixedIPs.Any(f => f.Address == text)))
        {
            var (ns, name) = TenantTranslation.Reference(port.Spec.Network, port.Metadata.Namespace!);
            if (networks.Get(ns, name) is { } network && ids.Contains(network.Metadata.Uid!) && Places.All.FirstOrDefault(p => p.Port == port.Metadata.Uid && p.Here) is { } place) return place.Owner;
        }
        return null;
    }

    private async Task<TenantReport> ApplyAsync()
    {
        // One at a time looks at what is and writes it: else a look of before could be written after one of now.
        await one.WaitAsync();
        try
        {
            ImmutableArray<IPAddress> peers = [.. nodes.List().Select(n => PeerFollower.PeerOf(n, self, cluster)?.Address).OfType<IPAddress>().OrderBy(a => a.ToString(), StringComparer.Ordinal)];
            var objects = new TenantObjects([.. networks.List()], [.. subnets.List()], [.. ports.List()], [.. routers.List()], [.. groups.List()], [.. floating.List()]);
            return await kernel.ApplyAsync(TenantTranslation.Of(objects, self, Places.Wired(), peers));
        }
        finally { one.Release(); }
    }

    private void Note<T>(T? old, T? current, Func<T, object> matters) where T : class
    {
        if (old is null || current is null || !matters(old).Equals(matters(current))) Wake();
    }

    private void Wake()
    {
        try { news.Release(); }
        catch (SemaphoreFullException) { /* the loop is awake already */ }
    }

    private async Task WakeLaterAsync(CancellationToken cancel)
    {
        await Task.Delay(Retry, time, cancel).ContinueWith(static _ => { }, TaskScheduler.Default);
        Wake();
    }

    // What goes on being wrong is said once.
    private void Complain(ImmutableArray<string> problems)
    {
        foreach (var problem in problems.Except(complaints)) Log.Current.Warn("tenants", problem);
        complaints = problems;
    }

    public ValueTask DisposeAsync() => kernel.DisposeAsync();
}
