using System.Xml.Linq;
using Gureum.Objects.Kubevirt.V1;

namespace Gureum.Node.Machines.Domains;

/// <summary>The network card of a domain, on a tap that the agent made. Pure.</summary>
public static class CardDevices
{
    internal static XElement Of(Devices devices, GuestCard card, int processors)
    {
        var asked = devices.Interfaces.FirstOrDefault(i => i.Name == card.Network) ?? Interface.Empty;
        return new XElement("interface", new XAttribute("type", "ethernet"),
            new XElement("mac", new XAttribute("address", card.Mac)),
            new XElement("target", new XAttribute("dev", card.Tap), new XAttribute("managed", "no")),
            new XElement("model", new XAttribute("type", asked.Model is { Length: > 0 } model ? model : "virtio")),
            devices.NetworkInterfaceMultiqueue == true && asked.Model is null or "" or "virtio" ? new XElement("driver", new XAttribute("name", "qemu"), new XAttribute("queues", processors)) : null,
            new XElement("mtu", new XAttribute("size", card.Mtu)),
            asked.State is "down" ? new XElement("link", new XAttribute("state", "down")) : null,
            asked.BootOrder is { } order ? new XElement("boot", new XAttribute("order", order)) : null,
            // Without a boot order there is nothing to boot from the network: the firmware loses no time on it.
            asked.BootOrder is null ? new XElement("rom", new XAttribute("enabled", "no")) : null,
            new XElement("alias", new XAttribute("name", DiskDevices.Alias(card.Network))));
    }
}
