using Gureum.Images.Disks;
using System.Buffers.Binary;
using System.Text;
using Gureum.Node.Machines.Disks;

namespace Gureum.Node.Tests.Machines;

/// <summary>Images as attackers make them.</summary>
public sealed class ImageFormatTests
{
    private static byte[] Qcow(ulong size = 1 << 20, uint version = 3, ulong backing = 0, ulong features = 0, uint crypt = 0)
    {
        var head = new byte[512];
        "QFI"u8.CopyTo(head);
        head[3] = 0xfb;
        BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(4), version);
        BinaryPrimitives.WriteUInt64BigEndian(head.AsSpan(8), backing);
        BinaryPrimitives.WriteUInt64BigEndian(head.AsSpan(24), size);
        BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(32), crypt);
        BinaryPrimitives.WriteUInt64BigEndian(head.AsSpan(72), features);
        return head;
    }

    [Fact]
    public void Qcow_ThatStandsAlone_IsTaken() => Assert.Equal(new ImageFormat("qcow2", 1 << 20), ImageFormat.Of(Qcow(), 200_000, "image i"));

    [Fact]
    public void Raw_OfAnyContent_IsTaken() => Assert.Equal(new ImageFormat("raw", 4096), ImageFormat.Of(new byte[512], 4096, "image i"));

    public static TheoryData<string, byte[], string> Hostile => new()
    {
        { "backing file", Qcow(backing: 600), "image i has a backing file; an image must stand alone" },
        { "backing file, version 2", Qcow(version: 2, backing: 600), "has a backing file" },
        { "data file", Qcow(features: 1 << 2), "keeps its data in another file" },
        { "unknown feature", Qcow(features: 1UL << 40), "features that are not known: 0x10000000000" },
        { "petabyte", Qcow(size: 1UL << 50), "a disk of 1125899906842624 bytes; the largest accepted is 70368744177664 (64 TiB)" },
        { "size beyond signed", Qcow(size: ulong.MaxValue), "the largest accepted is" },
        { "encrypted", Qcow(crypt: 1), "is encrypted" },
        { "version", Qcow(version: 9), "of version 9; accepted are 2 and 3" },
        { "cut short", Qcow()[..50], "ends after 50 bytes" },
        { "vmdk", [.. "KDMV"u8, .. new byte[508]], "is a VMDK file; accepted are qcow2 and raw images" },
        { "vmdk descriptor", Encoding.ASCII.GetBytes("# Disk DescriptorFile\nRW 63 FLAT \"/etc/shadow\" 0\n".PadRight(512)), "is a VMDK file" },
        { "vhdx", [.. "vhdxfile"u8, .. new byte[504]], "is a VHDX file" },
        { "gzip", [0x1f, 0x8b, .. new byte[510]], "is a gzip file" },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Image_ThatLeadsElsewhere_IsRefused(string what, byte[] head, string message)
    {
        var refusal = Assert.Throws<DiskException>(() => ImageFormat.Of(head, 200_000, "image i"));
        Assert.True(refusal.Message.Contains(message, StringComparison.Ordinal), $"{what}: {refusal.Message}");
    }

    [Fact]
    public void Nothing_IsNoImage() => Assert.Throws<DiskException>(() => ImageFormat.Of([], 0, "image i"));
}
