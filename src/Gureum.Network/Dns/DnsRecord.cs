using System.Net;

namespace Gureum.Network.Dns;

/// <summary>Record types (RFC 1035, 2782, 3596); any other number is carried but not understood.</summary>
public enum DnsType : ushort
{
    /// <summary>An IPv4 address.</summary>
    A = 1,
    /// <summary>A name server of the zone.</summary>
    NS = 2,
    /// <summary>Another name for it.</summary>
    CNAME = 5,
    /// <summary>The start of a zone.</summary>
    SOA = 6,
    /// <summary>The name of an address.</summary>
    PTR = 12,
    /// <summary>Free text.</summary>
    TXT = 16,
    /// <summary>An IPv6 address.</summary>
    AAAA = 28,
    /// <summary>Host and port of a service.</summary>
    SRV = 33,
    /// <summary>The pseudo-record of EDNS (RFC 6891).</summary>
    OPT = 41,
    /// <summary>A question for everything.</summary>
    ANY = 255,
}

/// <summary>Answer codes (RFC 1035, 6891).</summary>
public enum DnsCode
{
    /// <summary>Answered, perhaps with nothing of the asked type.</summary>
    NoError = 0,
    /// <summary>The question cannot be read.</summary>
    FormatError = 1,
    /// <summary>The answer could not be had now.</summary>
    ServerFailure = 2,
    /// <summary>There is no such name.</summary>
    NameError = 3,
    /// <summary>Such a request is not served.</summary>
    NotImplemented = 4,
    /// <summary>The request is not welcome.</summary>
    Refused = 5,
    /// <summary>An EDNS version other than 0.</summary>
    BadVersion = 16,
}

/// <summary>One record. Names are lower-case text without the final dot.</summary>
/// <param name="Ttl">In seconds.</param>
public abstract record DnsRecord(string Name, DnsType Type, uint Ttl);

/// <summary>A or AAAA, by the address's family.</summary>
public sealed record AddressRecord(string Name, uint Ttl, IPAddress Address)
    : DnsRecord(Name, Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? DnsType.AAAA : DnsType.A, Ttl);

/// <summary>CNAME, NS or PTR: a record that holds one name.</summary>
public sealed record NameRecord(string Name, DnsType Type, uint Ttl, string Target) : DnsRecord(Name, Type, Ttl);

/// <summary>SRV (RFC 2782).</summary>
public sealed record ServiceRecord(string Name, uint Ttl, ushort Priority, ushort Weight, ushort Port, string Target) : DnsRecord(Name, DnsType.SRV, Ttl);

/// <summary>TXT with one string of up to 255 bytes.</summary>
public sealed record TextRecord(string Name, uint Ttl, string Text) : DnsRecord(Name, DnsType.TXT, Ttl);

/// <summary>SOA; Minimum is how long, in seconds, a "no such name" may be remembered (RFC 2308).</summary>
public sealed record StartRecord(string Name, uint Ttl, string Server, string Mailbox, uint Serial, uint Minimum) : DnsRecord(Name, DnsType.SOA, Ttl);

/// <summary>An answer before it is written.</summary>
/// <param name="Authority">The SOA for negative answers.</param>
/// <param name="Additional">Addresses of the hosts that SRV records name.</param>
public sealed record DnsAnswer(
    DnsCode Code, IReadOnlyList<DnsRecord> Answers, IReadOnlyList<DnsRecord> Authority, IReadOnlyList<DnsRecord> Additional);
