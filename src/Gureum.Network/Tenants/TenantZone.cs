using System.Net;
using Gureum.Network.Dns;

namespace Gureum.Network.Tenants;

/// <summary>The names of one network's ports: their own, and "host-10-0-0-5" for each address. Thread-safe.</summary>
internal sealed class TenantZone : IDnsZone
{
    private const uint Ttl = 30;
    private volatile Names names = new("", new Dictionary<string, IReadOnlyList<IPAddress>>(), new Dictionary<IPAddress, string>());

    private sealed record Names(string Domain, IReadOnlyDictionary<string, IReadOnlyList<IPAddress>> Addresses, IReadOnlyDictionary<IPAddress, string> Reverse);

    /// <summary>The name of an address, without the domain.</summary>
    internal static string HostName(IPAddress address) => "host-" + address.ToString().Replace('.', '-').Replace(':', '-');

    internal static string HostName(TenantPort port, IPAddress address) => port.HostName.Length > 0 ? port.HostName.ToLowerInvariant() : HostName(address);

    /// <summary>From now on these are the network's ports.</summary>
    internal void Set(string domain, IEnumerable<TenantPort> ports)
    {
        var all = ports.SelectMany(p => p.Addresses.Select(a => (Port: p, a.Address))).ToList();
        var addresses = all.SelectMany(p => new[] { (Name: HostName(p.Address), p.Address), (Name: HostName(p.Port, p.Address), p.Address) }).Distinct()
            .GroupBy(p => p.Name, p => p.Address, StringComparer.Ordinal).ToDictionary(g => g.Key, g => (IReadOnlyList<IPAddress>)[.. g], StringComparer.Ordinal);
        names = new Names(domain.Trim('.').ToLowerInvariant(), addresses, all.GroupBy(p => p.Address).ToDictionary(g => g.Key, g => HostName(g.First().Port, g.Key)));
    }

    public DnsAnswer? Answer(string name, DnsType type, out string? outside)
    {
        outside = null;
        var now = names;
        if (DnsNames.AddressOf(name) is { } asked)
            return now.Reverse.TryGetValue(asked, out var known) ? Found(now, type is DnsType.PTR or DnsType.ANY ? [new NameRecord(name, DnsType.PTR, Ttl, Whole(known, now.Domain))] : []) : null;
        if (name == now.Domain && name.Length > 0) return Found(now, []);
        var below = now.Domain.Length > 0 && name.EndsWith("." + now.Domain, StringComparison.Ordinal);
        var host = below ? name[..^(now.Domain.Length + 1)] : name;
        if (now.Addresses.TryGetValue(host, out var addresses)) return Found(now, [.. addresses.Select(a => new AddressRecord(name, Ttl, a)).Where(r => r.Type == type || type == DnsType.ANY)]);
        // Short names are nobody else's, and neither is the network's own domain.
        return below || !name.Contains('.') && name.Length > 0 ? new DnsAnswer(DnsCode.NameError, [], [Start(now)], []) : null;
    }

    private static DnsAnswer Found(Names now, IReadOnlyList<DnsRecord> records) => new(DnsCode.NoError, records, records.Count == 0 ? [Start(now)] : [], []);

    private static StartRecord Start(Names now) => new(now.Domain, Ttl, Whole("ns", now.Domain), Whole("hostmaster", now.Domain), 1, Ttl);

    private static string Whole(string host, string domain) => domain.Length == 0 ? host : $"{host}.{domain}";
}
