using System.Reflection;
using Gureum.Images.Archives;

namespace Gureum.Images.Guests;

/// <summary>What of the tiny guest no package has: its scripts (images/tiny-guest) and its accounts.</summary>
internal static class TinyGuestFiles
{
    private const UnixFileMode Program = (UnixFileMode)0b111_101_101;

    internal static IReadOnlyList<LayerEntry> All { get; } =
    [
        Script("init", "init"),
        Script("etc/init.d/seed", "seed"),
        Script("etc/init.d/console", "console"),
        Script("etc/init.d/dhcp", "dhcp"),
        Script("etc/acpi/PWRF/00000080", "power"),
        LayerEntry.File("etc/inittab", Text("inittab")),
        LayerEntry.File("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"),
        LayerEntry.File("etc/group", "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n"),
        // No password opens the account, and a key does: an asterisk, not an exclamation mark.
        LayerEntry.File("etc/shadow", System.Text.Encoding.ASCII.GetBytes("root:*:19000:0:99999:7:::\n"), (UnixFileMode)0b110_000_000),
        LayerEntry.File("etc/shells", "/bin/sh\n"),
        LayerEntry.File("etc/hostname", "tiny\n"),
        LayerEntry.File("etc/os-release", "NAME=\"Gureum tiny guest\"\nID=gureum-tiny\nVERSION_ID=1\nPRETTY_NAME=\"Gureum tiny guest 1\"\n"),
        LayerEntry.Directory("root", (UnixFileMode)0b111_000_000),
        LayerEntry.Directory("tmp", (UnixFileMode)0b1_111_111_111),
        LayerEntry.Directory("proc"), LayerEntry.Directory("sys"), LayerEntry.Directory("run"), LayerEntry.Directory("mnt"), LayerEntry.Directory("var/log"),
        LayerEntry.Directory("www"), LayerEntry.Directory("etc/dropbear"),
        LayerEntry.Link("var/run", "/run"), LayerEntry.Link("sbin", "bin"),
    ];

    private static LayerEntry Script(string path, string name) => LayerEntry.File(path, System.Text.Encoding.UTF8.GetBytes(Text(name)), Program);

    private static string Text(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("tiny-guest/" + name) ?? throw new InvalidOperationException($"the file images/tiny-guest/{name} is not built in");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
