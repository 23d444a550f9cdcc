using System.Text;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.State;
using Gureum.Objects.Json;
using Gureum.Objects.Protobuf;

namespace Gureum.ApiServer.Responses;

/// <summary>Objects and watch frames as protobuf, for clients that prefer it.</summary>
internal static class ProtobufForms
{
    internal const string ContentType = "application/vnd.kubernetes.protobuf", StreamType = ContentType + ";stream=watch";

    /// <summary>The object without its envelope, encoded once for all readers.</summary>
    internal static byte[] Bare(Resource resource, StoredObject stored) => stored.As(resource.Schema, s => ProtobufWriter.WriteBare(ObjectRegistry.Serve(resource, s), resource.Schema));

    internal static byte[] Object(Resource resource, StoredObject stored) => ProtobufWriter.Wrap(Bare(resource, stored), resource.Type.ApiVersion, resource.Type.Kind);

    /// <summary>The frame of a change.</summary>
    internal static byte[] Frame(Resource resource, StateChange change, ChangeKind kind) =>
        change.Frame(kind, resource.Schema, (c, k) => ProtobufWriter.WriteEvent(Encoding.UTF8.GetString(WatchFrames.Name(k)), Object(resource, c.Shown(k))));

    /// <summary>Any frame that stands for no change: what was there before, and bookmarks.</summary>
    internal static ReadOnlyMemory<byte> Frame(Resource resource, ReadOnlyMemory<byte> frame)
    {
        var (type, json) = WatchForms.Split(frame);
        var bare = ProtobufWriter.WriteBare(resource.Converter is null ? json : ObjectEncoder.Encode(ObjectRegistry.Decode(resource, json.Span), resource.Schema), resource.Schema);
        return ProtobufWriter.WriteEvent(Encoding.UTF8.GetString(type.Span), ProtobufWriter.Wrap(bare, resource.Type.ApiVersion, resource.Type.Kind));
    }
}
