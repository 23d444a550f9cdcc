using System.Buffers.Binary;
using System.Net;

namespace Gureum.Network.Dns;

/// <summary>Reads the answers of another resolver that we pass on inside an answer of our own.</summary>
internal static class DnsReader
{
    /// <summary>The CNAME and address records of the answer section, up to the first malformed one.</summary>
    internal static IReadOnlyList<DnsRecord> Answers(ReadOnlySpan<byte> packet)
    {
        var records = new List<DnsRecord>();
        if (packet.Length < 12) return records;
        var at = 12;
        if (!DnsNames.TrySkip(packet, ref at)) return records;
        at += 4;
        for (var left = BinaryPrimitives.ReadUInt16BigEndian(packet[6..]); left > 0; left--)
        {
            if (!DnsNames.TryRead(packet, ref at, out var name) || at + 10 > packet.Length) return records;
            var type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(packet[at..]);
            var ttl = BinaryPrimitives.ReadUInt32BigEndian(packet[(at + 4)..]);
            int start = at + 10, end = start + BinaryPrimitives.ReadUInt16BigEndian(packet[(at + 8)..]);
            if (end > packet.Length) return records;
            if ((type == DnsType.A && end - start == 4) || (type == DnsType.AAAA && end - start == 16))
                records.Add(new AddressRecord(name, ttl, new IPAddress(packet[start..end])));
            if (type == DnsType.CNAME && DnsNames.TryRead(packet, ref start, out var target)) records.Add(new NameRecord(name, type, ttl, target));
            at = end;
        }
        return records;
    }
}
