using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Gureum.Images.Archives;
using Gureum.Images.Packages;

namespace Gureum.Images.Guests;

/// <summary>The files of a built Debian guest. Immutable.</summary>
/// <param name="Disk">A bootable qcow2 disk, compressed.</param>
/// <param name="Archive">The disk as a container disk (KubeVirt's format: the disk below /disk), an OCI archive.</param>
public sealed record DebianGuestFiles(string Disk, string Archive);

/// <summary>
/// Debian of this machine's release as clouds have it: its cloud kernel, systemd, cloud-init, an ssh server and QEMU's guest agent. Built by mmdebstrap from the machine's
/// package sources, in namespaces of its own; no image of it is downloaded.
/// </summary>
public static class DebianGuest
{
    /// <summary>Name of its container disk.</summary>
    public const string Name = "gureum.local/debian-guest:1";

    /// <summary>What the guest sees of its disk, in bytes; cloud-init grows the file system on a larger one.</summary>
    public const long Size = 2L << 30;

    private const string Kind = "debian-guest", Kernel = "linux-image-cloud-amd64";

    private static readonly string[] Packages =
    [
        Kernel, "systemd-sysv", "udev", "dbus", "systemd-resolved", "cloud-init", "cloud-guest-utils", "openssh-server", "qemu-guest-agent", "sudo",
        "iproute2", "netbase", "kmod", "lz4", "e2fsprogs", "fdisk",
    ];

    private static readonly string[] Settings =
    [
        "--mode=root", "--variant=apt", "--format=directory", "--skip=check/empty,check/qemu", "--hook-dir=/usr/share/mmdebstrap/hooks/maybe-merged-usr",
        "--aptopt=APT::Install-Recommends \"false\"", "--aptopt=Acquire::Languages \"none\"", "--dpkgopt=force-unsafe-io",
    ];

    /// <summary>The guest's files; built on first use, which takes one to two minutes.</summary>
    /// <param name="cacheDirectory">Where they are kept, by the content of the recipe and the packages' versions.</param>
    /// <param name="say">Told what is being done.</param>
    /// <param name="cancel">Gives up, and leaves nothing behind.</param>
    /// <exception cref="ImageException">The package sources cannot be reached, or a program is missing; the message says which.</exception>
    public static async Task<DebianGuestFiles> EnsureAsync(string cacheDirectory, Action<string> say, CancellationToken cancel)
    {
        if (ImageDescription.LocalArchitecture != "amd64") throw new ImageException($"the Debian guest is made for amd64, and this machine is {ImageDescription.LocalArchitecture}");
        PackageSources sources = await PackageSources.ReadAsync(cancel).ConfigureAwait(false);
        string fingerprint = await FingerprintAsync(sources, cancel).ConfigureAwait(false);
        string directory = await BuildCache.EnsureAsync(cacheDirectory, Kind, fingerprint, (work, built) => BuildAsync(sources, work, built, say, cancel), cancel).ConfigureAwait(false);
        return Files(directory);
    }

    private static DebianGuestFiles Files(string directory) => new(Path.Combine(directory, "debian.qcow2"), Path.Combine(directory, "debian-guest.tar"));

    private static async Task BuildAsync(PackageSources sources, string work, string built, Action<string> say, CancellationToken cancel)
    {
        string root = Path.Combine(work, "root"), tools = Path.Combine(work, "tools"), list = Path.Combine(work, "sources.list");
        await File.WriteAllLinesAsync(list, sources.Lines, cancel).ConfigureAwait(false);
        string[] hooks = [$"--essential-hook={await ScriptAsync("prepare").ConfigureAwait(false)}", $"--customize-hook={await ScriptAsync("finish").ConfigureAwait(false)}"];
        string[] arguments = [.. Settings, .. hooks, "--include=" + string.Join(',', Packages), sources.Suite, root, list];
        await Contained.RunAsync("mmdebstrap", arguments, "mmdebstrap", line => { if (line.StartsWith("I: ", StringComparison.Ordinal)) say(line[3..]); }, cancel).ConfigureAwait(false);

        var id = Guid.NewGuid();
        Write(root, "etc/fstab", $"UUID={id:D} / ext4 errors=remount-ro 0 1\n");
        Write(root, "etc/cloud/cloud.cfg.d/90_gureum.cfg", Text("cloud.cfg"));
        Write(root, "boot/grub/grub.cfg", Text("grub.cfg").Replace("@UUID@", id.ToString("D"), StringComparison.Ordinal));
        say("writing the disk");
        string downloads = Path.Combine(work, "downloads");
        Directory.CreateDirectory(downloads);
        await DebianPackages.UnpackAsync(GrubDisk.Packages, downloads, tools, cancel).ConfigureAwait(false);
        DebianGuestFiles files = Files(built);
        await GrubDisk.WriteAsync(files.Disk, root, id, Size, tools, work, cancel).ConfigureAwait(false);
        say("writing the container disk");
        // QEMU's user of KubeVirt's images is 107, and their disks belong to it.
        OciArchive.Write(files.Archive, Name, new ImageDescription(), [LayerEntry.CopyOf("disk/debian.qcow2", files.Disk, (UnixFileMode)0b100_100_100) with { UserId = 107, GroupId = 107 }]);

        async Task<string> ScriptAsync(string name)
        {
            string path = Path.Combine(work, name);
            await File.WriteAllTextAsync(path, Text(name), cancel).ConfigureAwait(false);
            File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
            return path;
        }
    }

    private static void Write(string root, string path, string content)
    {
        string file = Path.Combine(root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, content);
    }

    private static async Task<string> FingerprintAsync(PackageSources sources, CancellationToken cancel)
    {
        var text = new StringBuilder(sources.Suite).AppendJoin(' ', Settings).Append(Size);
        // A newer kernel has another package, not another version.
        text.Append(await DebianPackages.NewestAsync(Kernel, "linux-image-", cancel).ConfigureAwait(false));
        foreach ((string name, string version) in await DebianPackages.CandidatesAsync([.. Packages, .. GrubDisk.Packages], cancel).ConfigureAwait(false)) text.Append('\n').Append(name).Append(' ').Append(version);
        foreach (string name in new[] { "prepare", "finish", "cloud.cfg", "grub.cfg" }) text.Append('\n').Append(Text(name));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..12];
    }

    private static string Text(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("debian-guest/" + name) ?? throw new InvalidOperationException($"the file images/debian-guest/{name} is not built in");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
