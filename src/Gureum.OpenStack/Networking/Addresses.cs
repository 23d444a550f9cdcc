using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Gureum.Objects.Network.V1;

namespace Gureum.OpenStack.Networking;

/// <summary>A run of IPv4 addresses, both ends included.</summary>
internal readonly record struct Run(uint First, uint Last)
{
    internal bool Holds(uint address) => address >= First && address <= Last;
    internal long Count => Last < First ? 0 : (long)Last - First + 1;
}

/// <summary>Arithmetic of IPv4 subnets. Pure.</summary>
internal static class Addresses
{
    internal static uint Number(IPAddress address) => BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());

    internal static string Text(uint number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new IPAddress(bytes).ToString();
    }

    /// <summary>An IPv4 address in its one canonical form; null for anything else.</summary>
    internal static uint? Parse(string? text) => IPAddress.TryParse(text, out var address) && address.AddressFamily == AddressFamily.InterNetwork && address.ToString() == text ? Number(address) : null;

    /// <summary>An IPv4 network; host bits are cleared, as Neutron does. Null for anything else.</summary>
    internal static IPNetwork? ParseNetwork(string? text)
    {
        var parts = (text ?? "").Split('/');
        if (parts.Length != 2 || Parse(parts[0]) is not { } number || !int.TryParse(parts[1], out var length) || length is < 0 or > 32) return null;
        return new IPNetwork(IPAddress.Parse(Text(number & Mask(length))), length);
    }

    internal static uint Mask(int length) => length == 0 ? 0 : uint.MaxValue << (32 - length);

    internal static Run Of(IPNetwork network)
    {
        var first = Number(network.BaseAddress);
        return new Run(first, first | ~Mask(network.PrefixLength));
    }

    /// <summary>The addresses that hosts may have: without the network's own and the broadcast address, except in /31 and /32 (RFC 3021).</summary>
    internal static Run Hosts(IPNetwork network)
    {
        var all = Of(network);
        return network.PrefixLength >= 31 ? all : new Run(all.First + 1, all.Last - 1);
    }

    internal static bool Overlap(IPNetwork a, IPNetwork b) => Of(a) is var x && Of(b) is var y && x.First <= y.Last && y.First <= x.Last;

    /// <summary>All hosts' addresses but the gateway's.</summary>
    internal static IReadOnlyList<AddressRange> DefaultPools(IPNetwork network, uint? gateway)
    {
        var hosts = Hosts(network);
        if (gateway is not { } g || !hosts.Holds(g)) return Ranges(hosts);
        return Ranges(hosts with { Last = g - 1 }, hosts with { First = g + 1 });
    }

    private static AddressRange[] Ranges(params ReadOnlySpan<Run> runs)
    {
        var ranges = new List<AddressRange>();
        foreach (var run in runs)
            if (run.Count > 0) ranges.Add(new AddressRange { Start = Text(run.First), End = Text(run.Last) });
        return [.. ranges];
    }

    internal static IEnumerable<Run> Pools(Subnet subnet) => subnet.Spec.AllocationPools.Count > 0
        ? subnet.Spec.AllocationPools.Select(static p => new Run(Parse(p.Start) ?? 1, Parse(p.End) ?? 0))
        : ParseNetwork(subnet.Spec.Cidr) is { } network ? DefaultPools(network, Parse(subnet.Spec.Gateway)).Select(static p => new Run(Parse(p.Start)!.Value, Parse(p.End)!.Value)) : [];

    /// <summary>The lowest free address of a subnet's pools; null when all are taken.</summary>
    internal static uint? Pick(Subnet subnet, IReadOnlySet<uint> taken)
    {
        foreach (var pool in Pools(subnet))
            for (long address = pool.First; address <= pool.Last; address++)
                if (!taken.Contains((uint)address)) return (uint)address;
        return null;
    }

    /// <summary>The highest free address: for what must not take the ones that people like to choose themselves.</summary>
    internal static uint? PickLast(Subnet subnet, IReadOnlySet<uint> taken)
    {
        foreach (var pool in Pools(subnet).Reverse())
            for (long address = pool.Last; address >= pool.First; address--)
                if (!taken.Contains((uint)address)) return (uint)address;
        return null;
    }
}
