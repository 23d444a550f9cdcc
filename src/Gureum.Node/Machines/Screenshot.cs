using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Gureum.Node.Machines;

/// <summary>Pictures of guests' screens: PNG (RFC 2083) as newer QEMUs write it, or made from the portable pixmap of older ones (https://netpbm.sourceforge.net/doc/ppm.html). Pure.</summary>
internal static class Screenshot
{
    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', (byte)'\r', (byte)'\n', 0x1a, (byte)'\n'];

    private const int HeaderWords = 4; // P6, width, height, the largest value

    /// <summary>The picture as PNG; null when it is neither that nor a pixmap of 8 bits for a colour.</summary>
    internal static byte[]? ToPng(ReadOnlySpan<byte> pixmap)
    {
        if (pixmap.StartsWith(Signature)) return pixmap.ToArray();
        if (!TryReadHeader(pixmap, out var width, out var height, out var start)) return null;
        var row = width * 3;
        if (pixmap.Length - start < (long)row * height) return null;
        using var data = new MemoryStream();
        using (var packed = new ZLibStream(data, CompressionLevel.Fastest, leaveOpen: true))
            for (var y = 0; y < height; y++)
            {
                packed.WriteByte(0); // each row as it is
                packed.Write(pixmap.Slice(start + y * row, row));
            }
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, 2); // bits for a colour, red green blue
        using var png = new MemoryStream();
        png.Write(Signature);
        Chunk(png, "IHDR", header);
        Chunk(png, "IDAT", data.GetBuffer().AsSpan(0, (int)data.Length));
        Chunk(png, "IEND", []);
        return png.ToArray();
    }

    private static bool TryReadHeader(ReadOnlySpan<byte> pixmap, out int width, out int height, out int start)
    {
        (width, height, start) = (0, 0, 0);
        var words = new List<string>();
        for (var i = 0; i < pixmap.Length && words.Count < HeaderWords;)
        {
            while (i < pixmap.Length && char.IsWhiteSpace((char)pixmap[i])) i++;
            if (i < pixmap.Length && pixmap[i] == '#') { while (i < pixmap.Length && pixmap[i] != '\n') i++; continue; }
            var from = i;
            while (i < pixmap.Length && !char.IsWhiteSpace((char)pixmap[i])) i++;
            words.Add(Encoding.ASCII.GetString(pixmap[from..i]));
            start = i + 1; // exactly one space, then the first pixel
        }
        return words is ["P6", var w, var h, "255"] && int.TryParse(w, out width) && int.TryParse(h, out height) && width is > 0 and <= 16_384 && height is > 0 and <= 16_384;
    }

    private static void Chunk(MemoryStream png, string type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        png.Write(number);
        byte[] named = [.. Encoding.ASCII.GetBytes(type), .. data];
        png.Write(named);
        BinaryPrimitives.WriteUInt32BigEndian(number, Sum(named));
        png.Write(number);
    }

    // The cyclic redundancy check of RFC 2083, appendix 15.
    private static uint Sum(ReadOnlySpan<byte> data)
    {
        var sum = uint.MaxValue;
        foreach (var octet in data)
        {
            sum ^= octet;
            for (var bit = 0; bit < 8; bit++) sum = (sum & 1) == 1 ? (sum >> 1) ^ 0xEDB88320 : sum >> 1;
        }
        return ~sum;
    }
}
