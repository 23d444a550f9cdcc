using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.State;
using Gureum.ApiServer.Tables;

namespace Gureum.ApiServer.Responses;

/// <summary>The form that a client wants objects in: as they are, as rows of a table, or by their metadata alone.</summary>
internal static class Negotiation
{
    private enum Form { Object, Table, Metadata }

    internal static ApiResult Object(ApiCall call, Resource resource, StoredObject stored, int status, IReadOnlyList<string> warnings)
    {
        var body = FormOf(call) switch
        {
            Form.Table => TableWriter.Write(resource, [stored], stored.Revision, null, null, call.Parameter("includeObject"), DateTimeOffset.UtcNow),
            Form.Metadata => MetadataWriter.Object(resource, stored),
            _ => ObjectRegistry.Serve(resource, stored),
        };
        return new BodyResult(status, body) { Warnings = warnings };
    }

    internal static ApiResult List(ApiCall call, Resource resource, ListPage page) => FormOf(call) switch
    {
        Form.Table => new BodyResult(200, TableWriter.Write(resource, page.Items, page.Revision, page.Continue, page.Remaining, call.Parameter("includeObject"), DateTimeOffset.UtcNow)),
        Form.Metadata => new BodyResult(200, MetadataWriter.List(resource, page)),
        _ => new ListResult(resource, page),
    };

    /// <summary>What turns a stored watch frame into the wished form; null when it goes out as it is.</summary>
    internal static Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>? WatchTransform(ApiCall call, Resource resource)
    {
        var form = FormOf(call);
        if (form == Form.Object && resource.Converter is null) return null;
        var include = call.Parameter("includeObject");
        var first = true;
        return frame => WatchForms.Rewrite(frame, json => form switch
        {
            Form.Table => TableRow(json),
            Form.Metadata => MetadataWriter.Object(resource, json),
            _ => Gureum.Objects.Json.ObjectEncoder.Encode(ObjectRegistry.Decode(resource, json.Span), resource.Schema),
        });

        ReadOnlyMemory<byte> TableRow(ReadOnlyMemory<byte> json)
        {
            // Only the first row of a watch carries the column definitions.
            var table = TableWriter.WriteOne(resource, json, include, first, DateTimeOffset.UtcNow);
            first = false;
            return table;
        }
    }

    private static Form FormOf(ApiCall call)
    {
        if (call.Accept.Length == 0) return Form.Object;
        var offered = new List<string>();
        foreach (var option in call.Accept.Split(','))
        {
            var parts = option.Split(';').Select(p => p.Trim()).ToArray();
            var form = parts.FirstOrDefault(p => p.StartsWith("as=", StringComparison.Ordinal))?["as=".Length..];
            var group = parts.FirstOrDefault(p => p.StartsWith("g=", StringComparison.Ordinal))?["g=".Length..];
            if (parts[0] is not ("application/json" or "application/yaml" or "*/*" or "application/*" or "text/plain" or "application/vnd.kubernetes.protobuf")) { offered.Add(parts[0]); continue; }
            if (parts[0] == "application/vnd.kubernetes.protobuf") { offered.Add(parts[0]); continue; }
            switch (form)
            {
                case null: return Form.Object;
                case "Table" when group == "meta.k8s.io": return Form.Table;
                case "PartialObjectMetadata" or "PartialObjectMetadataList" when group == "meta.k8s.io": return Form.Metadata;
                default: break;
            }
        }
        throw ApiError.NotAcceptable("application/json", "application/yaml", "application/json;as=Table;v=v1;g=meta.k8s.io");
    }
}
