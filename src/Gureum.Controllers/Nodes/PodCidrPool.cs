using System.Buffers.Binary;
using System.Globalization;
using System.Net;

namespace Gureum.Controllers.Nodes;

/// <summary>Cuts a cluster's IPv4 range into ranges for nodes (thread-safe state).</summary>
public sealed class PodCidrPool
{
    private readonly Lock gate = new();
    private readonly uint first;
    private readonly int mask;
    private readonly bool[] taken;
    private int next;

    /// <exception cref="FormatException">The range is not written ADDRESS/PREFIX, or is smaller than one node's part.</exception>
    public PodCidrPool(string clusterCidr, int nodeMask)
    {
        if (!IPNetwork.TryParse(clusterCidr, out var network) || network.BaseAddress.AddressFamily != System.Net.Sockets.AddressFamily.InterNetwork)
            throw new FormatException($"cluster CIDR \"{clusterCidr}\" is not an IPv4 range; write for example 10.244.0.0/16");
        if (nodeMask < network.PrefixLength || nodeMask > 30 || nodeMask - network.PrefixLength > 16)
            throw new FormatException($"node mask /{nodeMask} does not fit in {clusterCidr}: choose a prefix from /{network.PrefixLength} to /{Math.Min(30, network.PrefixLength + 16)}");
        first = BinaryPrimitives.ReadUInt32BigEndian(network.BaseAddress.GetAddressBytes());
        mask = nodeMask;
        taken = new bool[1 << (nodeMask - network.PrefixLength)];
    }

    /// <summary>Marks a node's range as in use; false when it is not one of this pool's or in use already.</summary>
    public bool Occupy(string cidr)
    {
        lock (gate)
        {
            if (IndexOf(cidr) is not { } i || taken[i]) return false;
            return taken[i] = true;
        }
    }

    /// <summary>A free range, or null when all are in use.</summary>
    public string? Take()
    {
        lock (gate)
        {
            for (var step = 0; step < taken.Length; step++)
            {
                var i = (next + step) % taken.Length;
                if (taken[i]) continue;
                taken[i] = true;
                next = i + 1;
                return Name(i);
            }
            return null;
        }
    }

    public void Release(string cidr)
    {
        lock (gate) if (IndexOf(cidr) is { } i) taken[i] = false;
    }

    /// <summary>
    /// Takes back a range that no node got after all: it is the next to be given. So the first node has the first range
    /// however often its update met a conflict, and a node without uplink has the address that it told before it had a range.
    /// </summary>
    public void PutBack(string cidr)
    {
        lock (gate)
        {
            if (IndexOf(cidr) is not { } i) return;
            taken[i] = false;
            if (next == i + 1) next = i;
        }
    }

    private string Name(int i)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, first + ((uint)i << (32 - mask)));
        return string.Create(CultureInfo.InvariantCulture, $"{new IPAddress(bytes)}/{mask}");
    }

    private int? IndexOf(string cidr)
    {
        if (!IPNetwork.TryParse(cidr, out var network) || network.PrefixLength != mask || network.BaseAddress.AddressFamily != System.Net.Sockets.AddressFamily.InterNetwork) return null;
        var offset = BinaryPrimitives.ReadUInt32BigEndian(network.BaseAddress.GetAddressBytes()) - (long)first >> (32 - mask);
        return offset >= 0 && offset < taken.Length ? (int)offset : null;
    }
}
