using System.Buffers.Binary;

namespace Gureum.Network.Dns;

/// <summary>What a client asks, read from the wire. Immutable.</summary>
/// <param name="Name">Lower-case, without the final dot; empty for the root.</param>
/// <param name="Question">The question's bytes as they came: answers repeat them, upper and lower case included.</param>
/// <param name="PayloadSize">The largest UDP answer that the client takes, in bytes (512 without EDNS).</param>
public sealed record DnsQuery(
    ushort Id, bool RecursionDesired, bool CheckingDisabled, string Name, DnsType Type, ushort Class, ReadOnlyMemory<byte> Question,
    bool HasEdns, bool DnssecWanted, int PayloadSize)
{
    /// <summary>The largest UDP answer that is sent however much a client says it takes: no fragments (dnsflagday.net/2020).</summary>
    public const int LargestPayload = 1232;

    private const ushort ResponseFlag = 0x8000;

    /// <summary>
    /// Reads a request. False: not a request worth an answer, or one to refuse with <paramref name="code"/> when that is
    /// not <see cref="DnsCode.NoError"/>; the query then holds what could be read.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> packet, out DnsQuery query, out DnsCode code)
    {
        query = new DnsQuery(0, false, false, "", DnsType.A, 1, default, false, false, 512);
        code = DnsCode.NoError;
        if (packet.Length < 12) return false;
        var flags = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        if ((flags & ResponseFlag) != 0) return false; // answering answers makes loops
        query = query with
        {
            Id = BinaryPrimitives.ReadUInt16BigEndian(packet), RecursionDesired = (flags & 0x100) != 0, CheckingDisabled = (flags & 0x10) != 0,
        };
        if ((flags & 0x7800) != 0) return Refuse(DnsCode.NotImplemented, out code);
        if (BinaryPrimitives.ReadUInt16BigEndian(packet[4..]) != 1) return Refuse(DnsCode.FormatError, out code);

        var at = 12;
        if (!DnsNames.TryRead(packet, ref at, out var name) || at + 4 > packet.Length) return Refuse(DnsCode.FormatError, out code);
        query = query with
        {
            Name = name,
            Type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(packet[at..]),
            Class = BinaryPrimitives.ReadUInt16BigEndian(packet[(at + 2)..]),
            Question = packet[12..(at + 4)].ToArray(),
        };
        at += 4;
        var records = BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) + BinaryPrimitives.ReadUInt16BigEndian(packet[8..])
            + BinaryPrimitives.ReadUInt16BigEndian(packet[10..]);
        for (var i = 0; i < records; i++)
        {
            if (!DnsNames.TrySkip(packet, ref at) || at + 10 > packet.Length) return Refuse(DnsCode.FormatError, out code);
            var type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(packet[at..]);
            var size = BinaryPrimitives.ReadUInt16BigEndian(packet[(at + 2)..]);
            var extended = BinaryPrimitives.ReadUInt32BigEndian(packet[(at + 4)..]);
            at += 10 + BinaryPrimitives.ReadUInt16BigEndian(packet[(at + 8)..]);
            if (at > packet.Length) return Refuse(DnsCode.FormatError, out code);
            if (type != DnsType.OPT) continue;
            query = query with { HasEdns = true, DnssecWanted = (extended & 0x8000) != 0, PayloadSize = Math.Clamp((int)size, 512, LargestPayload) };
            if ((extended >> 16 & 0xff) != 0) return Refuse(DnsCode.BadVersion, out code);
        }
        return true;
    }

    private static bool Refuse(DnsCode why, out DnsCode code)
    {
        code = why;
        return false;
    }
}
