using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.State;
using Gureum.ApiServer.Tables;
using Gureum.Objects.Protobuf;
using Gureum.Objects.Yaml;

namespace Gureum.ApiServer.Responses;

/// <summary>The form that a client wants objects in: as they are, as rows of a table, or by their metadata alone.</summary>
internal static class Negotiation
{
    internal static ApiResult Object(ApiCall call, Resource resource, StoredObject stored, int status, IReadOnlyList<string> warnings)
    {
        var choice = Choose(call, resource);
        var body = choice.Form switch
        {
            MediaForm.Table => TableWriter.Write(resource, [stored], stored.Revision, null, null, call.Parameter("includeObject"), DateTimeOffset.UtcNow),
            MediaForm.Metadata => MetadataWriter.Object(resource, stored),
            _ when choice.Encoding == MediaEncoding.Protobuf => ProtobufForms.Object(resource, stored),
            _ => ObjectRegistry.Serve(resource, stored),
        };
        return Body(choice, status, body) with { Warnings = warnings };
    }

    internal static ApiResult List(ApiCall call, Resource resource, ListPage page)
    {
        var choice = Choose(call, resource);
        switch (choice.Form)
        {
            case MediaForm.Table: return Body(choice, 200, TableWriter.Write(resource, page.Items, page.Revision, page.Continue, page.Remaining, call.Parameter("includeObject"), DateTimeOffset.UtcNow));
            case MediaForm.Metadata: return Body(choice, 200, MetadataWriter.List(resource, page));
            default: break;
        }
        return choice.Encoding switch
        {
            MediaEncoding.Protobuf => new ProtobufList(resource, page),
            MediaEncoding.Yaml => Body(choice, 200, new JsonList(resource, page).ToArray()),
            _ => new JsonList(resource, page),
        };
    }

    private static BodyResult Body(MediaChoice choice, int status, ReadOnlyMemory<byte> body) => choice.Encoding switch
    {
        MediaEncoding.Yaml => new BodyResult(status, YamlWriter.FromJson(body.Span), "application/yaml"),
        MediaEncoding.Protobuf => new BodyResult(status, body, ProtobufForms.ContentType),
        _ => new BodyResult(status, body),
    };

    /// <summary>The form in which a watch sends its frames.</summary>
    internal static WatchForm WatchForm(ApiCall call, Resource resource)
    {
        var choice = Choose(call, resource);
        if (choice.Encoding == MediaEncoding.Protobuf)
            return new WatchForm(frame => ProtobufForms.Frame(resource, frame), (change, kind) => ProtobufForms.Frame(resource, change, kind)) { Binary = true };
        var form = choice.Form;
        if (form == MediaForm.Object && resource.Converter is null) return Responses.WatchForm.Stored;
        var include = call.Parameter("includeObject");
        var first = true;
        return new WatchForm(Rewrite, (change, kind) => Rewrite(change.Frame(kind)));

        ReadOnlyMemory<byte> Rewrite(ReadOnlyMemory<byte> frame) => WatchForms.Rewrite(frame, json => form switch
        {
            MediaForm.Table => TableRow(json),
            MediaForm.Metadata => MetadataWriter.Object(resource, json),
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

    private static MediaChoice Choose(ApiCall call, Resource resource) =>
        MediaChoice.Best(call.Accept, resource.Definition is null && ProtobufWriter.Knows(resource.Schema))
            ?? throw ApiError.NotAcceptable("application/json", "application/yaml", ProtobufForms.ContentType, "application/json;as=Table;v=v1;g=meta.k8s.io");
}
