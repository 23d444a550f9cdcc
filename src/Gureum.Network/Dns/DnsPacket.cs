using System.Buffers.Binary;

namespace Gureum.Network.Dns;

/// <summary>An answer from another resolver, kept as its bytes with the places of its TTLs. Immutable.</summary>
/// <param name="Lifetime">How long it may be remembered, in seconds.</param>
internal sealed record DnsPacket(ReadOnlyMemory<byte> Bytes, IReadOnlyList<int> TtlOffsets, uint Lifetime, DnsCode Code, bool Truncated)
{
    /// <summary>Reads an answer to the query; null when it is malformed or answers something else.</summary>
    internal static DnsPacket? Read(ReadOnlyMemory<byte> bytes, ushort id, DnsQuery query)
    {
        const uint longest = 3600, longestFailure = 30, unknown = 5;
        var data = bytes.Span;
        if (data.Length < 12 || BinaryPrimitives.ReadUInt16BigEndian(data) != id || (data[2] & 0x80) == 0) return null;
        if (BinaryPrimitives.ReadUInt16BigEndian(data[4..]) != 1) return null;
        var at = 12;
        if (!DnsNames.TryRead(data, ref at, out var name) || at + 4 > data.Length || name != query.Name) return null;
        if ((DnsType)BinaryPrimitives.ReadUInt16BigEndian(data[at..]) != query.Type || BinaryPrimitives.ReadUInt16BigEndian(data[(at + 2)..]) != query.Class) return null;
        at += 4;
        if (at - 12 != query.Question.Length) return null; // a question with pointers in it: nobody honest sends that

        var code = (DnsCode)(data[3] & 0xf);
        int answers = BinaryPrimitives.ReadUInt16BigEndian(data[6..]), authorities = BinaryPrimitives.ReadUInt16BigEndian(data[8..]),
            additional = BinaryPrimitives.ReadUInt16BigEndian(data[10..]);
        var offsets = new List<int>();
        var lifetime = answers == 0 ? longestFailure : longest;
        for (var i = 0; i < answers + authorities + additional; i++)
        {
            if (!DnsNames.TrySkip(data, ref at) || at + 10 > data.Length) return null;
            var type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(data[at..]);
            if (type != DnsType.OPT) // there the field holds flags
            {
                offsets.Add(at + 4);
                lifetime = Math.Min(lifetime, BinaryPrimitives.ReadUInt32BigEndian(data[(at + 4)..]));
            }
            var end = at + 10 + BinaryPrimitives.ReadUInt16BigEndian(data[(at + 8)..]);
            if (end > data.Length) return null;
            if (type == DnsType.SOA && answers == 0 && end - at >= 14)
                lifetime = Math.Min(lifetime, BinaryPrimitives.ReadUInt32BigEndian(data[(end - 4)..])); // RFC 2308
            at = end;
        }
        if (offsets.Count == 0) lifetime = unknown;
        return new DnsPacket(bytes, offsets, lifetime, code, (data[2] & 2) != 0);
    }

    /// <summary>The bytes for one client: its id, its spelling of the question, and TTLs less the seconds passed.</summary>
    internal byte[] For(DnsQuery query, uint secondsPassed)
    {
        var copy = Bytes.ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(copy, query.Id);
        copy[2] = (byte)(copy[2] & ~1 & ~4 | (query.RecursionDesired ? 1 : 0)); // what we pass on is not authoritative
        copy[3] |= 0x80;
        query.Question.Span.CopyTo(copy.AsSpan(12)); // both spell the same name without pointers, so they are equally long
        foreach (var offset in TtlOffsets)
        {
            var ttl = BinaryPrimitives.ReadUInt32BigEndian(copy.AsSpan(offset));
            BinaryPrimitives.WriteUInt32BigEndian(copy.AsSpan(offset), ttl > secondsPassed ? ttl - secondsPassed : 0);
        }
        return copy;
    }
}
