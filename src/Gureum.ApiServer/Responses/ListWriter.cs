using System.Buffers;
using System.Globalization;
using System.Text;
using Gureum.ApiServer.Registry;

namespace Gureum.ApiServer.Responses;

/// <summary>Writes a list: its head, then the items' stored bytes, then its end.</summary>
internal static class ListWriter
{
    internal static void Write(ListResult list, IBufferWriter<byte> output)
    {
        output.Write(Head(list));
        for (var i = 0; i < list.Page.Items.Count; i++) WriteItem(list, i, output);
        output.Write("]}"u8);
    }

    internal static byte[] Head(ListResult list)
    {
        var (type, page) = (list.Resource.Type, list.Page);
        return Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $$"""{"kind":"{{type.Kind}}List","apiVersion":"{{type.ApiVersion}}","metadata":{"resourceVersion":"{{page.Revision}}"{{(page.Continue is null ? "" : $",\"continue\":\"{page.Continue}\"")}}{{(page.Remaining is > 0 ? $",\"remainingItemCount\":{page.Remaining}" : "")}}},"items":["""));
    }

    internal static void WriteItem(ListResult list, int index, IBufferWriter<byte> output)
    {
        if (index > 0) output.Write(","u8);
        output.Write(ObjectRegistry.Serve(list.Resource, list.Page.Items[index]).Span);
    }
}
