using System.Text;
using Google.Protobuf;
using Gureum.Store.Etcd.Wire;

namespace Gureum.Store.Etcd;

/// <summary>Our keys as etcd's, and back: a prefix in front, bytes instead of characters.</summary>
internal sealed class EtcdKeys(string prefix)
{
    // As the start and as the end of a range, etcd takes this for "from the first" and "to the last".
    private static readonly ByteString Zero = ByteString.CopyFrom(0);

    public ByteString Key(string key) => ByteString.CopyFromUtf8(prefix + key);

    /// <summary>The start of a range: etcd takes no empty key.</summary>
    public ByteString From(string key) => prefix.Length + key.Length == 0 ? Zero : Key(key);

    /// <summary>The first key after all that start with ours.</summary>
    public ByteString After(string start)
    {
        if (prefix.Length + start.Length == 0)
        {
            return Zero;
        }
        var bytes = Encoding.ASCII.GetBytes(prefix + start);
        // ASCII ends at 127, so that adding one never carries.
        bytes[^1]++;
        return ByteString.CopyFrom(bytes);
    }

    public string Name(KeyValue pair) => Encoding.ASCII.GetString(pair.Key.Span[prefix.Length..]);

    public Entry Entry(KeyValue pair) => new(Name(pair), pair.Value.Memory, pair.CreateRevision, pair.ModRevision);
}
