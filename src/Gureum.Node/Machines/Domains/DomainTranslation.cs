using System.Globalization;
using System.Xml.Linq;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;

namespace Gureum.Node.Machines.Domains;

/// <summary>
/// From a VirtualMachineInstance to libvirt's domain XML (https://libvirt.org/formatdomain.html). Pure: what the node lends comes in as
/// values. Fields that are not translated here are refused by the API server (SupportedFields), never left out in silence.
/// </summary>
public static class DomainTranslation
{
    internal static readonly XNamespace Gureum = "https://gureum.io/libvirt/1";

    // The code cache of translated instructions: QEMU's own choice is a multiple of a small guest's memory.
    private const int TranslationCacheMebibytes = 64;

    /// <summary>Ports that disks and cards can be plugged into while the guest runs.</summary>
    private const int FreePorts = 4;

    public static XElement Of(VirtualMachineInstance instance, GuestHost host, IReadOnlyList<GuestDisk> disks, IReadOnlyList<GuestCard> cards, GuestKernel? kernel = null)
    {
        var (spec, domain) = (instance.Spec, instance.Spec.Domain ?? DomainSpec.Empty);
        var size = GuestSize.Of(spec);
        return new XElement("domain", new XAttribute("type", host.DomainType),
            new XElement("name", host.Name),
            new XElement("uuid", host.Uuid.ToString("D")),
            new XElement("title", $"{instance.Metadata.Namespace}/{instance.Metadata.Name}"),
            new XElement("metadata", new XElement(Gureum + "pod", new XAttribute(XNamespace.Xmlns + "gureum", Gureum.NamespaceName), new XAttribute("uid", host.PodUid))),
            size.MostMemory is { } most ? new XElement("maxMemory", new XAttribute("slots", 1), new XAttribute("unit", "b"), most) : null,
            new XElement("memory", new XAttribute("unit", "b"), size.Memory),
            new XElement("vcpu", new XAttribute("placement", "static"), size.MostProcessors == size.Processors ? null : new XAttribute("current", size.Processors), size.MostProcessors),
            System(domain, kernel),
            Firmware(domain, host),
            Processors(domain.Cpu, size, host.DomainType),
            Features(domain.Features, host.DomainType),
            Clock(domain.Clock),
            new XElement("on_poweroff", "destroy"), new XElement("on_reboot", "restart"), new XElement("on_crash", "destroy"),
            new XElement("pm", new XElement("suspend-to-mem", new XAttribute("enabled", "no")), new XElement("suspend-to-disk", new XAttribute("enabled", "no"))),
            Devices(domain.Devices ?? Objects.Kubevirt.V1.Devices.Empty, size, host, disks, cards));
    }

    private static XElement System(DomainSpec domain, GuestKernel? kernel)
    {
        var os = new XElement("os", new XElement("type", new XAttribute("arch", "x86_64"), new XAttribute("machine", domain.Machine?.Type is { Length: > 0 } machine ? machine : "q35"), "hvm"));
        if (kernel is not null)
        {
            os.Add(new XElement("kernel", kernel.Kernel));
            if (kernel.Initrd is not null) os.Add(new XElement("initrd", kernel.Initrd));
            if (kernel.Arguments.Length > 0) os.Add(new XElement("cmdline", kernel.Arguments));
        }
        if (domain.Firmware?.Bootloader?.Bios?.UseSerial == true) os.Add(new XElement("bios", new XAttribute("useserial", "yes")));
        os.Add(new XElement("smbios", new XAttribute("mode", "sysinfo")));
        return os;
    }

    private static XElement Firmware(DomainSpec domain, GuestHost host)
    {
        var system = new XElement("system", Entry("manufacturer", "Gureum"), Entry("product", "None"), Entry("uuid", host.Uuid.ToString("D")), Entry("family", "Gureum"));
        if (domain.Firmware?.Serial is { Length: > 0 } serial) system.Add(Entry("serial", serial));
        var info = new XElement("sysinfo", new XAttribute("type", "smbios"), system);
        if (domain.Chassis is { } chassis)
        {
            var described = new XElement("chassis");
            foreach (var (name, text) in ((string, string?)[])[("manufacturer", chassis.Manufacturer), ("version", chassis.Version), ("serial", chassis.Serial), ("asset", chassis.Asset), ("sku", chassis.Sku)])
                if (text is { Length: > 0 }) described.Add(Entry(name, text));
            info.Add(described);
        }
        return info;

        static XElement Entry(string name, string text) => new("entry", new XAttribute("name", name), text);
    }

    private static XElement Processors(CPU? cpu, GuestSize size, string domainType)
    {
        var topology = new XElement("topology", new XAttribute("sockets", size.MostSockets), new XAttribute("cores", size.Cores), new XAttribute("threads", size.Threads));
        var element = cpu?.Model switch
        {
            "host-passthrough" when domainType == "kvm" => new XElement("cpu", new XAttribute("mode", "host-passthrough"), topology),
            null or "" or "host-model" or "host-passthrough" => new XElement("cpu", new XAttribute("mode", domainType == "kvm" ? "host-model" : "maximum"), topology),
            var model => new XElement("cpu", new XAttribute("mode", "custom"), new XAttribute("match", "exact"), new XElement("model", new XAttribute("fallback", "forbid"), model), topology),
        };
        // Memory is plugged into a node: one that has all that the guest starts with.
        if (size.MostMemory is not null) element.Add(new XElement("numa", new XElement("cell", new XAttribute("id", 0), new XAttribute("cpus", $"0-{size.MostProcessors - 1}"), new XAttribute("memory", size.Memory), new XAttribute("unit", "b"))));
        foreach (var feature in cpu?.Features ?? []) element.Add(new XElement("feature", new XAttribute("policy", feature.Policy is { Length: > 0 } policy ? policy : "require"), new XAttribute("name", feature.Name ?? "")));
        return element;
    }

    private static XElement Features(Features? features, string domainType)
    {
        var element = new XElement("features");
        if (features?.Acpi?.Enabled != false) element.Add(new XElement("acpi"));
        if (features?.Apic?.Enabled != false) element.Add(new XElement("apic", features?.Apic?.EndOfInterrupt == true ? new XAttribute("eoi", "on") : null));
        if (features?.Smm is { } smm) element.Add(new XElement("smm", new XAttribute("state", smm.Enabled == false ? "off" : "on")));
        if (features?.Kvm?.Hidden == true) element.Add(new XElement("kvm", new XElement("hidden", new XAttribute("state", "on"))));
        if (features?.Pvspinlock is { } spin) element.Add(new XElement("pvspinlock", new XAttribute("state", spin.Enabled == false ? "off" : "on")));
        if (domainType == "qemu") element.Add(new XElement("tcg", new XElement("tb-cache", new XAttribute("unit", "MiB"), TranslationCacheMebibytes)));
        return element;
    }

    private static XElement Clock(Clock? clock)
    {
        var element = clock switch
        {
            { Timezone: { Length: > 0 } zone } => new XElement("clock", new XAttribute("offset", "timezone"), new XAttribute("timezone", zone)),
            { Utc.OffsetSeconds: { } seconds } => new XElement("clock", new XAttribute("offset", "variable"), new XAttribute("adjustment", seconds.ToString(CultureInfo.InvariantCulture)), new XAttribute("basis", "utc")),
            _ => new XElement("clock", new XAttribute("offset", "utc")),
        };
        if (clock?.Timer is not { } timers) return element;
        Timer("rtc", timers.Rtc?.Present, timers.Rtc?.TickPolicy, timers.Rtc is not null, timers.Rtc?.Track);
        Timer("pit", timers.Pit?.Present, timers.Pit?.TickPolicy, timers.Pit is not null);
        Timer("kvmclock", timers.Kvm?.Present, null, timers.Kvm is not null);
        Timer("hpet", timers.Hpet?.Present, timers.Hpet?.TickPolicy, timers.Hpet is not null);
        Timer("hypervclock", timers.Hyperv?.Present, null, timers.Hyperv is not null);
        return element;

        void Timer(string name, bool? present, string? policy, bool asked, string? track = null)
        {
            if (!asked) return;
            element.Add(new XElement("timer", new XAttribute("name", name), policy is { Length: > 0 } ? new XAttribute("tickpolicy", policy) : null, track is { Length: > 0 } ? new XAttribute("track", track) : null,
                new XAttribute("present", present == false ? "no" : "yes")));
        }
    }

    private static XElement Devices(Devices devices, GuestSize size, GuestHost host, IReadOnlyList<GuestDisk> disks, IReadOnlyList<GuestCard> cards)
    {
        var element = new XElement("devices");
        // A root bus, a port for each device, and some to plug into later.
        element.Add(new XElement("controller", new XAttribute("type", "pci"), new XAttribute("index", 0), new XAttribute("model", "pcie-root")));
        var ports = disks.Count + cards.Count + 4 + (devices.DisableHotplug == true ? 0 : FreePorts);
        for (var i = 1; i <= ports; i++) element.Add(new XElement("controller", new XAttribute("type", "pci"), new XAttribute("index", i), new XAttribute("model", "pcie-root-port")));
        element.Add(new XElement("controller", new XAttribute("type", "usb"), new XAttribute("model", NeedsUsb(devices) ? "qemu-xhci" : "none")));
        if (DiskDevices.UsesScsi(devices) || devices.DisableHotplug != true) element.Add(new XElement("controller", new XAttribute("type", "scsi"), new XAttribute("index", 0), new XAttribute("model", "virtio-scsi")));
        element.Add(new XElement("controller", new XAttribute("type", "virtio-serial"), new XAttribute("index", 0)));
        element.Add(DiskDevices.Of(devices, disks, size.Processors));
        element.Add(cards.Select(card => CardDevices.Of(devices, card, size.Processors)));
        if (devices.AutoattachSerialConsole != false) element.Add(Serial(host));
        element.Add(new XElement("channel", new XAttribute("type", "unix"), new XElement("target", new XAttribute("type", "virtio"), new XAttribute("name", "org.qemu.guest_agent.0"))));
        foreach (var input in devices.Inputs) element.Add(new XElement("input", new XAttribute("type", input.Type ?? "tablet"), new XAttribute("bus", input.Bus is { Length: > 0 } bus ? bus : "usb")));
        if (devices.AutoattachGraphicsDevice != false)
        {
            // No socket listens: who may look is handed a connection by libvirt.
            element.Add(new XElement("graphics", new XAttribute("type", "vnc"), new XElement("listen", new XAttribute("type", "none"))));
            element.Add(new XElement("video", new XElement("model", new XAttribute("type", devices.Video?.Type is { Length: > 0 } video ? video : "vga"), new XAttribute("vram", 16384), new XAttribute("heads", 1))));
        }
        else element.Add(new XElement("video", new XElement("model", new XAttribute("type", "none"))));
        if (devices.Watchdog?.I6300esb is { } dog) element.Add(new XElement("watchdog", new XAttribute("model", "i6300esb"), new XAttribute("action", dog.Action is { Length: > 0 } action ? action : "reset")));
        element.Add(new XElement("memballoon", new XAttribute("model", devices.AutoattachMemBalloon == false ? "none" : "virtio")));
        if (devices.Rng is not null) element.Add(new XElement("rng", new XAttribute("model", "virtio"), new XElement("backend", new XAttribute("model", "random"), "/dev/urandom")));
        return element;
    }

    private static bool NeedsUsb(Devices devices) => devices.Inputs.Any(i => i.Bus is not "virtio") || devices.Disks.Any(d => d.DiskValue?.Bus == "usb");

    private static XElement[] Serial(GuestHost host)
    {
        var log = host.ConsoleLog is { } file ? new XElement("log", new XAttribute("file", file), new XAttribute("append", "on")) : null;
        return
        [
            new XElement("serial", new XAttribute("type", "pty"), log, new XElement("target", new XAttribute("port", 0))),
            new XElement("console", new XAttribute("type", "pty"), new XElement("target", new XAttribute("type", "serial"), new XAttribute("port", 0))),
        ];
    }
}
