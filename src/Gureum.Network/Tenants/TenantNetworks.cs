using System.Collections.Immutable;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Gureum.Network.Netlink;
using Gureum.Network.Nftables;

namespace Gureum.Network.Tenants;

/// <summary>What has come of a state (immutable).</summary>
/// <param name="Ports">Ids of the ports that are wired here.</param>
/// <param name="Routers">Ids of the routers that run here.</param>
/// <param name="Floating">Ids of floating addresses that lead somewhere, with those of their routers.</param>
/// <param name="Problems">What could not be done, one line each; the next state tries again.</param>
public sealed record TenantReport(ImmutableHashSet<string> Ports, ImmutableHashSet<string> Routers, ImmutableDictionary<string, string> Floating, ImmutableArray<string> Problems)
{
    /// <summary>Nothing is here.</summary>
    public static TenantReport Nothing { get; } = new([], [], ImmutableDictionary<string, string>.Empty, []);
}

/// <summary>An interface of a pod or a machine (immutable).</summary>
/// <param name="Alias">What whoever made it wrote on it.</param>
/// <param name="Moved">Whether it is with the bridges, and not where it was made.</param>
public sealed record TenantInterface(string Name, string Alias, bool Moved);

/// <summary>
/// Tenants' networks on one node, brought to each state that it is told. Thread-safe; the kernel holds the state, outlives the process
/// and is adopted at the next start.
/// </summary>
/// <remarks>
/// All bridges are in one namespace that has no address and forwards nothing: no rule of the node's sees tenants' packets, no tenant's
/// packet meets the node, and equal addresses never do. Guests' taps are made in the node's namespace, where the hypervisor finds them,
/// and moved once it has them open. DHCP and routers have namespaces of their own, with a cable to each bridge.
/// </remarks>
public sealed partial class TenantNetworks : IAsyncDisposable
{
    private const string Bridging = "tenants";
    private readonly TenantOptions options;
    private readonly SemaphoreSlim one = new(1, 1);
    private readonly RouteNetlink node;
    private readonly INft nodeRules;
    private NetNamespace? space;
    private RouteNetlink? inner;
    private INft? rules;
    private SecurityBook? book;
    private Dictionary<string, Link> links = [];
    private List<string> problems = [];

    /// <param name="options">Nothing is made before the first state.</param>
    public TenantNetworks(TenantOptions options)
    {
        this.options = options;
        node = new RouteNetlink(options.Namespace);
        nodeRules = new Nft(options.Namespace);
    }

    /// <summary>What this was made from.</summary>
    public TenantOptions Options => options;

    /// <summary>Brings the node to a state. What fails is told, and does not keep the rest.</summary>
    public async Task<TenantReport> ApplyAsync(TenantState state)
    {
        await one.WaitAsync();
        try { return await ChangeAsync(state); }
        finally { one.Release(); }
    }

    private async Task<TenantReport> ChangeAsync(TenantState state)
    {
        problems = [];
        var present = Present(state);
        Try("the external networks' ranges", () => Barriers(state));
        if (present.Count == 0 && space is null && !File.Exists(options.Space(Bridging))) return TenantReport.Nothing with { Problems = [.. problems] };
        try { Open(); }
        catch (NetlinkException e) { return TenantReport.Nothing with { Problems = [e.Message] }; }
        var networks = state.Networks.Where(n => present.Contains(n.Id)).ToList();
        var mtu = networks.ToDictionary(n => n.Id, MtuOf, StringComparer.Ordinal);
        foreach (var network in networks) Try($"network {network.Label}", () => Bridge(network, mtu[network.Id]));
        Try("the rules of ports", () => Rules(state, present));
        var up = new HashSet<string>(StringComparer.Ordinal);
        foreach (var network in networks) await TryAsync($"DHCP of network {network.Label}", () => ServeAsync(network, state, mtu[network.Id], up));
        foreach (var port in state.Ports.Where(p => p.Interface is not null && present.Contains(p.Network))) if (Try($"port {port.Label}", () => Wire(port, mtu[port.Network]))) up.Add(port.Id);
        var running = new HashSet<string>(StringComparer.Ordinal);
        foreach (var router in state.Routers) if (await TryAsync($"router {router.Label}", () => RouteAsync(router, state, mtu, up))) running.Add(router.Id);
        Try("the ways to external networks", () => Edges(networks.Where(n => n.External).ToList(), mtu));
        foreach (var network in networks) Try($"the tunnel of network {network.Label}", () => Tunnel(network, state, mtu[network.Id]));
        await TryAsync("what is left over", () => CollectAsync(state, networks));
        return new TenantReport([.. up], [.. running], running.SelectMany(r => routing[r].Plan.Floating.Select(f => KeyValuePair.Create(f.Id, r))).ToImmutableDictionary(), [.. problems]);
    }

    /// <summary>The networks that have something on this node. Pure.</summary>
    internal static HashSet<string> Present(TenantState state)
    {
        var (known, here) = (state.Networks.Select(n => n.Id).ToHashSet(StringComparer.Ordinal), state.Routers.Select(r => r.Id).ToHashSet(StringComparer.Ordinal));
        return state.Ports.Where(p => p.Interface is not null || p.Role is PortRole.RouterInterface or PortRole.RouterGateway && here.Contains(p.Device)).Select(p => p.Network).Where(known.Contains).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>The MTU of a network's ports, in bytes.</summary>
    public int MtuOf(TenantNetwork network) => network.Mtu is > 0 and var asked && asked < options.Mtu ? asked : options.Mtu;

    /// <summary>The interfaces of pods and machines that there are.</summary>
    public IReadOnlyList<TenantInterface> Interfaces()
    {
        var found = Look(node, moved: false);
        if (!File.Exists(options.Space(Bridging))) return [.. found];
        using var inside = new RouteNetlink(NetNamespace.Ensure(options.Space(Bridging)));
        return [.. found, .. Look(inside, moved: true)];

        static IEnumerable<TenantInterface> Look(RouteNetlink where, bool moved) =>
            where.ListLinks().Where(l => l.Name.StartsWith(TenantNames.Ports, StringComparison.Ordinal) && l.Kind is "tun" or "veth").Select(l => new TenantInterface(l.Name, l.Alias ?? "", moved));
    }

    /// <summary>Makes the tap by which a machine is on a network; the hypervisor opens it where the node is, and then it is moved.</summary>
    /// <param name="queues">Whether the guest has a queue for each of its processors.</param>
    public void MakeTap(string @interface, string alias, int mtu, bool queues)
    {
        if (node.FindLink(@interface) is null) Tap.Create(@interface, queues, options.Namespace);
        node.SetAlias(@interface, alias);
        node.SetMtu(@interface, mtu);
    }

    /// <summary>Makes the veth by which a pod is on a network, with the port's addresses in the pod's namespace.</summary>
    /// <param name="card">What the pod calls it.</param>
    public void MakeVeth(string @interface, string card, NetNamespace pod, string alias, TenantNetwork network, PhysicalAddress mac, IReadOnlyCollection<PortAddress> addresses)
    {
        using var inside = new RouteNetlink(pod);
        inside.DeleteLink(card);
        node.CreateVeth(@interface, card, pod, MtuOf(network), peerMac: mac);
        node.SetAlias(@interface, alias);
        foreach (var (address, subnet) in addresses.Select(a => (a, network.Subnets.FirstOrDefault(s => s.Name == a.Subnet))))
            if (subnet is not null) inside.AddAddress(card, new InterfaceAddress(address.Address, subnet.Range.PrefixLength));
        inside.SetUp(card);
        // The pod keeps its own default route: of this network it knows the neighbours, and what its subnets say lies behind them.
        foreach (var route in network.Subnets.Where(s => addresses.Any(a => a.Subnet == s.Name)).SelectMany(s => s.Routes)) inside.SetRoute(new Route(route.Destination, route.NextHop, card));
    }

    /// <summary>Whether both ends of a pod's veth are there.</summary>
    public bool HasVeth(string @interface, string card, NetNamespace pod)
    {
        using var inside = new RouteNetlink(pod);
        return inside.FindLink(card) is { Kind: "veth" } && Interfaces().Any(i => i.Name == @interface);
    }

    /// <summary>Writes something else on a pod's or machine's interface that was moved.</summary>
    public void Rename(string @interface, string alias)
    {
        using var inside = new RouteNetlink(NetNamespace.Ensure(options.Space(Bridging)));
        inside.SetAlias(@interface, alias);
    }

    /// <summary>Removes a pod's or machine's interface; one that is not there is fine.</summary>
    public void Remove(string @interface)
    {
        node.DeleteLink(@interface);
        if (!File.Exists(options.Space(Bridging))) return;
        using var inside = new RouteNetlink(NetNamespace.Ensure(options.Space(Bridging)));
        inside.DeleteLink(@interface);
    }

    private void Open()
    {
        if (space is null)
        {
            Directory.CreateDirectory(options.Directory);
            var made = NetNamespace.Ensure(options.Space(Bridging));
            Quiet(made);
            (space, inner, rules) = (made, new RouteNetlink(made), new Nft(made));
        }
        links = inner!.ListLinks().ToDictionary(l => l.Name, StringComparer.Ordinal);
    }

    // IPv6 is nobody's here yet: nothing may speak it, and no interface has an address that nobody gave it.
    private static void Quiet(NetNamespace space) => space.Run(() =>
    {
        foreach (var which in (string[])["all", "default"])
            if (File.Exists($"/proc/sys/net/ipv6/conf/{which}/disable_ipv6")) File.WriteAllText($"/proc/sys/net/ipv6/conf/{which}/disable_ipv6", "1");
    });

    private void Bridge(TenantNetwork network, int mtu)
    {
        var (name, mac) = (TenantNames.Bridge(network.Id), TenantNames.Mac("bridge " + network.Id));
        if (!links.TryGetValue(name, out var bridge)) inner!.CreateBridge(name, mac, mtu, filterBridged: true);
        else if (bridge.Mtu != mtu) inner!.SetMtu(name, mtu);
        if (bridge?.Alias != network.Label) inner!.SetAlias(name, network.Label);
        if (bridge is not { Up: true }) inner!.SetUp(name);
        links[name] = inner!.GetLink(name);
    }

    private void Rules(TenantState state, HashSet<string> present)
    {
        var whole = book is null;
        book ??= new SecurityBook(options.Table);
        var commands = book.Change(state, present);
        try { rules!.Apply(whole ? book.Everything() : commands); }
        catch (NftException) when (!whole)
        {
            // Someone else changed our tables; they become ours again.
            try { rules!.Apply(book.Everything()); }
            catch (NftException) { book = null; throw; }
        }
        catch (NftException) { book = null; throw; }
    }

    // Made where the hypervisor or the pod found it, it comes to the bridge when its rules are there.
    private void Wire(TenantPort port, int mtu)
    {
        if (book is null) throw new InvalidOperationException("it is not wired before its rules are there");
        var (name, bridge) = (port.Interface!, links[TenantNames.Bridge(port.Network)]);
        if (!links.TryGetValue(name, out var link))
        {
            if (node.FindLink(name) is null) throw new InvalidOperationException($"its interface {name} is gone");
            node.Move(name, space!);
            link = inner!.GetLink(name);
        }
        if (link.Mtu != mtu) inner!.SetMtu(name, mtu);
        var master = port.Up ? bridge : null;
        if (link.Master != (master?.Index ?? 0)) inner!.SetMaster(name, master?.Name);
        if (!link.Up) inner!.SetUp(name);
    }

    private bool Try(string what, Action work)
    {
        try
        {
            work();
            return true;
        }
        catch (Exception e) when (IsFailure(e)) { return Failed(what, e); }
    }

    private async Task<bool> TryAsync(string what, Func<Task> work)
    {
        try
        {
            await work();
            return true;
        }
        catch (Exception e) when (IsFailure(e)) { return Failed(what, e); }
    }

    private bool Failed(string what, Exception e)
    {
        problems.Add($"{what}: {e.Message}");
        return false;
    }

    private static bool IsFailure(Exception e) => e is NetlinkException or NftException or SocketException or IOException or UnauthorizedAccessException or InvalidOperationException or KeyNotFoundException;

    /// <summary>Stops answering; what the kernel does goes on.</summary>
    public async ValueTask DisposeAsync()
    {
        await one.WaitAsync();
        foreach (var served in serving.Values) await served.Services.DisposeAsync();
        foreach (var routed in routing.Values) if (routed.Metadata is not null) await routed.Metadata.DisposeAsync();
        serving.Clear();
        routing.Clear();
        inner?.Dispose();
        node.Dispose();
    }
}
