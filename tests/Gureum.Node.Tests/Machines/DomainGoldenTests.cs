using Gureum.Node.Machines.Domains;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Models;
using Gureum.Objects.Yaml;

namespace Gureum.Node.Tests.Machines;

/// <summary>
/// Instances and the domains that they become, side by side in Golden. After a wanted change, set GUREUM_UPDATE_GOLDEN to that folder and run these once.
/// </summary>
public sealed class DomainGoldenTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Machines", "Golden");

    [Theory]
    [InlineData("plain", "qemu")]
    [InlineData("rich", "kvm")]
    [InlineData("kernel", "qemu")]
    [InlineData("grows", "qemu")]
    [InlineData("networks", "qemu")]
    public void Domain_OfAnInstance_IsTheGoldenOne(string name, string domainType)
    {
        var instance = ModelJson.Parse<VirtualMachineInstance>(YamlReader.ToJson(File.ReadAllBytes(Path.Combine(Folder, name + ".yaml"))));
        var disks = (instance.Spec.Domain!.Devices?.Disks ?? []).Select(d => d.Name switch
        {
            "root" => new GuestDisk("root", new GuestImage("/guests/u/root.qcow2", "qcow2") { Backing = new GuestImage("/pods/u/images/root/disk/tiny.qcow2", "qcow2") }),
            "claim" => new GuestDisk("claim", new GuestImage("/dev/vg/claim", "raw", IsDevice: true)),
            var other => new GuestDisk(other!, new GuestImage($"/volumes/{other}/disk.img", "raw")),
        }).ToList();
        var cards = instance.Spec.Networks.Select((n, i) => new GuestCard(n.Name!, $"{(n.Pod is null ? "gt" : "gv")}0123456789a{"bcdef"[i]}", $"02:67:0a:f4:00:0{5 + i}", n.Pod is null ? 1400 : 1450)).ToList();
        var kernel = instance.Spec.Domain.Firmware?.KernelBoot is { } boot ? new GuestKernel("/pods/u/images/kernel-boot/boot/vmlinuz", "/pods/u/images/kernel-boot/boot/initrd", boot.KernelArgs ?? "") : null;
        var host = new GuestHost(domainType, $"{instance.Metadata.Namespace}_{instance.Metadata.Name}", Guid.Parse(instance.Metadata.Uid!), "pod-uid", "/guests/u/console.log");
        var xml = DomainTranslation.Of(instance, host, disks, cards, kernel).ToString() + "\n";
        if (Environment.GetEnvironmentVariable("GUREUM_UPDATE_GOLDEN") is { Length: > 0 } update) File.WriteAllText(Path.Combine(update, name + ".xml"), xml);
        Assert.Equal(File.ReadAllText(Path.Combine(Environment.GetEnvironmentVariable("GUREUM_UPDATE_GOLDEN") is { Length: > 0 } kept ? kept : Folder, name + ".xml")), xml);
    }

    [Theory]
    [InlineData(0, "a")]
    [InlineData(25, "z")]
    [InlineData(26, "aa")]
    [InlineData(701, "zz")]
    public void Letters_OfANumber_AreThoseOfDisks(int number, string letters) => Assert.Equal(letters, DiskDevices.Letters(number));
}
