using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Gureum.Network.Netlink;

namespace Gureum.Network.Nftables;

/// <summary>One direction of a tracked connection.</summary>
public sealed record FlowTuple(IPAddress Source, ushort SourcePort, IPAddress Destination, ushort DestinationPort);

/// <summary>A tracked connection.</summary>
/// <param name="Protocol">The IP protocol number: 6 TCP, 17 UDP, 132 SCTP.</param>
/// <param name="Original">As the first packet came, before any translation.</param>
/// <param name="Reply">As answers are expected; its source is where a translated packet really went.</param>
public sealed record Flow(byte Protocol, FlowTuple Original, FlowTuple Reply);

/// <summary>
/// Reads and forgets tracked connections over ctnetlink (linux/netfilter/nfnetlink_conntrack.h). UDP flows live as long
/// as packets come, so one that was translated to an endpoint that is gone must be forgotten or it is never mended.
/// </summary>
public sealed class Conntrack(NetNamespace where)
{
    private const int NetfilterProtocol = 12;
    private const ushort GetFlows = (1 << 8) | 1, DeleteFlow = (1 << 8) | 2;
    private const int OriginalTuple = 1, ReplyTuple = 2, Nested = 0x8000, ForwardAddresses = 1, ForwardProtocol = 2;

    /// <summary>All tracked connections of one family.</summary>
    public IReadOnlyList<Flow> List(AddressFamily family = AddressFamily.InterNetwork)
    {
        using var socket = new NetlinkSocket(where, NetfilterProtocol);
        return List(socket, family, _ => true).ConvertAll(found => found.Flow);
    }

    /// <summary>Forgets the connections that the predicate picks; the number forgotten.</summary>
    public int Forget(Func<Flow, bool> picked, AddressFamily family = AddressFamily.InterNetwork)
    {
        using var socket = new NetlinkSocket(where, NetfilterProtocol);
        var count = 0;
        foreach (var (flow, tuple) in List(socket, family, picked))
        {
            var message = new NetlinkMessage(DeleteFlow, NetlinkFlags.Request | NetlinkFlags.Acknowledge)
                .Fixed([Number(family), 0, 0, 0]).Add(OriginalTuple | Nested, tuple);
            try
            {
                socket.Change(message, $"forget the flow {flow.Original.Source} to {flow.Original.Destination}:{flow.Original.DestinationPort}");
                count++;
            }
            catch (NetlinkException e) when (e.Errno == Libc.Enoent) { continue; } // it ended by itself meanwhile
        }
        return count;
    }

    private static List<(Flow Flow, byte[] Tuple)> List(NetlinkSocket socket, AddressFamily family, Func<Flow, bool> picked)
    {
        var flows = new List<(Flow, byte[])>();
        var query = new NetlinkMessage(GetFlows, NetlinkFlags.Request | NetlinkFlags.Dump).Fixed([Number(family), 0, 0, 0]);
        socket.Query(query, "list tracked connections", (_, payload) =>
        {
            if (payload.Length < 4) return;
            FlowTuple? original = null, reply = null;
            byte protocol = 0;
            byte[] raw = [];
            var attributes = new NetlinkAttributes(payload[4..]);
            while (attributes.Next())
            {
                if (attributes.Type == OriginalTuple)
                {
                    raw = attributes.Value.ToArray();
                    original = ReadTuple(attributes.Value, out protocol);
                }
                if (attributes.Type == ReplyTuple) reply = ReadTuple(attributes.Value, out byte _);
            }
            if (original is null || reply is null) return;
            var flow = new Flow(protocol, original, reply);
            if (picked(flow)) flows.Add((flow, raw));
        });
        return flows;
    }

    private static FlowTuple? ReadTuple(ReadOnlySpan<byte> data, out byte protocol)
    {
        IPAddress? source = null, destination = null;
        ushort sourcePort = 0, destinationPort = 0;
        protocol = 0;
        var parts = new NetlinkAttributes(data);
        while (parts.Next())
        {
            var inner = new NetlinkAttributes(parts.Value);
            while (inner.Next())
            {
                switch (parts.Type, inner.Type)
                {
                    case (ForwardAddresses, 1 or 3): source = inner.Address; break;
                    case (ForwardAddresses, 2 or 4): destination = inner.Address; break;
                    case (ForwardProtocol, 1): protocol = inner.Value[0]; break;
                    case (ForwardProtocol, 2): sourcePort = BinaryPrimitives.ReadUInt16BigEndian(inner.Value); break;
                    case (ForwardProtocol, 3): destinationPort = BinaryPrimitives.ReadUInt16BigEndian(inner.Value); break;
                }
            }
        }
        return source is null || destination is null ? null : new FlowTuple(source, sourcePort, destination, destinationPort);
    }

    private static byte Number(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? (byte)10 : (byte)2;
}
