using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;

namespace Gureum.Network.Dhcp;

/// <summary>Message types (RFC 2132, 9.6).</summary>
public enum DhcpType : byte { None, Discover, Offer, Request, Decline, Ack, Nak, Release, Inform }

/// <summary>A client's message, as far as a server of fixed addresses needs it (RFC 2131, figure 1). Immutable.</summary>
/// <param name="Transaction">What ties the answer to it.</param>
/// <param name="Requested">The address that the client wishes or says it has; null when it says none.</param>
/// <param name="Server">The server that the client chose; null when it chose none.</param>
public sealed record DhcpMessage(DhcpType Type, uint Transaction, ushort Flags, PhysicalAddress Client, IPAddress? Requested, IPAddress? Server)
{
    private const int Fixed = 240;
    internal const uint Cookie = 0x63825363;

    /// <summary>The message of a packet; null for what is none, or not from a client on Ethernet.</summary>
    public static DhcpMessage? Parse(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < Fixed || packet[0] != 1 || packet[1] != 1 || packet[2] != 6 || BinaryPrimitives.ReadUInt32BigEndian(packet[236..]) != Cookie) return null;
        var (type, requested, server) = (DhcpType.None, (IPAddress?)null, (IPAddress?)null);
        var options = packet[Fixed..];
        while (options.Length > 0 && options[0] != 255)
        {
            if (options[0] == 0) { options = options[1..]; continue; }
            if (options.Length < 2 || options.Length < 2 + options[1]) return null;
            var value = options.Slice(2, options[1]);
            switch (options[0])
            {
                case 53 when value.Length == 1: type = (DhcpType)value[0]; break;
                case 50 when value.Length == 4: requested = new IPAddress(value); break;
                case 54 when value.Length == 4: server = new IPAddress(value); break;
                default: break;
            }
            options = options[(2 + value.Length)..];
        }
        if (type is DhcpType.None or > DhcpType.Inform) return null;
        var own = new IPAddress(packet.Slice(12, 4));
        return new DhcpMessage(type, BinaryPrimitives.ReadUInt32BigEndian(packet[4..]), BinaryPrimitives.ReadUInt16BigEndian(packet[10..]), new PhysicalAddress(packet.Slice(28, 6).ToArray()),
            requested ?? (own.Equals(IPAddress.Any) ? null : own), server);
    }
}
