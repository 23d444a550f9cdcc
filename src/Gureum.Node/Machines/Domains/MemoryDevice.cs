using System.Xml.Linq;

namespace Gureum.Node.Machines.Domains;

/// <summary>The device that a running guest's memory grows by (https://libvirt.org/formatdomain.html#memory-devices). Pure.</summary>
public static class MemoryDevice
{
    // What KubeVirt takes: a guest hot-plugs in blocks of this size, and a transparent huge page is as large.
    private const long Block = 2L << 20;

    /// <param name="most">Bytes that it can have.</param>
    /// <param name="requested">Bytes that the guest is asked to use of it.</param>
    public static XElement Of(long most, long requested) => new("memory", new XAttribute("model", "virtio-mem"),
        new XElement("target", new XElement("size", Unit, most), new XElement("node", 0), new XElement("block", Unit, Block), new XElement("requested", Unit, requested)));

    /// <summary>The device as libvirt has it, with another wish.</summary>
    public static XElement Changed(XElement device, long requested)
    {
        var changed = new XElement(device);
        var target = changed.Element("target")!;
        target.Element("current")?.Remove();
        target.Element("requested")!.ReplaceWith(new XElement("requested", Unit, requested));
        return changed;
    }

    private static XAttribute Unit => new("unit", "b");
}
