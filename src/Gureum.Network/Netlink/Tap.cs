using System.Buffers.Binary;
using System.Text;

namespace Gureum.Network.Netlink;

/// <summary>Tap interfaces that outlive the process which makes them (https://docs.kernel.org/networking/tuntap.html).</summary>
public static class Tap
{
    private const int SetInterface = 0x400454CA, SetPersist = 0x400454CB;
    private const ushort IsTap = 0x0002, NoPacketInfo = 0x1000, VirtioHeader = 0x4000, MultiQueue = 0x0100;
    private const int OpenReadWrite = 2;

    /// <summary>Makes the interface, or finds it made already.</summary>
    /// <param name="name">At most 15 characters.</param>
    /// <param name="queues">Whether a guest may open it more than once, a queue for each of its processors.</param>
    /// <exception cref="NetlinkException">The kernel refused: there is no /dev/net/tun, or the name is another kind of interface.</exception>
    public static void Create(string name, bool queues, NetNamespace where) => where.Run(() => { Make(name, queues); return true; });

    private static void Make(string name, bool queues)
    {
        var device = Libc.Open("/dev/net/tun", OpenReadWrite | Libc.OpenCloexec);
        if (device < 0) throw NetlinkException.Last("open /dev/net/tun");
        try
        {
            // struct ifreq: the name, then the flags.
            var request = new byte[40];
            Encoding.ASCII.GetBytes(name, request);
            BinaryPrimitives.WriteUInt16LittleEndian(request.AsSpan(16), (ushort)(IsTap | NoPacketInfo | VirtioHeader | (queues ? MultiQueue : 0)));
            if (Libc.Control(device, SetInterface, request) != 0) throw NetlinkException.Last($"make tap {name}");
            if (Libc.Control(device, SetPersist, 1) != 0) throw NetlinkException.Last($"keep tap {name}");
        }
        finally { _ = Libc.Close(device); }
    }
}
