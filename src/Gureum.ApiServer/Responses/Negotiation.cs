using System.Text;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.State;
using Gureum.ApiServer.Tables;
using Gureum.Objects.Json;
using Gureum.Objects.Protobuf;
using Gureum.Objects.Schemas;
using Gureum.Objects.Yaml;

namespace Gureum.ApiServer.Responses;

/// <summary>The form that a client wants objects in: as they are, as rows of a table, or by their metadata alone.</summary>
internal static class Negotiation
{
    internal static ApiResult Object(ApiCall call, Resource resource, StoredObject stored, int status, IReadOnlyList<string> warnings)
    {
        var choice = Choose(call, resource);
        if (choice.Form == MediaForm.MetadataList) throw ApiError.WrongForm("PartialObjectMetadataList", $"not a list ({GoType(resource)})");
        var body = choice.Form switch
        {
            MediaForm.Table => Table(call, choice).Write(resource, [stored], stored.Revision, null, null),
            MediaForm.Metadata => MetadataWriter.Object(stored.Json, choice),
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
            case MediaForm.Table: return Body(choice, 200, Table(call, choice).Write(resource, page.Items, page.Revision, page.Continue, page.Remaining));
            case MediaForm.MetadataList: return Body(choice, 200, MetadataWriter.List(page, choice));
            case MediaForm.Metadata: throw ApiError.WrongForm("PartialObjectMetadata", $"a list ({GoType(resource)}List)");
            default: break;
        }
        return choice.Encoding switch
        {
            MediaEncoding.Protobuf => new ProtobufList(resource, page),
            MediaEncoding.Yaml => Body(choice, 200, new JsonList(resource, page).ToArray()),
            _ => new JsonList(resource, page),
        };
    }

    /// <summary>A document that is no stored object (a Status, a Scale, what reviews and discovery answer) in the encoding that the client prefers.</summary>
    internal static ApiResult Document(ApiCall call, ApiResult result)
    {
        if (result is not BodyResult { ContentType: "application/json" } body || MediaChoice.Best(call.Accept, protobuf: true) is not { Encoding: MediaEncoding.Protobuf, Form: MediaForm.Object }) return result;
        var (version, kind) = (JsonPeek.Text(body.Body.Span, ["apiVersion"]), JsonPeek.Text(body.Body.Span, ["kind"]));
        if (KubernetesSchema.Instance.FindKind(version, kind) is not { } schema || !ProtobufWriter.Knows(schema)) return result;
        return body with { Body = ProtobufWriter.Write(body.Body, schema), ContentType = ProtobufForms.ContentType };
    }

    private static TableWriter Table(ApiCall call, MediaChoice choice) => new(choice.ApiVersion, call.Parameter("includeObject"), DateTimeOffset.UtcNow);

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
        if (choice.Encoding == MediaEncoding.Yaml) throw ApiError.NotAcceptable("application/json;stream=watch", ProtobufForms.StreamType);
        if (choice.Form is MediaForm.Metadata or MediaForm.MetadataList)
        {
            if (choice.Encoding != MediaEncoding.Protobuf) return Rewriting(json => MetadataWriter.Object(json, choice));
            ReadOnlyMemory<byte> Event(ReadOnlyMemory<byte> frame) { var (type, json) = WatchForms.Split(frame); return ProtobufWriter.WriteEvent(Encoding.UTF8.GetString(type.Span), MetadataWriter.Object(json, choice).Span); }
            return new WatchForm(Event, (change, kind) => Event(change.Frame(kind))) { Binary = true };
        }
        if (choice.Encoding == MediaEncoding.Protobuf)
            return new WatchForm(frame => ProtobufForms.Frame(resource, frame), (change, kind) => ProtobufForms.Frame(resource, change, kind)) { Binary = true };
        if (choice.Form == MediaForm.Table) return Rows(resource, Table(call, choice));
        return resource.Converter is null ? Responses.WatchForm.Stored : Rewriting(json => ObjectEncoder.Encode(ObjectRegistry.Decode(resource, json.Span), resource.Schema));
    }

    private static WatchForm Rewriting(Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>> form) => new(frame => WatchForms.Rewrite(frame, form), (change, kind) => WatchForms.Rewrite(change.Frame(kind), form));

    // Only the first row of a watch carries the column definitions.
    private static WatchForm Rows(Resource resource, TableWriter table)
    {
        var first = true;
        return Rewriting(json =>
        {
            var row = table.WriteOne(resource, json, first);
            first = false;
            return row;
        });
    }

    // As kube-apiserver names types where it refuses them: *core.Pod.
    private static string GoType(Resource resource) => resource.Definition is not null ? "*unstructured.Unstructured" : $"*{(resource.Type.Group.Length == 0 ? "core" : resource.Type.Group.Split('.')[0])}.{resource.Type.Kind}";

    private static MediaChoice Choose(ApiCall call, Resource resource)
    {
        var protobuf = resource.Definition is null && ProtobufWriter.Knows(resource.Schema);
        return MediaChoice.Best(call.Accept, protobuf) ?? throw (protobuf ? ApiError.NotAcceptable("application/json", "application/yaml", ProtobufForms.ContentType) : ApiError.NotAcceptable("application/json", "application/yaml"));
    }
}
