using System.Buffers.Binary;
using System.Text;

namespace Gureum.Network.Dns;

/// <summary>Writes answers in wire format with name compression. Pure.</summary>
internal static class DnsWriter
{
    /// <summary>The largest DNS message, over TCP.</summary>
    internal const int LargestTcp = 65535;

    /// <summary>
    /// The answer to a query in at most <paramref name="limit"/> bytes; when not all answers fit, as many as do, marked
    /// as truncated (stub resolvers without TCP use what they get).
    /// </summary>
    internal static byte[] Write(DnsQuery query, DnsAnswer answer, int limit, bool authoritative)
    {
        var writer = new Writer(limit - (query.HasEdns ? 11 : 0));
        writer.Header(query);
        var answers = answer.Answers.TakeWhile(writer.Record).Count();
        var complete = answers == answer.Answers.Count;
        var authorities = complete ? answer.Authority.TakeWhile(writer.Record).Count() : 0;
        complete &= authorities == answer.Authority.Count;
        var additional = complete ? answer.Additional.TakeWhile(writer.Record).Count() : 0; // a courtesy: may be left out

        if (query.HasEdns)
        {
            writer.Edns(answer.Code);
            additional++;
        }
        var flags = 0x8080 | (authoritative ? 0x400 : 0) | (complete ? 0 : 0x200) | (query.RecursionDesired ? 0x100 : 0)
            | (query.CheckingDisabled ? 0x10 : 0) | (int)answer.Code & 0xf;
        return writer.Finish(query, (ushort)flags, answers, authorities, additional);
    }

    private sealed class Writer(int limit)
    {
        private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);
        private byte[] _data = new byte[512];
        private int _length;

        internal void Header(DnsQuery query)
        {
            Bytes(stackalloc byte[12]);
            if (query.Question.IsEmpty) return;
            Remember(query.Name, 12);
            Bytes(query.Question.Span);
        }

        /// <summary>False, and nothing written, when the record does not fit.</summary>
        internal bool Record(DnsRecord record)
        {
            var start = _length;
            if (!Name(record.Name)) return Back(start);
            Number16((ushort)record.Type);
            Number16(1);
            Number32(record.Ttl);
            var sizeAt = _length;
            Number16(0);
            var ok = Data(record);
            BinaryPrimitives.WriteUInt16BigEndian(_data.AsSpan(sizeAt), (ushort)(_length - sizeAt - 2));
            return ok && _length <= limit || Back(start);
        }

        /// <summary>The OPT record; the limit keeps room for its eleven bytes.</summary>
        internal void Edns(DnsCode code)
        {
            Bytes([0]);
            Number16((ushort)DnsType.OPT);
            Number16(DnsQuery.LargestPayload);
            Number32((uint)((int)code >> 4) << 24);
            Number16(0);
        }

        internal byte[] Finish(DnsQuery query, ushort flags, int answers, int authorities, int additional)
        {
            BinaryPrimitives.WriteUInt16BigEndian(_data, query.Id);
            BinaryPrimitives.WriteUInt16BigEndian(_data.AsSpan(2), flags);
            BinaryPrimitives.WriteUInt16BigEndian(_data.AsSpan(4), query.Question.IsEmpty ? (ushort)0 : (ushort)1);
            BinaryPrimitives.WriteUInt16BigEndian(_data.AsSpan(6), (ushort)answers);
            BinaryPrimitives.WriteUInt16BigEndian(_data.AsSpan(8), (ushort)authorities);
            BinaryPrimitives.WriteUInt16BigEndian(_data.AsSpan(10), (ushort)additional);
            return _data[.._length];
        }

        private bool Data(DnsRecord record)
        {
            switch (record)
            {
                case AddressRecord a:
                    Bytes(a.Address.GetAddressBytes());
                    return true;
                case NameRecord n:
                    return Name(n.Target);
                case ServiceRecord s:
                    Number16(s.Priority);
                    Number16(s.Weight);
                    Number16(s.Port);
                    return Name(s.Target, compress: false); // RFC 2782 forbids it
                case TextRecord t:
                    var text = Encoding.UTF8.GetBytes(t.Text);
                    if (text.Length > 255) return false;
                    Bytes([(byte)text.Length]);
                    Bytes(text);
                    return true;
                case StartRecord s:
                    const uint refresh = 7200, retry = 1800, expire = 86400;
                    if (!Name(s.Server) || !Name(s.Mailbox)) return false;
                    Number32(s.Serial);
                    Number32(refresh);
                    Number32(retry);
                    Number32(expire);
                    Number32(s.Minimum);
                    return true;
                default:
                    return false;
            }
        }

        private bool Name(string name, bool compress = true)
        {
            if (DnsNames.Labels(name) is not { } labels) return false;
            var rest = name;
            foreach (var label in labels)
            {
                if (compress && _names.TryGetValue(rest, out var seen))
                {
                    Number16((ushort)(0xc000 | seen));
                    return true;
                }
                if (_length < 0x3fff) _names.TryAdd(rest, _length);
                Bytes([(byte)label.Length]);
                Bytes(label);
                var dot = rest.IndexOf('.', StringComparison.Ordinal);
                rest = dot < 0 ? "" : rest[(dot + 1)..];
            }
            Bytes([0]);
            return true;
        }

        private void Remember(string name, int at)
        {
            while (name.Length > 0)
            {
                _names.TryAdd(name, at);
                var dot = name.IndexOf('.', StringComparison.Ordinal);
                if (dot < 0 || name.Contains('\\', StringComparison.Ordinal)) return;
                at += dot + 1;
                name = name[(dot + 1)..];
            }
        }

        private bool Back(int start)
        {
            _length = start;
            foreach (var gone in _names.Where(n => n.Value >= start).ToList()) _names.Remove(gone.Key);
            return false;
        }

        private void Number16(ushort value)
        {
            Span<byte> bytes = stackalloc byte[2];
            BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
            Bytes(bytes);
        }

        private void Number32(uint value)
        {
            Span<byte> bytes = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
            Bytes(bytes);
        }

        private void Bytes(ReadOnlySpan<byte> bytes)
        {
            if (_length + bytes.Length > _data.Length) Array.Resize(ref _data, Math.Max(_data.Length * 2, _length + bytes.Length));
            bytes.CopyTo(_data.AsSpan(_length));
            _length += bytes.Length;
        }
    }
}
