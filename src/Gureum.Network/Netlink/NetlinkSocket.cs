using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Gureum.Network.Netlink;

/// <summary>
/// A netlink socket that lives in one namespace: sends a request and collects its answers. Thread-safe (one request at
/// a time).
/// </summary>
internal sealed class NetlinkSocket : IDisposable
{
    private const ushort TypeError = 2, TypeDone = 3;
    private const ushort FlagCapped = 0x100, FlagHasText = 0x200;
    private readonly Lock _one = new();
    private readonly SafeFileHandle _handle;
    private readonly byte[] _buffer = new byte[128 * 1024];
    private uint _sequence;

    /// <param name="protocol">NETLINK_ROUTE is 0, NETLINK_NETFILTER 12.</param>
    internal NetlinkSocket(NetNamespace where, int protocol)
    {
        var descriptor = where.Run(() =>
        {
            var made = Libc.Socket(Libc.AfNetlink, Libc.SockRaw | Libc.SockCloexec, protocol);
            if (made < 0) throw NetlinkException.Last($"open a netlink socket in {where}");
            return made;
        });
        _handle = new SafeFileHandle(descriptor, ownsHandle: true);
        Span<byte> option = stackalloc byte[16];
        option.Clear();
        MemoryMarshal.Write(option, 1);
        // Older kernels have no explanations to give; the errno alone is still an answer.
        _ = Libc.SetOption(descriptor, Libc.SolNetlink, Libc.NetlinkExtendedAck, option, 4);
        MemoryMarshal.Write(option, 10L); // seconds: the kernel answers at once, so this only breaks a hang
        _ = Libc.SetOption(descriptor, Libc.SolSocket, Libc.SocketReceiveTimeout, option, 16);
        option.Clear();
        MemoryMarshal.Write(option, (ushort)Libc.AfNetlink);
        if (Libc.Bind(descriptor, option, 12) == 0) return;
        var refused = NetlinkException.Last($"bind a netlink socket in {where}");
        _handle.Dispose();
        throw refused;
    }

    /// <summary>Sends a request for a change and waits for its acknowledgement.</summary>
    internal void Change(NetlinkMessage message, string what) => Exchange(message, what, null);

    /// <summary>Sends a query and hands each answer's type and payload (after the header) to the receiver.</summary>
    internal void Query(NetlinkMessage message, string what, AnswerReceiver receiver) => Exchange(message, what, receiver);

    internal delegate void AnswerReceiver(ushort type, ReadOnlySpan<byte> payload);

    private void Exchange(NetlinkMessage message, string what, AnswerReceiver? receiver)
    {
        lock (_one)
        {
            var sequence = ++_sequence;
            var request = message.Finish(sequence);
            var descriptor = (int)_handle.DangerousGetHandle();
            if (Libc.Send(descriptor, request, request.Length, 0) < 0) throw NetlinkException.Last(what);
            while (true)
            {
                var received = Libc.Receive(descriptor, _buffer, _buffer.Length, 0);
                if (received < 0)
                {
                    if (Marshal.GetLastPInvokeError() == Libc.Eintr) continue;
                    throw NetlinkException.Last(what);
                }
                if (Read(_buffer.AsSpan(0, (int)received), sequence, what, receiver)) return;
            }
        }
    }

    /// <summary>True when the answer is complete.</summary>
    private static bool Read(ReadOnlySpan<byte> data, uint sequence, string what, AnswerReceiver? receiver)
    {
        while (data.Length >= NetlinkMessage.HeaderLength)
        {
            var length = (int)MemoryMarshal.Read<uint>(data);
            if (length < NetlinkMessage.HeaderLength || length > data.Length)
                throw new InvalidDataException($"cannot {what}: the kernel's answer is malformed (length {length} of {data.Length})");
            var type = MemoryMarshal.Read<ushort>(data[4..]);
            var flags = MemoryMarshal.Read<ushort>(data[6..]);
            var ours = MemoryMarshal.Read<uint>(data[8..]) == sequence; // else left over from a request that failed half-way
            var payload = data[NetlinkMessage.HeaderLength..length];
            data = data[Math.Min((length + 3) & ~3, data.Length)..];
            if (!ours) continue;
            if (type is TypeError or TypeDone)
            {
                var errno = payload.Length >= 4 ? -MemoryMarshal.Read<int>(payload) : 0;
                if (errno != 0) throw new NetlinkException(what, errno, Explanation(type, flags, payload));
                return true;
            }
            receiver?.Invoke(type, payload);
        }
        return false;
    }

    private static string? Explanation(ushort type, ushort flags, ReadOnlySpan<byte> payload)
    {
        if ((flags & FlagHasText) == 0 || type != TypeError || payload.Length < 4 + NetlinkMessage.HeaderLength) return null;
        var skip = 4 + NetlinkMessage.HeaderLength;
        if ((flags & FlagCapped) == 0) skip = 4 + (((int)MemoryMarshal.Read<uint>(payload[4..]) + 3) & ~3);
        if (skip > payload.Length) return null;
        var attributes = new NetlinkAttributes(payload[skip..]);
        while (attributes.Next())
            if (attributes.Type == 1) return Encoding.UTF8.GetString(attributes.Value).TrimEnd('\0');
        return null;
    }

    public void Dispose() => _handle.Dispose();
}
