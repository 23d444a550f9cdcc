using System.Buffers.Binary;
using System.Text;

namespace Gureum.Images.Guests;

/// <summary>
/// Builds small read-only disks (ECMA-119 with Joliet): seeds of cloud-init, configuration, secrets. Names appear as given, to
/// Linux and Windows alike. Equal input gives equal bytes. Pure.
/// </summary>
public static class Iso9660
{
    private const int Sector = 2048, FirstFree = 23;

    /// <summary>The disk's bytes.</summary>
    /// <param name="label">Volume label, e.g. <c>cidata</c>: at most 16 characters.</param>
    /// <param name="files">Paths without a leading slash, and their content.</param>
    /// <exception cref="ArgumentException">A label or name is too long, a path is none, or a directory holds more than fits here (some 30 entries).</exception>
    public static byte[] Build(string label, IEnumerable<(string Path, byte[] Content)> files)
    {
        if (label.Length is 0 or > 16 || !label.All(c => c is > ' ' and < (char)127)) throw new ArgumentException($"the label \"{label}\" is refused: give 1 to 16 printable ASCII characters", nameof(label));
        Node root = Tree(files);
        List<Node> directories = [.. root.Directories()], contents = [.. root.Files()];
        int next = FirstFree;
        foreach (Node d in directories) d.Place = next++;
        foreach (Node d in directories) d.JolietPlace = next++;
        foreach (Node f in contents)
        {
            f.Place = f.JolietPlace = next;
            next += Math.Max(1, (f.Content!.Length + Sector - 1) / Sector);
        }

        var disk = new byte[next * Sector];
        foreach (bool joliet in new[] { false, true })
        {
            int table = joliet ? 21 : 19;
            int size = PathTable(disk.AsSpan(table * Sector, Sector), directories, joliet, bigEndian: false);
            PathTable(disk.AsSpan((table + 1) * Sector, Sector), directories, joliet, bigEndian: true);
            Descriptor(disk.AsSpan((joliet ? 17 : 16) * Sector, Sector), label, root, joliet, next, table, size);
            foreach (Node d in directories) Records(disk.AsSpan(d.PlaceIn(joliet) * Sector, Sector), d, joliet);
        }

        disk[18 * Sector] = 255;
        "CD001"u8.CopyTo(disk.AsSpan((18 * Sector) + 1));
        disk[(18 * Sector) + 6] = 1;
        foreach (Node f in contents) f.Content!.CopyTo(disk, f.Place * Sector);
        return disk;
    }

    /// <summary>The same for texts.</summary>
    public static byte[] Build(string label, IEnumerable<(string Path, string Text)> files) => Build(label, files.Select(f => (f.Path, Encoding.UTF8.GetBytes(f.Text))));

    private static Node Tree(IEnumerable<(string Path, byte[] Content)> files)
    {
        var root = new Node("", null, null);
        foreach ((string path, byte[] content) in files)
        {
            string[] parts = path.Split('/');
            if (parts.Any(p => p is "" or "." or ".." || p.Length > 64 || p.Any(char.IsControl))) throw new ArgumentException($"\"{path}\" is no path for a disk: parts of 1 to 64 characters are possible", nameof(files));
            Node at = root;
            foreach (string part in parts[..^1]) at = at.Child(part, null);
            at.Child(parts[^1], content);
        }

        return root;
    }

    private static void Descriptor(Span<byte> d, string label, Node root, bool joliet, int sectors, int table, int tableSize)
    {
        d[0] = joliet ? (byte)2 : (byte)1;
        "CD001"u8.CopyTo(d[1..]);
        d[6] = 1;
        Text(d.Slice(8, 32), "", joliet);
        Text(d.Slice(40, 32), label, joliet);
        Both32(d[80..], sectors);
        if (joliet) "%/E"u8.CopyTo(d[88..]);
        Both16(d[120..], 1);
        Both16(d[124..], 1);
        Both16(d[128..], Sector);
        Both32(d[132..], tableSize);
        BinaryPrimitives.WriteInt32LittleEndian(d[140..], table);
        BinaryPrimitives.WriteInt32BigEndian(d[148..], table + 1);
        Record(d.Slice(156, 34), [0], root.PlaceIn(joliet), Sector, directory: true);
        foreach (int text in new[] { 190, 318, 446, 574 }) Text(d.Slice(text, 128), "", joliet);
        foreach (int text in new[] { 702, 739, 776 }) Text(d.Slice(text, 37), "", joliet);
        foreach (int date in new[] { 813, 830, 847, 864 }) d.Slice(date, 16).Fill((byte)'0');
        d[881] = 1;
    }

    private static int PathTable(Span<byte> table, List<Node> directories, bool joliet, bool bigEndian)
    {
        int at = 0;
        foreach (Node d in directories)
        {
            byte[] name = d.Parent is null ? [0] : Name(d.Name, joliet);
            int parent = d.Parent is null ? 1 : directories.IndexOf(d.Parent) + 1;
            if (at + 8 + name.Length + 1 > table.Length) throw new ArgumentException("there are more directories than fit");
            table[at] = (byte)name.Length;
            if (bigEndian)
            {
                BinaryPrimitives.WriteInt32BigEndian(table[(at + 2)..], d.PlaceIn(joliet));
                BinaryPrimitives.WriteInt16BigEndian(table[(at + 6)..], (short)parent);
            }
            else
            {
                BinaryPrimitives.WriteInt32LittleEndian(table[(at + 2)..], d.PlaceIn(joliet));
                BinaryPrimitives.WriteInt16LittleEndian(table[(at + 6)..], (short)parent);
            }

            name.CopyTo(table[(at + 8)..]);
            at += 8 + name.Length + (name.Length & 1);
        }

        return at;
    }

    private static void Records(Span<byte> sector, Node directory, bool joliet)
    {
        int at = Record(sector, [0], directory.PlaceIn(joliet), Sector, directory: true);
        at += Record(sector[at..], [1], (directory.Parent ?? directory).PlaceIn(joliet), Sector, directory: true);
        foreach (Node child in directory.Children)
        {
            byte[] name = Name(child.Name, joliet);
            if (at + 34 + name.Length > sector.Length) throw new ArgumentException($"the directory \"{directory.Name}\" has more entries than fit");
            at += Record(sector[at..], name, child.PlaceIn(joliet), child.Content?.Length ?? Sector, child.Content is null);
        }
    }

    private static int Record(Span<byte> r, ReadOnlySpan<byte> name, int place, int size, bool directory)
    {
        int length = 33 + name.Length + ((name.Length & 1) == 0 ? 1 : 0);
        r[0] = (byte)length;
        Both32(r[2..], place);
        Both32(r[10..], size);
        // 2020-01-01: some readers take zeros for damage.
        r[18] = 120;
        r[19] = r[20] = 1;
        r[25] = directory ? (byte)2 : (byte)0;
        Both16(r[28..], 1);
        r[32] = (byte)name.Length;
        name.CopyTo(r[33..]);
        return length;
    }

    private static byte[] Name(string name, bool joliet) => joliet ? Encoding.BigEndianUnicode.GetBytes(name) : Encoding.ASCII.GetBytes(name);

    private static void Text(Span<byte> field, string text, bool joliet)
    {
        if (!joliet) field.Fill((byte)' ');
        else for (int i = 0; i + 1 < field.Length; i += 2) BinaryPrimitives.WriteInt16BigEndian(field[i..], (short)' ');
        Name(text, joliet).CopyTo(field);
    }

    private static void Both16(Span<byte> field, int value)
    {
        BinaryPrimitives.WriteInt16LittleEndian(field, (short)value);
        BinaryPrimitives.WriteInt16BigEndian(field[2..], (short)value);
    }

    private static void Both32(Span<byte> field, int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(field, value);
        BinaryPrimitives.WriteInt32BigEndian(field[4..], value);
    }

    /// <summary>A file (with content) or a directory (without).</summary>
    private sealed class Node(string name, Node? parent, byte[]? content)
    {
        private readonly SortedDictionary<string, Node> _children = new(StringComparer.Ordinal);

        internal string Name => name;

        internal Node? Parent => parent;

        internal byte[]? Content => content;

        internal int Place { get; set; }

        internal int JolietPlace { get; set; }

        internal IEnumerable<Node> Children => _children.Values;

        internal int PlaceIn(bool joliet) => joliet ? JolietPlace : Place;

        internal Node Child(string child, byte[]? with)
        {
            if (!_children.TryGetValue(child, out Node? there)) return _children[child] = new Node(child, this, with);
            return with is null && there.Content is null ? there : throw new ArgumentException($"\"{child}\" is there twice");
        }

        /// <summary>This and all below, level by level as the path table wants it.</summary>
        internal IEnumerable<Node> Directories()
        {
            var queue = new Queue<Node>([this]);
            while (queue.TryDequeue(out Node? d))
            {
                yield return d;
                foreach (Node child in d.Children.Where(c => c.Content is null)) queue.Enqueue(child);
            }
        }

        internal IEnumerable<Node> Files() => Children.SelectMany(c => c.Content is null ? c.Files() : [c]);
    }
}
