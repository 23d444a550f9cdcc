using System.Net.Sockets;
using Gureum.Libvirt.Native;
using Gureum.Libvirt.Streams;

namespace Gureum.Libvirt;

/// <content>Serial consoles, channels and screens.</content>
public sealed unsafe partial class Machine
{
    /// <summary>Opens a serial console for reading and writing. Reading ends when the machine does, or when another takes the console over.</summary>
    /// <param name="alias">The device's alias, e.g. <c>serial0</c>; null: the first.</param>
    /// <param name="takeOver">True: whoever has it open is disconnected. False: libvirt refuses while somebody has it open.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <returns>A stream for one reader and one writer at the same time; dispose of it to hang up.</returns>
    public Task<Stream> OpenConsoleAsync(string? alias = null, bool takeOver = false, CancellationToken cancel = default) => RunAsync<Stream>(
        () => DomainStream.Open(_hypervisor, s => Virt.virDomainOpenConsole(_handle, alias, s, takeOver ? 1u : 0), Doing("opening the console of")), cancel);

    /// <summary>Opens a virtio channel, as <see cref="OpenConsoleAsync"/> does a console.</summary>
    /// <param name="name">The channel's target name; null: the first.</param>
    /// <param name="takeOver">True: whoever has it open is disconnected.</param>
    /// <param name="cancel">Stops waiting.</param>
    public Task<Stream> OpenChannelAsync(string? name = null, bool takeOver = false, CancellationToken cancel = default) => RunAsync<Stream>(
        () => DomainStream.Open(_hypervisor, s => Virt.virDomainOpenChannel(_handle, name, s, takeOver ? 1u : 0), Doing("opening a channel of")), cancel);

    /// <summary>Opens a graphics connection (RFB for VNC) without any port: libvirt hands over one end of a socket pair.</summary>
    /// <param name="index">Which graphics device.</param>
    /// <param name="skipAuthentication">True: QEMU asks for no password, since whoever is let in here is known.</param>
    /// <param name="cancel">Stops waiting.</param>
    public Task<Stream> OpenGraphicsAsync(int index = 0, bool skipAuthentication = true, CancellationToken cancel = default) => RunAsync<Stream>(
        () =>
        {
            int descriptor = LibvirtException.Check(Virt.virDomainOpenGraphicsFD(_handle, (uint)index, skipAuthentication ? 1u : 0), Doing("opening the screen of"));
            return new NetworkStream(new Socket(new SafeSocketHandle(descriptor, ownsHandle: true)), ownsSocket: true);
        },
        cancel);

    /// <summary>What a screen shows, as QEMU gives it: PNG (since 7.1), or a portable pixmap (netpbm's P6).</summary>
    /// <param name="screen">Which screen.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <returns>A stream that ends with the picture.</returns>
    public Task<Stream> TakeScreenshotAsync(int screen = 0, CancellationToken cancel = default) => RunAsync<Stream>(
        () => DomainStream.Open(_hypervisor, s => NativeText.Take(Virt.virDomainScreenshot(_handle, s, (uint)screen, 0), Doing("taking a picture of")).Length, Doing("taking a picture of")), cancel);
}
