using System.Buffers.Binary;

namespace Gureum.Node.Streaming.Spdy;

/// <summary>Types of control frames (SPDY draft 3.1, section 2.6).</summary>
internal enum SpdyFrameType : ushort
{
    SynStream = 1,
    SynReply = 2,
    RstStream = 3,
    Settings = 4,
    Ping = 6,
    GoAway = 7,
    Headers = 8,
    WindowUpdate = 9,
}

/// <summary>A frame's first eight bytes. Immutable.</summary>
/// <param name="IsControl">Control frame or data frame.</param>
/// <param name="Type">Meaningful for control frames.</param>
/// <param name="StreamId">Meaningful for data frames.</param>
/// <param name="Flags">Flags; 1 says that the sender's side of the stream ends.</param>
/// <param name="Length">Bytes that follow.</param>
internal readonly record struct SpdyFrameHeader(bool IsControl, SpdyFrameType Type, int StreamId, byte Flags, int Length)
{
    internal const int Size = 8;
    internal const byte Fin = 1;
    internal const ushort Version = 3;

    internal static SpdyFrameHeader Parse(ReadOnlySpan<byte> bytes)
    {
        bool control = (bytes[0] & 0x80) != 0;
        int length = (bytes[5] << 16) | (bytes[6] << 8) | bytes[7];
        if (!control) return new SpdyFrameHeader(false, 0, BinaryPrimitives.ReadInt32BigEndian(bytes), bytes[4], length);
        int version = BinaryPrimitives.ReadUInt16BigEndian(bytes) & 0x7FFF;
        return version == Version
            ? new SpdyFrameHeader(true, (SpdyFrameType)BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]), 0, bytes[4], length)
            : throw new SpdyException($"a frame of SPDY version {version}: only 3 is spoken");
    }

    internal static byte[] Control(SpdyFrameType type, byte flags, params ReadOnlySpan<byte> payload)
    {
        byte[] frame = new byte[Size + payload.Length];
        BinaryPrimitives.WriteUInt16BigEndian(frame, 0x8000 | Version);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)type);
        WriteLength(frame, flags, payload.Length);
        payload.CopyTo(frame.AsSpan(Size));
        return frame;
    }

    internal static byte[] Data(int streamId, byte flags, ReadOnlySpan<byte> payload)
    {
        byte[] frame = new byte[Size + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, streamId);
        WriteLength(frame, flags, payload.Length);
        payload.CopyTo(frame.AsSpan(Size));
        return frame;
    }

    private static void WriteLength(Span<byte> frame, byte flags, int length)
    {
        frame[4] = flags;
        frame[5] = (byte)(length >> 16);
        frame[6] = (byte)(length >> 8);
        frame[7] = (byte)length;
    }
}
