using System.Globalization;
using System.Text;
using Gureum.Images.Archives;

namespace Gureum.Images.Guests;

/// <summary>Writes the archives that Linux unpacks at boot (cpio "newc", Linux' Documentation/driver-api/early-userspace/buffer-format.rst). Equal input gives equal bytes.</summary>
internal static class CpioArchive
{
    private const int Regular = 0x8000, Directory = 0x4000, Link = 0xA000, Device = 0x2000;

    /// <summary>Writes entries, and the directories above them that are not among them.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="entries">Files, directories and links.</param>
    internal static void Write(Stream output, IEnumerable<LayerEntry> entries)
    {
        int inode = 1;
        var made = new HashSet<string>();
        // The kernel opens it before anything of ours runs.
        Header(output, "dev", Directory | 0x1ED, inode++, 0);
        Header(output, "dev/console", Device | 0x180, inode++, 0, major: 5, minor: 1);
        made.Add("dev");
        foreach (LayerEntry entry in entries)
        {
            for (int slash = entry.Path.IndexOf('/'); slash > 0; slash = entry.Path.IndexOf('/', slash + 1))
            {
                if (made.Add(entry.Path[..slash])) Header(output, entry.Path[..slash], Directory | 0x1ED, inode++, 0);
            }

            if (entry.IsDirectory)
            {
                if (made.Add(entry.Path)) Header(output, entry.Path, Directory | (int)entry.Mode, inode++, 0);
                continue;
            }

            ReadOnlyMemory<byte> content = entry.LinkTarget is { } target ? Encoding.UTF8.GetBytes(target)
                : entry.Content ?? File.ReadAllBytes(entry.SourceFile!);
            Header(output, entry.Path, entry.LinkTarget is null ? Regular | (int)entry.Mode : Link | 0x1FF, inode++, content.Length);
            output.Write(content.Span);
            Pad(output, content.Length);
        }

        Header(output, "TRAILER!!!", 0, 0, 0);
    }

    private static void Header(Stream output, string name, int mode, int inode, int size, int major = 0, int minor = 0)
    {
        byte[] nameBytes = Encoding.UTF8.GetBytes(name + "\0");
        var text = new StringBuilder("070701");
        foreach (int field in new[] { inode, mode, 0, 0, 1, 0, size, 0, 0, major, minor, nameBytes.Length, 0 }) text.Append(CultureInfo.InvariantCulture, $"{field:X8}");
        output.Write(Encoding.ASCII.GetBytes(text.ToString()));
        output.Write(nameBytes);
        Pad(output, 110 + nameBytes.Length);
    }

    private static void Pad(Stream output, int length)
    {
        for (; length % 4 != 0; length++) output.WriteByte(0);
    }
}
