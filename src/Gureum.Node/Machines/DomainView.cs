using System.Xml.Linq;

namespace Gureum.Node.Machines;

/// <summary>A network card of a running domain (immutable).</summary>
/// <param name="Network">The network's name in the instance; null for a card that did not come from there.</param>
/// <param name="Up">Whether its link is.</param>
internal sealed record DomainCard(string? Network, string Mac, string? Tap, bool Up, int Queues);

/// <summary>A disk of a running domain (immutable).</summary>
/// <param name="Volume">The volume's name in the instance; null for a disk that did not come from there.</param>
/// <param name="Target">As "vda".</param>
internal sealed record DomainDisk(string? Volume, string Target, string Bus, string? Serial);

/// <summary>Memory that came to a running domain (immutable).</summary>
/// <param name="Requested">Bytes that the guest is asked to use.</param>
/// <param name="Current">Bytes that it uses.</param>
internal sealed record DomainMemory(XElement Device, long Requested, long Current);

/// <summary>What is read of a running domain's XML (https://libvirt.org/formatdomain.html). Immutable, pure.</summary>
/// <param name="AgentConnected">Whether a program in the guest has opened the agent's channel.</param>
/// <param name="MachineType">The one that QEMU uses, as "pc-q35-8.2".</param>
internal sealed record DomainView(bool AgentConnected, string? MachineType, (int Sockets, int Cores, int Threads)? Topology, IReadOnlyList<DomainCard> Cards, IReadOnlyList<DomainDisk> Disks)
{
    private const string AliasPrefix = "ua-";

    /// <summary>Processors that the guest has by now, of those that its topology has places for; null when it is not said.</summary>
    internal int? Processors { get; private init; }

    /// <summary>Null as long as none came.</summary>
    internal DomainMemory? PluggedMemory { get; private init; }

    /// <exception cref="System.Xml.XmlException">It is no XML.</exception>
    internal static DomainView Parse(string xml)
    {
        var domain = XElement.Parse(xml);
        var devices = domain.Element("devices") ?? new XElement("devices");
        var topology = domain.Element("cpu")?.Element("topology");
        return new DomainView(
            devices.Elements("channel").Any(c => c.Element("target") is { } target && (string?)target.Attribute("name") == "org.qemu.guest_agent.0" && (string?)target.Attribute("state") == "connected"),
            (string?)domain.Element("os")?.Element("type")?.Attribute("machine"),
            topology is null ? null : Present(domain, Number(topology, "sockets"), Number(topology, "cores"), Number(topology, "threads")),
            [.. devices.Elements("interface").Select(Card)],
            [.. devices.Elements("disk").Select(Disk)])
        { Processors = Vcpus(domain), PluggedMemory = devices.Elements("memory").Where(m => (string?)m.Attribute("model") == "virtio-mem").Select(Memory).FirstOrDefault() };
    }

    private static int? Vcpus(XElement domain) => domain.Element("vcpu") is { } vcpu ? vcpu.Attribute("current") is null ? (int?)vcpu : Number(vcpu, "current") : null;

    // Of the sockets that there is room for, those that have processors.
    private static (int Sockets, int Cores, int Threads) Present(XElement domain, int sockets, int cores, int threads) => (Vcpus(domain) is { } count ? Math.Max(1, count / (cores * threads)) : sockets, cores, threads);

    private static DomainMemory Memory(XElement device) => new(device, Bytes(device.Element("target")?.Element("requested")), Bytes(device.Element("target")?.Element("current")));

    // libvirt says KiB unless it says bytes.
    private static long Bytes(XElement? amount) => amount is null ? 0 : (long)amount * ((string?)amount.Attribute("unit") is "b" or "bytes" ? 1 : 1024);

    private static DomainCard Card(XElement card) => new(
        Alias(card), ((string?)card.Element("mac")?.Attribute("address") ?? "").ToLowerInvariant(), (string?)card.Element("target")?.Attribute("dev"), (string?)card.Element("link")?.Attribute("state") != "down",
        card.Element("driver") is { } driver && driver.Attribute("queues") is not null ? Number(driver, "queues") : 1);

    private static DomainDisk Disk(XElement disk) =>
        new(Alias(disk), (string?)disk.Element("target")?.Attribute("dev") ?? "", (string?)disk.Element("target")?.Attribute("bus") ?? "", (string?)disk.Element("serial"));

    // Devices of the instance carry its names in their aliases; libvirt names the others itself.
    private static string? Alias(XElement device) => (string?)device.Element("alias")?.Attribute("name") is { } alias && alias.StartsWith(AliasPrefix, StringComparison.Ordinal) ? alias[AliasPrefix.Length..] : null;

    private static int Number(XElement element, string attribute) => int.TryParse((string?)element.Attribute(attribute), out var number) ? number : 1;
}
