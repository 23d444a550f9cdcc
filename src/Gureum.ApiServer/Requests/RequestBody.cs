using System.Text;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Registry;
using Gureum.Objects.Json;
using Gureum.Objects.Protobuf;
using Gureum.Objects.Schemas;
using Gureum.Objects.Yaml;

namespace Gureum.ApiServer.Requests;

/// <summary>Reads bodies: JSON or YAML, by the schema of the resource, with the wished strictness about unknown fields.</summary>
internal static class RequestBody
{
    internal const string Json = "application/json", Yaml = "application/yaml", Protobuf = "application/vnd.kubernetes.protobuf";

    /// <summary>The body as an object of the resource's kind.</summary>
    internal static JsonObject Read(ApiCall call, Resource resource, List<string> warnings) =>
        Read(call, resource.Schema, resource.Type.ApiVersion, resource.Type.Kind, warnings);

    internal static JsonObject Read(ApiCall call, SchemaNode schema, string apiVersion, string kind, List<string> warnings)
    {
        try
        {
            if (MediaType(call.ContentType) == Protobuf) return ReadProtobuf(call, schema, apiVersion, kind);
            var duplicates = new List<string>();
            var decoded = ObjectDecoder.Decode(ToJson(call, duplicates).Span, schema);
            CheckKind(decoded.Object, apiVersion, kind);
            FieldValidation.ReportBody(call, Issues(decoded, duplicates), apiVersion, kind, warnings);
            return decoded.Object;
        }
        catch (DecodeException e)
        {
            throw ApiError.BadRequest($"{kind} in version \"{apiVersion[(apiVersion.IndexOf('/') + 1)..]}\" cannot be handled as a {kind}: {e.Message}");
        }
    }

    private static JsonObject ReadProtobuf(ApiCall call, SchemaNode schema, string apiVersion, string kind)
    {
        if (!ProtobufWriter.Knows(schema)) throw ApiError.UnsupportedMediaType(Protobuf, Json, Yaml);
        var value = ProtobufReader.Read(ProtobufReader.Open(call.Body), schema);
        CheckKind(value, apiVersion, kind);
        // Through the decoder once more: what comes by protobuf is as normal as what comes by JSON.
        return ObjectDecoder.Decode(ObjectEncoder.EncodeAny(value), schema).Object;
    }

    /// <summary>The body as JSON bytes.</summary>
    /// <param name="duplicates">Gets the names that stand twice in a body of YAML.</param>
    internal static ReadOnlyMemory<byte> ToJson(ApiCall call, List<string>? duplicates = null)
    {
        var type = MediaType(call.ContentType);
        switch (type)
        {
            case "" or "application/json" or "text/json": return call.Body;
            case "application/yaml" or "application/apply-patch+yaml" or "text/yaml" or "application/x-yaml":
                try { return YamlReader.ToJson(call.Body.Span, duplicates); }
                catch (DecodeException e) { throw ApiError.BadRequest("error converting YAML to JSON: " + e.Message); }
            case Protobuf when call.Body.Length > 0:
                try
                {
                    var envelope = ProtobufReader.Open(call.Body);
                    if (KubernetesSchema.Instance.FindType("meta.v1." + envelope.Kind) is { } options) return ObjectEncoder.EncodeAny(ProtobufReader.Read(envelope, options));
                }
                catch (DecodeException e) { throw ApiError.BadRequest(e.Message); }
                throw ApiError.UnsupportedMediaType(type, Json, Yaml);
            default: throw ApiError.UnsupportedMediaType(type, Json, Yaml, Protobuf);
        }
    }

    internal static string MediaType(string contentType) => contentType.Split(';')[0].Trim().ToLowerInvariant();

    private static void CheckKind(JsonObject value, string apiVersion, string kind)
    {
        if (value.Text("kind") is { Length: > 0 } given && given != kind)
            throw ApiError.BadRequest($"the object provided is unrecognized (must be of type {kind}): it says kind \"{given}\"");
        if (value.Text("apiVersion") is { Length: > 0 } version && version != apiVersion)
            throw ApiError.BadRequest($"the API version in the data ({version}) does not match the expected API version ({apiVersion})");
    }

    // What stands twice in YAML has been told by its lines.
    private static List<string> Issues(Decoded decoded, List<string> yamlDuplicates) =>
        [.. FieldValidation.OfYaml(yamlDuplicates), .. decoded.Issues.Where(i => yamlDuplicates.Count == 0 || !i.IsDuplicate).Select(i => i.Message)];
}
