using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Gureum.Node.Streaming.Spdy;

/// <summary>
/// Decompresses one direction's header blocks, which are one endless zlib stream. .NET's inflater takes no preset
/// dictionary, but a dictionary is nothing but text that was "decompressed" before: it is fed as a stored block first.
/// </summary>
internal sealed class SpdyHeaderReader : IDisposable
{
    private const int MaxHeaders = 256, MaxText = 64 << 10;

    private readonly Feed _feed = new();
    private readonly DeflateStream _inflater;
    private bool _started;

    internal SpdyHeaderReader() => _inflater = new DeflateStream(_feed, CompressionMode.Decompress);

    public void Dispose() => _inflater.Dispose();

    /// <summary>The headers of one block; names in lower case, several values of a name joined by NUL.</summary>
    /// <exception cref="SpdyException">The block is malformed or too large.</exception>
    internal Dictionary<string, string> Read(ReadOnlySpan<byte> block)
    {
        try
        {
            if (!_started)
            {
                block = Start(block);
                _started = true;
            }

            _feed.Add(block);
            uint count = ReadUInt32();
            if (count > MaxHeaders) throw new SpdyException($"a header block has {count} headers: at most {MaxHeaders} are accepted");
            var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            int left = MaxText;
            for (uint i = 0; i < count; i++)
            {
                string name = ReadText(ref left);
                headers[name] = ReadText(ref left);
            }

            return headers;
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw new SpdyException("a header block cannot be decompressed", e);
        }
    }

    private ReadOnlySpan<byte> Start(ReadOnlySpan<byte> block)
    {
        if (block.Length < 2 || (block[0] & 0x0F) != 8 || ((block[0] << 8) | block[1]) % 31 != 0)
            throw new SpdyException("the first header block is no zlib stream");
        bool withDictionary = (block[1] & 0x20) != 0;
        if (!withDictionary) return block[2..];
        if (block.Length < 6 || BinaryPrimitives.ReadUInt32BigEndian(block[2..]) != SpdyDictionary.Id)
            throw new SpdyException("the header compression uses a dictionary that is not SPDY/3's");

        byte[] dictionary = SpdyDictionary.Bytes;
        Span<byte> stored = stackalloc byte[5];
        BinaryPrimitives.WriteUInt16LittleEndian(stored[1..], (ushort)dictionary.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(stored[3..], (ushort)~dictionary.Length);
        _feed.Add(stored);
        _feed.Add(dictionary);
        byte[] discard = new byte[dictionary.Length];
        _inflater.ReadExactly(discard);
        return block[6..];
    }

    private uint ReadUInt32()
    {
        Span<byte> bytes = stackalloc byte[4];
        _inflater.ReadExactly(bytes);
        return BinaryPrimitives.ReadUInt32BigEndian(bytes);
    }

    private string ReadText(ref int left)
    {
        uint length = ReadUInt32();
        if (length > left) throw new SpdyException($"a header block is longer than {MaxText} bytes");
        left -= (int)length;
        byte[] bytes = new byte[length];
        _inflater.ReadExactly(bytes);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>The inflater's source: exactly what has been added so far.</summary>
    private sealed class Feed : Stream
    {
        private readonly Queue<ReadOnlyMemory<byte>> _parts = new();

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            while (_parts.TryDequeue(out ReadOnlyMemory<byte> part))
            {
                if (part.IsEmpty) continue;
                int take = Math.Min(part.Length, buffer.Length);
                part.Span[..take].CopyTo(buffer);
                if (take < part.Length) Requeue(part[take..]);
                return take;
            }

            return 0;
        }

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        internal void Add(ReadOnlySpan<byte> bytes) => _parts.Enqueue(bytes.ToArray());

        private void Requeue(ReadOnlyMemory<byte> rest)
        {
            ReadOnlyMemory<byte>[] later = [.. _parts];
            _parts.Clear();
            _parts.Enqueue(rest);
            foreach (ReadOnlyMemory<byte> part in later) _parts.Enqueue(part);
        }
    }
}
