using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Gureum.Network.Dns;

/// <summary>What the cluster's zone is called and contains beside Services. Immutable.</summary>
public sealed record ClusterZoneOptions
{
    /// <summary>The cluster's domain.</summary>
    public string Zone { get; init; } = "cluster.local";

    /// <summary>The address of the DNS Service: what ns.dns.&lt;zone&gt; is.</summary>
    public required IPAddress ServerAddress { get; init; }

    /// <summary>Ranges whose reverse names are answered here only, known or not.</summary>
    public ImmutableArray<IPNetwork> OwnRanges { get; init; } = [];

    /// <summary>How long answers may be remembered, in seconds.</summary>
    public uint Ttl { get; init; } = 5;
}

/// <summary>
/// Answers questions about the cluster's domain by the Kubernetes DNS specification 1.1.0. Pure over its source.
/// </summary>
public sealed class ClusterZone(ClusterZoneOptions options, IDnsSource source) : IDnsZone
{
    private const string SpecificationVersion = "1.1.0";
    private readonly string _zone = options.Zone.TrimEnd('.').ToLowerInvariant();

    /// <summary>Whether the name is the zone's apex or below it.</summary>
    public bool Contains(string name) => name == _zone || name.EndsWith("." + _zone, StringComparison.Ordinal);

    /// <summary>The answer, or null when the question is for someone else's zone.</summary>
    /// <param name="outside">
    /// Set when the answer ends in an alias that leads out of the zone and must be followed for its addresses.
    /// </param>
    public DnsAnswer? Answer(string name, DnsType type, out string? outside)
    {
        outside = null;
        if (Contains(name))
        {
            var labels = name.Length == _zone.Length ? [] : name[..^(_zone.Length + 1)].Split('.');
            return Inside(name, labels, type, ref outside);
        }
        if (DnsNames.AddressOf(name) is not { } address) return null;
        var names = source.FindNames(address);
        if (names.Count > 0)
            return Found(type is DnsType.PTR or DnsType.ANY ? [.. names.Select(n => new NameRecord(name, DnsType.PTR, options.Ttl, $"{n}.{_zone}"))] : []);
        return options.OwnRanges.Any(r => r.BaseAddress.AddressFamily == address.AddressFamily && r.Contains(address)) ? Missing() : null;
    }

    private DnsAnswer Inside(string name, string[] labels, DnsType type, ref string? outside)
    {
        switch (labels)
        {
            case []:
                return Found([.. new DnsRecord[] { Start(), new NameRecord(_zone, DnsType.NS, options.Ttl, $"ns.dns.{_zone}") }.Where(r => Wanted(r, type))]);
            case ["svc"] or ["pod"] or ["dns"]:
                return Found([]);
            case ["ns", "dns"]:
                return Addresses(name, type, [options.ServerAddress]);
            case ["dns-version"]:
                return Found(type is DnsType.TXT or DnsType.ANY ? [new TextRecord(name, options.Ttl, SpecificationVersion)] : []);
            case [var space, "svc" or "pod"]:
                return source.HasNamespace(space) ? Found([]) : Missing();
            case [var dashed, var space, "pod"]:
                return DnsNames.FromDashes(dashed) is { } address && source.HasNamespace(space) ? Addresses(name, type, [address]) : Missing();
            case [.. var front, var service, var space, "svc"]:
                return source.FindService(space, service) is { } found ? OfService(name, front, found, type, ref outside) : Missing();
            default:
                return Missing();
        }
    }

    private DnsAnswer OfService(string name, string[] front, DnsService service, DnsType type, ref string? outside)
    {
        if (service.ExternalName is { Length: > 0 } external) return front.Length == 0 ? Alias(name, external, type, ref outside) : Missing();
        var headless = service.ClusterAddresses.IsEmpty;
        switch (front)
        {
            case [] when headless:
                return service.Endpoints.IsEmpty ? Missing()
                    : type is DnsType.SRV ? Services(name, service, _ => true)
                    : Addresses(name, type, service.Endpoints.Select(e => e.Address).Distinct());
            case []:
                return type is DnsType.SRV ? Services(name, service, _ => true) : Addresses(name, type, service.ClusterAddresses);
            case [var port, var protocol] when port is ['_', ..] && protocol is ['_', ..]:
                var answer = Services(name, service, p => p.Name == port[1..] && p.Protocol == protocol[1..]);
                if (answer.Answers.Count == 0) return Missing();
                return type is DnsType.SRV or DnsType.ANY ? answer : Found([]);
            case [var protocol] when protocol is ['_', ..]:
                var ports = headless ? service.Endpoints.SelectMany(e => e.Ports) : service.Ports;
                return ports.Any(p => p.Protocol == protocol[1..] && p.Name.Length > 0) ? Found([]) : Missing();
            case [var label] when headless:
                var matches = service.Endpoints.Where(e => e.Label == label || DnsNames.ToDashes(e.Address) == label).ToList();
                return matches.Count == 0 ? Missing() : Addresses(name, type, matches.Select(e => e.Address).Distinct());
            default:
                return Missing();
        }
    }

    private DnsAnswer Services(string name, DnsService service, Func<DnsPort, bool> picked)
    {
        const ushort weight = 100;
        var records = new List<DnsRecord>();
        var hosts = new List<DnsRecord>();
        var domain = $"{service.Domain}.{_zone}";
        if (service.ClusterAddresses.IsEmpty)
        {
            foreach (var endpoint in service.Endpoints)
            {
                var host = $"{endpoint.Label}.{domain}";
                var ports = endpoint.Ports.Where(p => p.Name.Length > 0 && picked(p)).ToList();
                records.AddRange(ports.Select(p => new ServiceRecord(name, options.Ttl, 0, weight, p.Port, host)));
                if (ports.Count > 0) hosts.Add(new AddressRecord(host, options.Ttl, endpoint.Address));
            }
        }
        else
        {
            records.AddRange(service.Ports.Where(p => p.Name.Length > 0 && picked(p)).Select(p => new ServiceRecord(name, options.Ttl, 0, weight, p.Port, domain)));
            if (records.Count > 0) hosts.AddRange(service.ClusterAddresses.Select(a => new AddressRecord(domain, options.Ttl, a)));
        }
        return records.Count == 0 ? Found([]) : new DnsAnswer(DnsCode.NoError, records, [], hosts);
    }

    private DnsAnswer Alias(string name, string target, DnsType type, ref string? outside)
    {
        var to = target.TrimEnd('.').ToLowerInvariant();
        var alias = new NameRecord(name, DnsType.CNAME, options.Ttl, to);
        if (type == DnsType.CNAME) return Found([alias]);
        if (!Contains(to))
        {
            outside = to;
            return Found([alias]);
        }
        // An alias within the zone is followed once; an alias to an alias is left to the client, so that none can run in circles.
        string? beyond = null;
        var labels = to.Length == _zone.Length ? [] : to[..^(_zone.Length + 1)].Split('.');
        if (labels is [var service, var space, "svc"] && source.FindService(space, service) is { ExternalName.Length: > 0 }) return Found([alias]);
        var answer = Inside(to, labels, type, ref beyond);
        return answer with { Answers = [alias, .. answer.Answers], Code = DnsCode.NoError };
    }

    private DnsAnswer Addresses(string name, DnsType type, IEnumerable<IPAddress> addresses) =>
        Found([.. addresses.Select(a => new AddressRecord(name, options.Ttl, a)).Where(r => Wanted(r, type))]);

    private DnsAnswer Found(IReadOnlyList<DnsRecord> records) => new(DnsCode.NoError, records, records.Count == 0 ? [Start()] : [], []);

    private DnsAnswer Missing() => new(DnsCode.NameError, [], [Start()], []);

    private StartRecord Start() => new(_zone, options.Ttl, $"ns.dns.{_zone}", $"hostmaster.{_zone}", 1, options.Ttl);

    private static bool Wanted(DnsRecord record, DnsType type) => record.Type == type || type == DnsType.ANY;
}
