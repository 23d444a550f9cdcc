using System.Net;
using Gureum.Network.Nftables;

namespace Gureum.Network.Services;

/// <summary>
/// Keeps one node's nftables in step with the cluster's Services. Thread-safe state. The rules stay when the process
/// ends; the next <see cref="Replace"/> takes over in one transaction, and connections under way are not disturbed.
/// </summary>
public sealed class ServiceProxy
{
    private const byte Udp = 17;
    private readonly Lock _one = new();
    private readonly ServiceProxyOptions _options;
    private readonly INft _nft;
    private readonly Conntrack _conntrack;
    private readonly Dictionary<ServiceKey, ServiceSpec> _services = [];
    private RuleBook<ServiceKey> _book;
    private bool _whole; // whether the kernel's table is known to be what the book says

    /// <param name="nft">By default libnftables in the node's namespace.</param>
    public ServiceProxy(ServiceProxyOptions options, INft? nft = null)
    {
        _options = options;
        _nft = nft ?? new Nft(options.Namespace);
        _conntrack = new Conntrack(options.Namespace);
        _book = new RuleBook<ServiceKey>(options.Table);
    }

    /// <summary>Makes the table show exactly these Services, whatever it showed before.</summary>
    /// <exception cref="NftException">nftables refused; the table is as it was, and the next change tries again as a whole.</exception>
    public void Replace(IEnumerable<ServiceSpec> services)
    {
        lock (_one)
        {
            var before = _services.ToDictionary();
            _services.Clear();
            foreach (var service in services) _services[service.Key] = service;
            WriteWhole();
            ForgetFlows([.. before.Keys.Union(_services.Keys).Select(key => (before.GetValueOrDefault(key), _services.GetValueOrDefault(key)))]);
        }
    }

    /// <summary>Applies changed and removed Services in one transaction that names nothing else.</summary>
    /// <exception cref="NftException">nftables refused the change, and the whole table as well; the next change tries again.</exception>
    public void Apply(IReadOnlyCollection<ServiceSpec> changed, IReadOnlyCollection<ServiceKey> removed)
    {
        lock (_one)
        {
            var pairs = new List<(ServiceSpec? Before, ServiceSpec? After)>();
            var rules = new List<KeyValuePair<ServiceKey, OwnedRules>>();
            foreach (var key in removed)
            {
                if (_services.Remove(key, out var gone)) pairs.Add((gone, null));
                rules.Add(new(key, OwnedRules.None));
            }
            foreach (var service in changed)
            {
                pairs.Add((_services.GetValueOrDefault(service.Key), service));
                _services[service.Key] = service;
                rules.Add(new(service.Key, ServiceRenderer.Render(service, _options)));
            }
            if (_whole) WriteChange(rules);
            else WriteWhole();
            ForgetFlows(pairs);
        }
    }

    /// <summary>Removes the table. Connections that were translated go on until they end.</summary>
    public void Teardown()
    {
        lock (_one)
        {
            _nft.Apply(ServiceTable.Delete(_options));
            _services.Clear();
            _book = new RuleBook<ServiceKey>(_options.Table);
            _whole = false;
        }
    }

    private void WriteChange(IEnumerable<KeyValuePair<ServiceKey, OwnedRules>> rules)
    {
        var commands = _book.Change(rules);
        try { _nft.Apply(commands); }
        catch (NftException)
        {
            WriteWhole(); // someone else changed our table; it becomes ours again
        }
    }

    private void WriteWhole()
    {
        _whole = false;
        _book = new RuleBook<ServiceKey>(_options.Table);
        _book.Change(_services.Values.Select(s => new KeyValuePair<ServiceKey, OwnedRules>(s.Key, ServiceRenderer.Render(s, _options))));
        _nft.Apply(_book.Everything(ServiceTable.Base(_options)) + AffinityMemory.Restore(_nft, _options, _book));
        _whole = true;
    }

    /// <summary>
    /// UDP has no end of connection: a flow to an endpoint that is gone, or that began before there was one, is forgotten
    /// so that its next packet is dispatched anew.
    /// </summary>
    private void ForgetFlows(IReadOnlyList<(ServiceSpec? Before, ServiceSpec? After)> pairs)
    {
        var fronts = new Dictionary<(IPAddress?, ushort), HashSet<(IPAddress, ushort)>>();
        foreach (var (before, after) in pairs)
        {
            foreach (var (front, old) in Fronts(before))
            {
                var now = Fronts(after).GetValueOrDefault(front, []);
                if (!old.IsSubsetOf(now)) fronts[front] = now;
            }
            foreach (var (front, now) in Fronts(after))
                if (now.Count > 0 && Fronts(before).GetValueOrDefault(front, []).Count == 0) fronts[front] = now;
        }
        if (fronts.Count == 0) return;
        _conntrack.Forget(flow => flow.Protocol == Udp
            && ((fronts.TryGetValue((flow.Original.Destination, flow.Original.DestinationPort), out var good)
                    && !good.Contains((flow.Reply.Source, flow.Reply.SourcePort)))
                || (fronts.TryGetValue((null, flow.Original.DestinationPort), out good) && !flow.Reply.Source.Equals(flow.Original.Destination)
                    && !good.Contains((flow.Reply.Source, flow.Reply.SourcePort)))));
    }

    /// <summary>Each UDP address and port (a node port has no address) with the endpoints behind it.</summary>
    private static Dictionary<(IPAddress?, ushort), HashSet<(IPAddress, ushort)>> Fronts(ServiceSpec? service)
    {
        var fronts = new Dictionary<(IPAddress?, ushort), HashSet<(IPAddress, ushort)>>();
        if (service is null) return fronts;
        foreach (var port in service.Ports.Where(p => p.Protocol == "udp"))
        {
            var ends = ServiceRenderer.Usable(port.Endpoints).Select(e => (e.Address, e.Port)).ToHashSet();
            foreach (var address in service.ClusterAddresses.Concat(service.ExternalAddresses).Concat(service.LoadBalancerAddresses))
                fronts[(address, port.Port)] = ends;
            if (port.NodePort != 0) fronts[(null, port.NodePort)] = ends;
        }
        return fronts;
    }
}
