using Gureum.Images.Disks;
using Gureum.Images.Guests;
using Gureum.Node.Machines.Domains;
using Gureum.Objects;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;

namespace Gureum.Node.Machines.Disks;

/// <summary>
/// Makes the disks of one guest from its volumes, in its own directory, or finds them made. What a guest writes lies in files of that directory or in its
/// claims; images from outside are only ever read.
/// </summary>
/// <param name="directory">The guest's own.</param>
/// <param name="volumes">The node's path of each of the pod's volumes.</param>
internal sealed class GuestDisks(string directory, IReadOnlyDictionary<string, string> volumes)
{
    private const string ClaimFile = "disk.img";

    internal async Task<IReadOnlyList<GuestDisk>> EnsureAsync(VirtualMachineInstance instance, IReadOnlyDictionary<string, long> claimSizes, CancellationToken cancel)
    {
        var disks = new List<GuestDisk>();
        foreach (var volume in instance.Spec.Volumes) disks.Add(await EnsureAsync(instance, volume, claimSizes, cancel));
        return disks;
    }

    /// <exception cref="DiskException">The volume cannot be a disk.</exception>
    internal async Task<GuestDisk> EnsureAsync(VirtualMachineInstance instance, Volume volume, IReadOnlyDictionary<string, long> claimSizes, CancellationToken cancel)
    {
        var name = volume.Name!;
        if (volume.ContainerDisk is { } image) return new GuestDisk(name, await OverlayAsync(name, ContainerDisk(name, image), cancel));
        if (volume.EmptyDisk is { } empty) return new GuestDisk(name, await EmptyAsync(name, empty.Capacity ?? Quantity.Zero, cancel));
        if (volume.PersistentVolumeClaim is { } claim) return new GuestDisk(name, Claim(name, claimSizes), claim.ReadOnly == true);
        if (volume.DataVolume is not null) return new GuestDisk(name, Claim(name, claimSizes));
        if (volume.Ephemeral is not null) return new GuestDisk(name, await OverlayAsync(name, Claim(name, claimSizes), cancel));
        var disc = CloudInitFiles.Of(volume, instance, Files, Keys(instance)) ?? Data(volume);
        SeedFolder.Keep(directory, disc);
        return new GuestDisk(name, await DiscAsync(name, disc, cancel), ReadOnly: true);
    }

    /// <summary>The kernel that the guest boots without a disk; null when it boots from one.</summary>
    internal GuestKernel? Kernel(VirtualMachineInstance instance)
    {
        if (instance.Spec.Domain?.Firmware?.KernelBoot is not { Container: { } container } boot) return null;
        var (root, what) = (Folder(MachineNames.KernelVolume), $"image {container.Image}");
        return new GuestKernel(ImageFile.Find(root, container.KernelPath, what), container.InitrdPath is { Length: > 0 } initrd ? ImageFile.Find(root, initrd, what) : null, boot.KernelArgs ?? "");
    }

    private GuestImage ContainerDisk(string name, ContainerDiskSource image)
    {
        var what = $"image {image.Image}";
        var file = ImageFile.Find(Folder(name), image.Path, what);
        return new GuestImage(file, ImageFile.Inspect(file, what).Name);
    }

    private async Task<GuestImage> OverlayAsync(string name, GuestImage below, CancellationToken cancel)
    {
        var path = Path.Combine(directory, name + ".qcow2");
        if (!File.Exists(path)) await MakeAsync(path, part => QemuImg.CreateAsync(part, null, below.Path, below.Format, cancel));
        return new GuestImage(path, "qcow2") { Backing = below };
    }

    private async Task<GuestImage> EmptyAsync(string name, Quantity capacity, CancellationToken cancel)
    {
        var path = Path.Combine(directory, name + ".qcow2");
        if (!File.Exists(path)) await MakeAsync(path, part => QemuImg.CreateAsync(part, Sectors(capacity.Whole), null, null, cancel));
        return new GuestImage(path, "qcow2");
    }

    // Raw, whatever it says of itself: a guest that writes a qcow2 header into it gets a raw disk with a qcow2 header.
    private GuestImage Claim(string name, IReadOnlyDictionary<string, long> sizes)
    {
        // A claim of mode Block is the disk itself.
        var claim = Folder(name);
        if (!Directory.Exists(claim) && Path.GetFileName(claim) != ClaimFile) return new GuestImage(claim, "raw", IsDevice: true);
        var path = Directory.Exists(claim) ? Path.Combine(claim, ClaimFile) : claim;
        if (new FileInfo(path).LinkTarget is { } target) throw new DiskException($"{ClaimFile} in the claim of volume {name} is a link to {target}; it must be a plain file");
        if (!File.Exists(path))
        {
            var size = sizes.TryGetValue(name, out var bytes) ? bytes : throw new DiskException($"the claim of volume {name} has no {ClaimFile}, and its size is not known");
            using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
            file.SetLength(Sectors(size));
        }
        else if (!Native.Libc.IsRegularFile(path)) throw new DiskException($"{ClaimFile} in the claim of volume {name} is no plain file");
        else if (sizes.TryGetValue(name, out var grown) && new FileInfo(path).Length < Sectors(grown))
        {
            // The claim was expanded since.
            using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            file.SetLength(Sectors(grown));
        }
        return new GuestImage(path, "raw");
    }

    private async Task<GuestImage> DiscAsync(string name, SeedDisc disc, CancellationToken cancel)
    {
        var path = Path.Combine(directory, name + ".iso");
        if (!File.Exists(path))
        {
            byte[] bytes;
            try { bytes = Iso9660.Build(disc.Label, disc.Files); }
            catch (ArgumentException e) { throw new DiskException($"volume {name} does not fit on a disc: {e.Message}", e); }
            await MakeAsync(path, part => File.WriteAllBytesAsync(part, bytes, cancel));
        }
        return new GuestImage(path, "raw");
    }

    private SeedDisc Data(Volume volume)
    {
        var (label, name) = (volume.ConfigMap?.VolumeLabel ?? volume.Secret?.VolumeLabel ?? volume.DownwardAPI?.VolumeLabel ?? "cfgdata", volume.Name!);
        var files = Files(name);
        return new SeedDisc(label, [.. files.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => (f.Key, f.Value))]);
    }

    private IReadOnlyDictionary<string, byte[]> Files(string volume)
    {
        var folder = Folder(volume);
        return Directory.EnumerateFiles(folder).Where(f => !Path.GetFileName(f).StartsWith("..", StringComparison.Ordinal)).ToDictionary(f => Path.GetFileName(f), File.ReadAllBytes);
    }

    private List<string> Keys(VirtualMachineInstance instance)
    {
        var keys = new List<string>();
        for (var i = 0; i < instance.Spec.AccessCredentials.Count; i++)
            if (volumes.ContainsKey($"access-credential-{i}")) keys.AddRange(Files($"access-credential-{i}").OrderBy(f => f.Key, StringComparer.Ordinal).SelectMany(f => System.Text.Encoding.UTF8.GetString(f.Value).Split('\n')).Select(l => l.Trim()).Where(l => l.Length > 0 && l[0] != '#'));
        return keys;
    }

    private string Folder(string volume) => volumes.TryGetValue(MachineNames.PodVolume(volume), out var path) ? path : throw new DiskException($"volume {volume} is not one of the pod's");

    private static long Sectors(long bytes) => Math.Max(512, bytes / 512 * 512);

    // Whole or not at all: a crash in between leaves nothing that looks finished.
    private static async Task MakeAsync(string path, Func<string, Task> make)
    {
        var part = path + ".new";
        File.Delete(part);
        await make(part);
        File.Move(part, path);
    }
}
