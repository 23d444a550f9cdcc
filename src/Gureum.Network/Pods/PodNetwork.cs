using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;
using System.Security.Cryptography;
using System.Text;
using Gureum.Network.Netlink;
using Gureum.Network.Nftables;

namespace Gureum.Network.Pods;

/// <summary>
/// The pod network of one node: a bridge with the gateway address, and a veth pair and a leased address for each pod.
/// Thread-safe state; call <see cref="Setup"/> first. Everything outlives the process and is adopted at the next start.
/// </summary>
/// <remarks>
/// A pod has its address as a /32 and one next hop, the node. So every packet between pods is routed by the node and
/// passes conntrack in both directions: Services work between pods of one node whether or not br_netfilter is loaded.
/// </remarks>
public sealed partial class PodNetwork : IDisposable
{
    internal const string HostPrefix = "gv";
    private readonly Lock _one = new();
    private readonly PodNetworkOptions _options;
    private readonly INft _nft;
    private readonly Conntrack _conntrack;
    private readonly RouteNetlink _links;
    private readonly LeaseStore _leases;
    private int _mtu = 1500;

    /// <exception cref="ArgumentException">The options are wrong; the message has every reason.</exception>
    /// <exception cref="PodNetworkException">A lease of an earlier run cannot be read.</exception>
    public PodNetwork(PodNetworkOptions options)
    {
        var errors = options.Validate();
        if (errors.Count > 0) throw new ArgumentException(string.Join("; ", errors), nameof(options));
        _options = options;
        _nft = new Nft(options.Namespace);
        _conntrack = new Conntrack(options.Namespace);
        _leases = new LeaseStore(options.PodCidr, Path.Combine(options.StateDirectory, "leases"));
        _links = new RouteNetlink(options.Namespace);
    }

    /// <summary>What this network was made from.</summary>
    public PodNetworkOptions Options => _options;

    /// <summary>The MTU that pods get, in bytes; known after <see cref="Setup"/>.</summary>
    public int Mtu => _mtu;

    /// <summary>
    /// Called with each place before it is wired, under the network's lock: what judges the pod's packets is there before the first one. What
    /// it throws keeps the pod off the network.
    /// </summary>
    public Action<PodLease>? Admit { get; set; }

    /// <summary>Called with each place that was given back, under the network's lock: no packet comes from there any more.</summary>
    public Action<PodLease>? Left { get; set; }

    /// <summary>A snapshot of all leases.</summary>
    public IReadOnlyList<PodLease> Leases { get { lock (_one) return [.. _leases.All]; } }

    /// <summary>
    /// Gives a pod its place; asked again for the same container and interface, mends what is missing and answers the same.
    /// </summary>
    /// <exception cref="PodNetworkException">No address is free, or an address or host port is taken.</exception>
    /// <exception cref="NetlinkException">The kernel refused; what was done before is undone.</exception>
    public PodLease Attach(AttachRequest request)
    {
        if (string.IsNullOrEmpty(request.ContainerId)) throw new PodNetworkException("a pod needs a container id to be attached");
        lock (_one)
        {
            var known = _leases.TryGet((request.ContainerId, request.Interface), out var old);
            var lease = known ? old! with { NetworkNamespace = request.NetworkNamespace } : Lease(request);
            CheckPorts(lease);
            if (!known || lease != old) _leases.Put(lease);
            try
            {
                Admit?.Invoke(lease);
                if (lease.NetworkNamespace is { } path) Wire(lease, NetNamespace.At(path));
                else WireTap(lease, request.Queues);
                if (!request.Arriving) RouteHere(lease);
                _nft.Apply(PodRules.AddPorts(_options, lease));
                return lease;
            }
            catch
            {
                if (!known) Undo(lease);
                throw;
            }
        }
    }

    /// <summary>Has packets for a workload that has arrived from another node go to it. Does nothing for one that is not known.</summary>
    public void Claim(string containerId, string @interface = "eth0")
    {
        lock (_one)
            if (_leases.TryGet((containerId, @interface), out var lease)) RouteHere(lease);
    }

    /// <summary>
    /// Names the addresses whose workloads live on other nodes: those of this node's range are given to nobody else (kept over restarts), and
    /// packets for those of others' no longer go to one that has left.
    /// </summary>
    public void SetElsewhere(IReadOnlyCollection<IPAddress> addresses)
    {
        lock (_one)
        {
            _leases.SetElsewhere(addresses);
            foreach (var gone in addresses.Where(a => !_options.PodCidr.Contains(a))) _links.DeleteRoute(new Route(new IPNetwork(gone, 32), null, _options.Bridge));
        }
    }

    // An address of another node's range needs a route of its own. Its guest also knows the gateway of that range, and asks for it here:
    // the bridge answers for whatever lies beyond it, at once.
    private void RouteHere(PodLease lease)
    {
        var route = new Route(new IPNetwork(lease.Address, 32), null, _options.Bridge, _options.Gateway);
        if (_options.PodCidr.Contains(lease.Address))
        {
            foreach (var away in _links.ListRoutes(onlyOurs: true).Where(r => r.Destination.Equals(route.Destination)).ToList()) _links.DeleteRoute(away);
            return;
        }
        _links.SetRoute(route);
        _options.Namespace.Run(() =>
        {
            File.WriteAllText($"/proc/sys/net/ipv4/conf/{_options.Bridge}/proxy_arp", "1");
            File.WriteAllText($"/proc/sys/net/ipv4/neigh/{_options.Bridge}/proxy_delay", "0");
        });
    }

    /// <summary>Takes a pod off the network. One that is not known is fine: then only a left-over interface is removed.</summary>
    public void Detach(string containerId, string @interface = "eth0")
    {
        lock (_one)
        {
            if (_leases.TryGet((containerId, @interface), out var lease)) Undo(lease);
            else _links.DeleteLink(HostName(containerId, @interface));
        }
    }

    /// <summary>Whether the pod's wiring is as <see cref="Attach"/> left it; null when it is, else what is wrong.</summary>
    public string? Check(string containerId, string @interface = "eth0")
    {
        lock (_one)
        {
            if (!_leases.TryGet((containerId, @interface), out var lease)) return $"container {containerId} has no lease for {@interface}";
            if (_links.FindLink(lease.HostInterface) is not { Up: true }) return $"{lease.HostInterface} is missing or down";
            if (lease.NetworkNamespace is null) return null;
            using var inside = new RouteNetlink(NetNamespace.At(lease.NetworkNamespace));
            return IsWired(inside, lease) ? null : $"{@interface} of container {containerId} lost {lease.Address}";
        }
    }

    /// <summary>
    /// Gives back every lease whose container is not among the living, and removes interfaces that no lease explains.
    /// </summary>
    /// <returns>The leases given back.</returns>
    public IReadOnlyList<PodLease> Collect(IReadOnlySet<string> livingContainers)
    {
        lock (_one)
        {
            var dead = _leases.All.Where(l => !livingContainers.Contains(l.ContainerId)).ToList();
            dead.ForEach(Undo);
            var explained = _leases.All.Select(l => l.HostInterface).ToHashSet();
            foreach (var link in OurPorts().Where(l => !explained.Contains(l.Name))) _links.DeleteLink(link.Name);
            return dead;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _links.Dispose();

    private PodLease Lease(AttachRequest request)
    {
        if (request.Address is { } wanted && _leases.At(wanted) is { } holder)
            throw new PodNetworkException($"address {wanted} is held by pod {holder.PodNamespace}/{holder.PodName} (container {holder.ContainerId})");
        var address = request.Address ?? _leases.PickFree();
        return new PodLease(
            request.ContainerId, request.Interface, address, request.Mac ?? MacOf(address), HostName(request.ContainerId, request.Interface),
            request.NetworkNamespace, request.PodNamespace, request.PodName, request.PodUid,
            request.Ports.IsDefault ? ImmutableArray<PortMapping>.Empty : request.Ports);
    }

    private void CheckPorts(PodLease lease)
    {
        foreach (var port in lease.Ports)
        {
            var clash = _leases.All.FirstOrDefault(other => other.Key != lease.Key && other.Ports.Any(p =>
                p.HostPort == port.HostPort && p.Protocol == port.Protocol
                && (p.HostAddress is null || port.HostAddress is null || p.HostAddress.Equals(port.HostAddress))));
            if (clash is not null)
                throw new PodNetworkException($"host port {port.HostPort}/{port.Protocol} is taken by pod {clash.PodNamespace}/{clash.PodName}; choose another or none");
        }
    }

    private void Wire(PodLease lease, NetNamespace space)
    {
        using var inside = new RouteNetlink(space);
        if (_links.FindLink(lease.HostInterface) is null || !IsWired(inside, lease))
        {
            _links.DeleteLink(lease.HostInterface); // half-made by a run that was killed
            _links.CreateVeth(lease.HostInterface, lease.Interface, space, _mtu, peerMac: lease.Mac);
            inside.AddAddress(lease.Interface, new InterfaceAddress(lease.Address, 32));
        }
        _links.SetAlias(lease.HostInterface, $"pod {lease.PodNamespace}/{lease.PodName}");
        _links.SetMaster(lease.HostInterface, _options.Bridge);
        _links.SetHairpin(lease.HostInterface, true);
        _links.SetUp(lease.HostInterface);
        inside.SetUp("lo");
        inside.SetUp(lease.Interface);
        inside.SetRoute(new Route(new IPNetwork(_options.Gateway, 32), null, lease.Interface, lease.Address));
        inside.SetRoute(new Route(new IPNetwork(IPAddress.Any, 0), _options.Gateway, lease.Interface, lease.Address));
    }

    // A tap that is there stays as it is: a guest may have it open.
    private void WireTap(PodLease lease, bool queues)
    {
        if (_links.FindLink(lease.HostInterface) is null) Tap.Create(lease.HostInterface, queues, _options.Namespace);
        _links.SetAlias(lease.HostInterface, $"machine {lease.PodNamespace}/{lease.PodName}");
        _links.SetMtu(lease.HostInterface, _mtu);
        _links.SetMaster(lease.HostInterface, _options.Bridge);
        _links.SetHairpin(lease.HostInterface, true);
        _links.SetUp(lease.HostInterface);
    }

    private static bool IsWired(RouteNetlink inside, PodLease lease) =>
        inside.FindLink(lease.Interface) is not null && inside.ListAddresses(lease.Interface).Any(a => a.Address.Equals(lease.Address));

    /// <summary>In an order that a crash in between can repeat: the lease goes last.</summary>
    private void Undo(PodLease lease)
    {
        _links.DeleteLink(lease.HostInterface);
        if (!_options.PodCidr.Contains(lease.Address))
            _links.DeleteRoute(new Route(new IPNetwork(lease.Address, 32), null, _options.Bridge));
        RemovePorts(lease);
        _leases.Remove(lease);
        Left?.Invoke(lease);
    }

    private void RemovePorts(PodLease lease)
    {
        if (lease.Ports.IsEmpty) return;
        try { _nft.Apply(PodRules.RemovePorts(_options, lease)); }
        catch (NftException)
        {
            // An element was not there (a crash, or someone flushed the table): the whole table, from what is true without it.
            _nft.Apply(PodRules.Table(_options, _leases.All.Where(l => l.Key != lease.Key)));
        }
        if (lease.Ports.Any(p => p.Protocol == "udp"))
            _conntrack.Forget(flow => flow.Protocol == 17 && flow.Reply.Source.Equals(lease.Address));
    }

    private IEnumerable<Link> OurPorts()
    {
        if (_links.FindLink(_options.Bridge) is not { } bridge) return [];
        return _links.ListLinks().Where(l => l.Master == bridge.Index && l.Kind is "veth" or "tun" && l.Name.StartsWith(HostPrefix, StringComparison.Ordinal));
    }

    private static string HostName(string containerId, string @interface) =>
        HostPrefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{containerId}/{@interface}")).AsSpan(0, 6));

    /// <summary>The hardware address of every node's bridge: a guest that moves to another node finds its gateway under the address that it knows.</summary>
    internal static readonly PhysicalAddress BridgeMac = new([0x02, 0x67, 0, 0, 0, 1]);

    /// <summary>A locally administered address made from the IPv4 address: unique on the bridge, and stable over a migration.</summary>
    internal static PhysicalAddress MacOf(IPAddress address) => new([0x02, 0x67, .. address.GetAddressBytes()[^4..]]);
}
