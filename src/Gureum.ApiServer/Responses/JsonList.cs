using System.Globalization;
using System.Text;
using Gureum.ApiServer.Registry;

namespace Gureum.ApiServer.Responses;

/// <summary>A list as JSON: the items' stored bytes with commas between them.</summary>
internal sealed record JsonList(Resource Resource, ListPage Page) : ListResult("application/json")
{
    // Another version than the stored one is made once, not for each look at it.
    private readonly ReadOnlyMemory<byte>[]? converted = Resource.Converter is null ? null : [.. Page.Items.Select(i => ObjectRegistry.Serve(Resource, i))];

    public override int Count => Page.Items.Count;

    public override ReadOnlyMemory<byte> Head { get; } = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
        $$"""{"kind":"{{Resource.Type.Kind}}List","apiVersion":"{{Resource.Type.ApiVersion}}","metadata":{{{(Page.Revision > 0 ? $"\"resourceVersion\":\"{Page.Revision}\"" : "")}}{{(Page.Continue is null ? "" : $",\"continue\":\"{Page.Continue}\"")}}{{(Page.Remaining is > 0 ? $",\"remainingItemCount\":{Page.Remaining}" : "")}}},"items":["""));

    public override ReadOnlyMemory<byte> Tail { get; } = "]}"u8.ToArray();

    public override int Prefix(int index, Span<byte> into)
    {
        if (index == 0) return 0;
        into[0] = (byte)',';
        return 1;
    }

    public override ReadOnlyMemory<byte> Item(int index) => converted is null ? Page.Items[index].Json : converted[index];
}
