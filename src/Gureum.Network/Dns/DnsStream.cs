using System.Buffers.Binary;
using System.Net.Sockets;

namespace Gureum.Network.Dns;

/// <summary>DNS messages on a stream: each after its length in two bytes (RFC 1035, 4.2.2).</summary>
internal static class DnsStream
{
    /// <summary>The next message, or null when the other side closed between two.</summary>
    internal static async Task<byte[]?> ReadAsync(Socket socket, CancellationToken cancel)
    {
        var head = new byte[2];
        if (!await FillAsync(socket, head, cancel)) return null;
        var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(head)];
        return await FillAsync(socket, message, cancel) ? message : null;
    }

    internal static async Task WriteAsync(Socket socket, ReadOnlyMemory<byte> message, CancellationToken cancel)
    {
        var framed = new byte[message.Length + 2];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)message.Length);
        message.CopyTo(framed.AsMemory(2));
        for (var sent = 0; sent < framed.Length;) sent += await socket.SendAsync(framed.AsMemory(sent), cancel);
    }

    /// <summary>One question and its answer.</summary>
    /// <exception cref="IOException">The other side closed early.</exception>
    internal static async Task<byte[]> AskAsync(Socket socket, ReadOnlyMemory<byte> request, CancellationToken cancel)
    {
        await WriteAsync(socket, request, cancel);
        return await ReadAsync(socket, cancel) ?? throw new IOException("the resolver closed the connection before it answered");
    }

    private static async Task<bool> FillAsync(Socket socket, Memory<byte> room, CancellationToken cancel)
    {
        while (!room.IsEmpty)
        {
            var got = await socket.ReceiveAsync(room, cancel);
            if (got == 0) return false;
            room = room[got..];
        }
        return true;
    }
}
