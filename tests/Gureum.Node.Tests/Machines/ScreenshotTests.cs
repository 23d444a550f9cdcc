using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Gureum.Node.Machines;

namespace Gureum.Node.Tests.Machines;

public sealed class ScreenshotTests
{
    [Fact]
    public void ToPng_OfAPixmap_KeepsItsPixels()
    {
        byte[] pixels = [.. Enumerable.Range(0, 2 * 3 * 3).Select(i => (byte)(i * 7))];
        var png = Screenshot.ToPng([.. "P6\n# of a screen\n2 3\n255\n"u8, .. pixels])!;

        Assert.Equal("\u0089PNG\r\n\u001a\n", Encoding.Latin1.GetString(png, 0, 8));
        Assert.Equal(("IHDR", 2, 3), (Encoding.ASCII.GetString(png, 12, 4), BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20))));
        Assert.Equal("0802000000", Convert.ToHexString(png, 24, 5));
        Assert.Equal("IDAT", Encoding.ASCII.GetString(png, 37, 4));
        using var rows = new MemoryStream();
        using (var unpacked = new ZLibStream(new MemoryStream(png, 41, BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(33))), CompressionMode.Decompress)) unpacked.CopyTo(rows);
        Assert.Equal([0, .. pixels[..6], 0, .. pixels[6..12], 0, .. pixels[12..]], rows.ToArray());
        Assert.Equal(png, Screenshot.ToPng(png));
        // The end of every PNG, with its sum.
        Assert.Equal("0000000049454E44AE426082", Convert.ToHexString(png.AsSpan(^12..)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("P6\n2 3\n255\ntoo short")]
    [InlineData("P5\n1 1\n255\n012")]
    [InlineData("P6\n1 1\n65535\n012345")]
    [InlineData("P6\n0 1\n255\n")]
    [InlineData("P6\n99999 99999\n255\n")]
    public void ToPng_OfAnythingElse_IsNull(string text) => Assert.Null(Screenshot.ToPng(Encoding.ASCII.GetBytes(text)));
}
