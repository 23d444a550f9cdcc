using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Gureum.Network.Dns;

/// <summary>Domain names on the wire (RFC 1035, 4.1.4) and of addresses (in-addr.arpa, ip6.arpa).</summary>
internal static class DnsNames
{
    private const int LongestName = 255, MostPointers = 32;

    /// <summary>Reads a possibly compressed name and moves past it. Hostile input ends in false, never in a loop.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> packet, ref int at, out string name)
    {
        name = "";
        var text = new StringBuilder();
        int here = at, pointers = 0, length = 0;
        var after = -1;
        while (true)
        {
            if (here >= packet.Length) return false;
            int size = packet[here++];
            if (size == 0) break;
            if ((size & 0xc0) == 0xc0)
            {
                if (here >= packet.Length || ++pointers > MostPointers) return false;
                var target = (size & 0x3f) << 8 | packet[here++];
                if (after < 0) after = here;
                if (target >= here - 2 || target < 12) return false; // pointers lead back only, and never into the header
                here = target;
                continue;
            }
            length += size + 1;
            if (size > 63 || length >= LongestName || here + size > packet.Length) return false;
            if (text.Length > 0) text.Append('.');
            foreach (var octet in packet.Slice(here, size)) Append(text, octet);
            here += size;
        }
        at = after < 0 ? here : after;
        name = text.ToString();
        return true;
    }

    internal static bool TrySkip(ReadOnlySpan<byte> packet, ref int at) => TryRead(packet, ref at, out _);

    /// <summary>The wire form's labels of a text name; null when it is no name that fits (labels of 1 to 63 bytes, 255 in all).</summary>
    internal static List<byte[]>? Labels(string name)
    {
        var labels = new List<byte[]>();
        if (name.Length == 0) return labels;
        var total = 1;
        foreach (var part in name.Split('.'))
        {
            if (part.Any(c => c > 0x7f)) return null;
            var label = Unescape(part);
            if (label.Length is 0 or > 63) return null;
            total += label.Length + 1;
            labels.Add(label);
        }
        return total > LongestName ? null : labels;
    }

    /// <summary>The address that a reverse name stands for, or null.</summary>
    internal static IPAddress? AddressOf(string name)
    {
        if (name.EndsWith(".in-addr.arpa", StringComparison.Ordinal))
        {
            var parts = name[..^13].Split('.');
            if (parts.Length != 4) return null;
            Span<byte> bytes = stackalloc byte[4];
            for (var i = 0; i < 4; i++)
                if (!byte.TryParse(parts[3 - i], NumberStyles.None, CultureInfo.InvariantCulture, out bytes[i])) return null;
            return new IPAddress(bytes);
        }
        if (!name.EndsWith(".ip6.arpa", StringComparison.Ordinal) || name.Length != 63 + 9) return null;
        var digits = new char[32];
        for (var i = 0; i < 32; i++)
        {
            digits[31 - i] = name[i * 2];
            if (!char.IsAsciiHexDigitLower(name[i * 2]) || name[i * 2 + 1] != '.') return null;
        }
        return new IPAddress(Convert.FromHexString(digits));
    }

    /// <summary>"10-244-0-5" as an address, IPv6 with dashes for colons; null for anything else.</summary>
    internal static IPAddress? FromDashes(string label)
    {
        if (label.Count(c => c == '-') == 3 && IPAddress.TryParse(label.Replace('-', '.'), out var v4) && v4.AddressFamily == AddressFamily.InterNetwork) return v4;
        return label.Contains('-', StringComparison.Ordinal) && IPAddress.TryParse(label.Replace('-', ':'), out var v6) && v6.AddressFamily == AddressFamily.InterNetworkV6 ? v6 : null;
    }

    /// <summary>The name that an endpoint without a hostname gets.</summary>
    internal static string ToDashes(IPAddress address) => address.ToString().Replace('.', '-').Replace(':', '-');

    /// <summary>A dot or anything unusual inside a label becomes \DDD, so that distinct names stay distinct as text.</summary>
    private static void Append(StringBuilder text, byte octet)
    {
        if (octet is > 0x20 and < 0x7f && octet != '.' && octet != '\\') text.Append(char.ToLowerInvariant((char)octet));
        else text.Append(CultureInfo.InvariantCulture, $"\\{octet:D3}");
    }

    private static byte[] Unescape(string label)
    {
        if (!label.Contains('\\', StringComparison.Ordinal)) return Encoding.ASCII.GetBytes(label);
        var bytes = new List<byte>();
        for (var i = 0; i < label.Length; i++)
        {
            if (label[i] == '\\' && i + 3 < label.Length && byte.TryParse(label.AsSpan(i + 1, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var octet))
            {
                bytes.Add(octet);
                i += 3;
            }
            else bytes.Add((byte)label[i]);
        }
        return [.. bytes];
    }
}
