using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Gureum.Cel.Kubernetes;

/// <summary>An IPv4 or IPv6 address, read strictly and written canonically (RFC 5952). No zones, no IPv4 within IPv6.</summary>
internal readonly record struct IpAddress(bool IsV4, UInt128 Bits)
{
    internal int Length => IsV4 ? 32 : 128;

    internal bool IsUnspecified => Bits == 0;

    internal bool IsLoopback => IsV4 ? Bits >> 24 == 127 : Bits == 1;

    internal bool IsMulticast => IsV4 ? Bits >> 28 == 0xe : Bits >> 120 == 0xff;

    internal bool IsLinkLocalMulticast => IsV4 ? Bits >> 8 == 0xe00000 : (Bits >> 112 & 0xff0f) == 0xff02;

    internal bool IsLinkLocalUnicast => IsV4 ? Bits >> 16 == 0xa9fe : Bits >> 118 == 0x3fa;

    internal bool IsGlobalUnicast => !IsUnspecified && !IsLoopback && !IsMulticast && !IsLinkLocalUnicast && !(IsV4 && Bits == 0xffffffff);

    /// <summary>Without the bits after the prefix.</summary>
    internal IpAddress Masked(int prefix) => prefix == 0 ? this with { Bits = 0 } : this with { Bits = Bits >> (Length - prefix) << (Length - prefix) };

    /// <summary>Reads an address; null, with the reason, if the text is none.</summary>
    internal static IpAddress? Parse(string text, out string refusal)
    {
        refusal = "";
        if (text.Contains('%', StringComparison.Ordinal))
        {
            refusal = $"IP address \"{text}\" with zone value is not allowed";
            return null;
        }

        if (!text.Contains(':', StringComparison.Ordinal))
        {
            if (ParseV4(text) is { } v4) return new IpAddress(true, v4);
        }
        else if (text.All(c => char.IsAsciiHexDigit(c) || c is ':' or '.') && IPAddress.TryParse(text, out IPAddress? parsed) && parsed.AddressFamily == AddressFamily.InterNetworkV6)
        {
            int dot = text.IndexOf('.', StringComparison.Ordinal);
            if (dot < 0 || ParseV4(text[(text.LastIndexOf(':') + 1)..]) is not null)
            {
                if (!parsed.IsIPv4MappedToIPv6) return new IpAddress(false, new UInt128(System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(parsed.GetAddressBytes()), System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(parsed.GetAddressBytes().AsSpan(8))));
                refusal = $"IPv4-mapped IPv6 address \"{text}\" is not allowed";
                return null;
            }
        }

        refusal = $"IP Address \"{text}\" parse error during conversion from string: ParseAddr(\"{text}\"): unable to parse IP";
        return null;
    }

    public override string ToString()
    {
        if (IsV4) return string.Create(CultureInfo.InvariantCulture, $"{(byte)(Bits >> 24)}.{(byte)(Bits >> 16)}.{(byte)(Bits >> 8)}.{(byte)Bits}");
        var groups = new int[8];
        for (int i = 0; i < 8; i++) groups[i] = (int)(ushort)(Bits >> (112 - (16 * i)));
        int start = -1, length = 1;
        for (int i = 0; i < 8; i++)
        {
            int run = 0;
            while (i + run < 8 && groups[i + run] == 0) run++;
            if (run > length) (start, length) = (i, run);
        }

        string Join(IEnumerable<int> part) => string.Join(':', part.Select(g => g.ToString("x", CultureInfo.InvariantCulture)));
        return start < 0 ? Join(groups) : $"{Join(groups.Take(start))}::{Join(groups.Skip(start + length))}";
    }

    // Four decimal numbers without leading zeros.
    private static UInt128? ParseV4(string text)
    {
        string[] parts = text.Split('.');
        if (parts.Length != 4) return null;
        uint bits = 0;
        foreach (string part in parts)
        {
            if (part.Length is 0 or > 3 || (part.Length > 1 && part[0] == '0') || !byte.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out byte octet)) return null;
            bits = (bits << 8) | octet;
        }

        return bits;
    }
}

/// <summary>An address and the length of its prefix in bits.</summary>
internal readonly record struct IpRange(IpAddress Address, int Prefix)
{
    internal bool Contains(IpAddress address) => address.IsV4 == Address.IsV4 && address.Masked(Prefix) == Address.Masked(Prefix);

    internal bool Contains(IpRange other) => Prefix <= other.Prefix && Contains(other.Address);

    /// <summary>Reads ADDRESS/BITS; null, with the reason, if the text is none.</summary>
    internal static IpRange? Parse(string text, out string refusal)
    {
        int slash = text.LastIndexOf('/');
        if (slash >= 0 && IpAddress.Parse(text[..slash], out refusal) is { } address)
        {
            string bits = text[(slash + 1)..];
            if (int.TryParse(bits, NumberStyles.None, CultureInfo.InvariantCulture, out int prefix) && prefix <= address.Length && (bits.Length == 1 || bits[0] != '0')) return new IpRange(address, prefix);
        }
        else if (slash >= 0 && text.StartsWith("::ffff:", StringComparison.OrdinalIgnoreCase) && text.Contains('.', StringComparison.Ordinal))
        {
            refusal = $"IPv4-mapped IPv6 address \"{text}\" is not allowed";
            return null;
        }

        refusal = $"network address parse error during conversion from string: netip.ParsePrefix(\"{text}\"): {(slash < 0 ? "no '/'" : "invalid address or prefix length")}";
        return null;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Address}/{Prefix}");
}
