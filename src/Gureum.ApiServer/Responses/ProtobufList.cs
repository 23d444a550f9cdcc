using System.Globalization;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Registry;
using Gureum.Objects.Json;
using Gureum.Objects.Protobuf;

namespace Gureum.ApiServer.Responses;

/// <summary>A list as protobuf: each object's own bytes, which are kept with it after the first time.</summary>
internal sealed record ProtobufList : ListResult
{
    private readonly byte[][] items;

    /// <summary>What it is a list of; null for lists of bare metadata.</summary>
    internal Resource? Resource { get; }
    internal ListPage? Page { get; }

    internal ProtobufList(Resource resource, ListPage page) : this(Bare(resource, page.Items), page, resource.Type.ApiVersion, resource.Type.Kind + "List") => (Resource, Page) = (resource, page);

    /// <param name="bare">The items without their envelopes.</param>
    internal ProtobufList(byte[][] bare, ListPage page, string apiVersion, string kind) : base(ProtobufForms.ContentType)
    {
        items = bare;
        var metadata = new JsonObject();
        if (page.Revision > 0) metadata["resourceVersion"] = page.Revision.ToString(CultureInfo.InvariantCulture);
        if (page.Continue is not null) metadata["continue"] = page.Continue;
        if (page.Remaining is > 0) metadata["remainingItemCount"] = page.Remaining.Value;
        Span<byte> prefix = stackalloc byte[MostPrefix];
        var length = 0L;
        foreach (var item in items) length += ProtobufWriter.ItemPrefix(item.Length, prefix) + item.Length;
        (Head, Tail) = ProtobufWriter.WriteListFrame(ObjectEncoder.EncodeAny(metadata), length, apiVersion, kind);
    }

    private static byte[][] Bare(Resource resource, IReadOnlyList<State.StoredObject> objects)
    {
        var bare = new byte[objects.Count][];
        for (var i = 0; i < bare.Length; i++) bare[i] = ProtobufForms.Bare(resource, objects[i]);
        return bare;
    }

    public override int Count => items.Length;
    public override ReadOnlyMemory<byte> Head { get; }
    public override ReadOnlyMemory<byte> Tail { get; }
    public override int Prefix(int index, Span<byte> into) => ProtobufWriter.ItemPrefix(items[index].Length, into);
    public override ReadOnlyMemory<byte> Item(int index) => items[index];
}
