using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Registry;
using Gureum.Objects.Json;
using Gureum.Objects.Protobuf;

namespace Gureum.ApiServer.Responses;

/// <summary>Objects, lists and watch frames as protobuf, for clients that prefer it.</summary>
internal static class ProtobufForms
{
    internal const string ContentType = "application/vnd.kubernetes.protobuf", StreamType = ContentType + ";stream=watch";

    internal static byte[] Object(Resource resource, ReadOnlySpan<byte> json) => ProtobufWriter.Write(Named(resource, json), resource.Schema);

    internal static byte[] List(Resource resource, ListPage page)
    {
        var metadata = new JsonObject { ["resourceVersion"] = page.Revision.ToString(CultureInfo.InvariantCulture) };
        if (page.Continue is not null) metadata["continue"] = page.Continue;
        if (page.Remaining is > 0) metadata["remainingItemCount"] = page.Remaining.Value;
        return ProtobufWriter.WriteList(metadata, [.. page.Items.Select(i => ObjectRegistry.Decode(resource, i.Json))], resource.Schema, resource.Type.ApiVersion, resource.Type.Kind + "List");
    }

    /// <summary>Any watch frame, bookmarks among them.</summary>
    internal static ReadOnlyMemory<byte> Frame(Resource resource, ReadOnlyMemory<byte> frame)
    {
        var (type, json) = WatchForms.Split(frame);
        return ProtobufWriter.WriteEvent(Encoding.UTF8.GetString(type.Span), Object(resource, json.Span));
    }

    private static JsonObject Named(Resource resource, ReadOnlySpan<byte> json)
    {
        var value = ObjectRegistry.Decode(resource, json);
        value["kind"] = resource.Type.Kind;
        value["apiVersion"] = resource.Type.ApiVersion;
        return value;
    }
}
