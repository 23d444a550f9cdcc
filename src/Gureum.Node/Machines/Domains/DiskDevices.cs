using System.Xml.Linq;
using Gureum.Objects.Kubevirt.V1;

namespace Gureum.Node.Machines.Domains;

/// <summary>The disks of a domain, in the order in which the instance lists them. Pure.</summary>
public static class DiskDevices
{
    // Names of targets by bus: vda, sda. The guest need not use them.
    private static readonly Dictionary<string, string> Prefixes = new() { ["virtio"] = "vd", ["sata"] = "sd", ["scsi"] = "sd", ["usb"] = "sd" };

    internal static bool UsesScsi(Devices devices) => devices.Disks.Any(d => Bus(d) == "scsi");

    internal static IEnumerable<XElement> Of(Devices devices, IReadOnlyList<GuestDisk> disks, int count)
    {
        var used = new Dictionary<string, int>();
        foreach (var disk in devices.Disks)
        {
            if (disks.FirstOrDefault(d => d.Name == disk.Name) is not { } backing) continue;
            var prefix = Prefixes[Bus(disk)];
            var number = used.GetValueOrDefault(prefix);
            used[prefix] = number + 1;
            yield return One(disk, backing, prefix + Letters(number), devices.BlockMultiQueue == true ? count : 0);
        }
    }

    /// <summary>One disk, to be plugged into a running guest as well.</summary>
    /// <param name="target">A name that no other disk has, as "vdb".</param>
    /// <param name="queues">How many queues a virtio disk has; 0 for QEMU's own choice.</param>
    public static XElement One(Disk disk, GuestDisk backing, string target, int queues = 0)
    {
        var (drive, readOnly) = (disk.Cdrom is not null, disk.Cdrom is not null || backing.ReadOnly || disk.DiskValue?.Readonly == true);
        var driver = new XElement("driver", new XAttribute("name", "qemu"), new XAttribute("type", backing.Image.Format), new XAttribute("error_policy", disk.ErrorPolicy is { Length: > 0 } policy ? policy : "stop"),
            disk.Cache is { Length: > 0 } cache ? new XAttribute("cache", cache) : null, disk.Io is { Length: > 0 } io ? new XAttribute("io", io) : null, readOnly ? null : new XAttribute("discard", "unmap"), queues > 0 && Bus(disk) == "virtio" ? new XAttribute("queues", queues) : null);
        return new XElement("disk", new XAttribute("type", backing.Image.IsDevice ? "block" : "file"), new XAttribute("device", drive ? "cdrom" : "disk"),
            driver, Source(backing.Image), Backing(backing.Image),
            new XElement("target", new XAttribute("dev", target), new XAttribute("bus", Bus(disk))),
            readOnly ? new XElement("readonly") : null,
            disk.Shareable == true ? new XElement("shareable") : null,
            disk.Serial is { Length: > 0 } serial ? new XElement("serial", serial) : null,
            disk.BootOrder is { } order ? new XElement("boot", new XAttribute("order", order)) : null,
            new XElement("alias", new XAttribute("name", Alias(disk.Name!))));
    }

    /// <summary>The alias of a disk: that of its volume.</summary>
    public static string Alias(string volume) => "ua-" + volume;

    private static XElement Source(GuestImage image) => new("source", new XAttribute(image.IsDevice ? "dev" : "file", image.Path));

    // The whole chain is said, with an end: QEMU follows no reference that stands in an image.
    private static XElement Backing(GuestImage image) => image.Backing is not { } below ? new XElement("backingStore")
        : new XElement("backingStore", new XAttribute("type", below.IsDevice ? "block" : "file"), new XElement("format", new XAttribute("type", below.Format)), Source(below), Backing(below));

    private static string Bus(Disk disk) => disk.Cdrom is { } drive ? drive.Bus is { Length: > 0 } bus ? bus : "sata" : disk.DiskValue?.Bus is { Length: > 0 } given ? given : "virtio";

    // a … z, aa …
    internal static string Letters(int number) => (number >= 26 ? Letters(number / 26 - 1) : "") + (char)('a' + number % 26);
}
