using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Gureum.ApiServer.Registry;
using Gureum.Objects.Json;
using Gureum.Objects.Protobuf;
using Gureum.Objects.Yaml;

namespace Gureum.ApiServer.Audit;

/// <summary>The record of one request while it is carried out: what is learned of it is added, and each stage is written. Thread-safe.</summary>
public sealed class RequestAudit
{
    private readonly AuditedRequest request;
    private readonly AuditRule rule;
    private readonly Auditor auditor;
    private readonly Lock gate = new();
    private readonly SortedDictionary<string, string> annotations = new(StringComparer.Ordinal);
    private UserInfo? impersonated;
    private JsonNode? requestObject, responseObject;
    private (string Name, string Namespace, string Uid, string ResourceVersion) named;
    private JsonObject? status;

    internal RequestAudit(AuditedRequest request, AuditRule rule, Auditor auditor) => (this.request, this.rule, this.auditor) = (request, rule, auditor);

    internal string Id => request.Id;

    /// <summary>Adds an annotation; what was said first stands.</summary>
    internal void Annotate(string key, string value)
    {
        lock (gate) annotations.TryAdd(key, value);
    }

    internal void ActsAs(UserInfo user) => impersonated = user;

    /// <summary>Takes the body: with its object's name, and whole where the level asks for it.</summary>
    internal void Asked(ApiCall call, Resource? resource)
    {
        if (call.Body.Length == 0 || Body(call, resource) is not { } body) return;
        if (body is JsonObject value && value.Child("metadata") is { } metadata && call.Method != "PATCH")
            named = (metadata.Text("name") ?? "", metadata.Text("namespace") ?? "", metadata.Text("uid") ?? "", metadata.Text("resourceVersion") ?? "");
        if (rule.Level >= AuditLevel.Request) requestObject = Bare(body);
    }

    private static JsonNode? Body(ApiCall call, Resource? resource)
    {
        try
        {
            return RequestBody.MediaType(call.ContentType) switch
            {
                RequestBody.Protobuf => resource is null ? null : ProtobufReader.Read(ProtobufReader.Open(call.Body), resource.Schema),
                "application/yaml" or "application/apply-patch+yaml" or "text/yaml" or "application/x-yaml" => ObjectDecoder.DecodeAny(YamlReader.ToJson(call.Body.Span)),
                _ => ObjectDecoder.DecodeAny(call.Body.Span),
            };
        }
        catch (DecodeException) { return null; /* the client is told; there is no object to record */ }
    }

    /// <summary>Takes what is answered.</summary>
    internal void Answered(ApiResult result, Resource? resource)
    {
        var body = result switch { BodyResult b when b.ContentType == "application/json" => b.Body, _ => default };
        status = new JsonObject { ["metadata"] = new JsonObject(), ["code"] = result.Status };
        if (body.Length > 0 && body.Span.IndexOf("\"kind\":\"Status\""u8) is >= 0 and < 64 && ObjectDecoder.DecodeAny(body.Span) is JsonObject { } told)
        {
            told.Remove("kind");
            told.Remove("apiVersion");
            told["code"] = result.Status;
            status = told;
        }
        if (rule.Level == AuditLevel.RequestResponse) responseObject = Response(result, resource);
    }

    private JsonNode? Response(ApiResult result, Resource? resource)
    {
        switch (result)
        {
            case JsonList list: return Bare(ObjectDecoder.DecodeAny(list.ToArray()));
            case ProtobufList { Resource: { } listed, Page: { } page }: return Bare(ObjectDecoder.DecodeAny(new JsonList(listed, page).ToArray()));
            case BodyResult { ContentType: ProtobufForms.ContentType } body when resource is not null: return Bare(ProtobufReader.Read(ProtobufReader.Open(body.Body), resource.Schema));
            case BodyResult body when body.ContentType.StartsWith("application/json", StringComparison.Ordinal): return Bare(ObjectDecoder.DecodeAny(body.Body.Span));
            default: return null;
        }
    }

    // Without who owns its fields, where the policy does not want that.
    private JsonNode? Bare(JsonNode? value)
    {
        if (!rule.OmitsManagedFields || value is not JsonObject map) return value;
        map.Child("metadata")?.Remove("managedFields");
        foreach (var item in map.Objects("items")) item.Child("metadata")?.Remove("managedFields");
        foreach (var row in map.Objects("rows")) row.Child("object")?.Child("metadata")?.Remove("managedFields");
        return value;
    }

    internal ValueTask ReceivedAsync() => WriteAsync(AuditStages.RequestReceived);

    /// <param name="code">What the answer begins with.</param>
    internal ValueTask StartedAsync(int code)
    {
        status ??= new JsonObject { ["metadata"] = new JsonObject(), ["code"] = code };
        return WriteAsync(AuditStages.ResponseStarted);
    }

    internal ValueTask RefusedAsync(string message, int code)
    {
        status = new JsonObject { ["metadata"] = new JsonObject(), ["message"] = message, ["code"] = code };
        return WriteAsync(AuditStages.ResponseStarted);
    }

    /// <param name="code">What was answered in the end.</param>
    internal ValueTask CompletedAsync(int code)
    {
        if (status is null) status = new JsonObject { ["metadata"] = new JsonObject(), ["code"] = code };
        else status["code"] = code;
        return WriteAsync(AuditStages.ResponseComplete);
    }

    internal ValueTask PanickedAsync(Exception e)
    {
        status = new JsonObject { ["metadata"] = new JsonObject(), ["status"] = "Failure", ["message"] = $"APIServer panic'd: {e.Message}", ["reason"] = "InternalError", ["code"] = 500 };
        return WriteAsync(AuditStages.Panic);
    }

    private ValueTask WriteAsync(AuditStages stage) => (rule.Omitted & stage) != 0 ? ValueTask.CompletedTask : auditor.WriteAsync(Encode(stage));

    private byte[] Encode(AuditStages stage)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(1024);
        using (var w = new Utf8JsonWriter(buffer, Gureum.Objects.Models.ModelJson.WriterOptions))
        {
            w.WriteStartObject();
            w.WriteString("kind"u8, "Event"u8);
            w.WriteString("apiVersion"u8, "audit.k8s.io/v1"u8);
            w.WriteString("level"u8, rule.Level.ToString());
            w.WriteString("auditID"u8, request.Id);
            w.WriteString("stage"u8, stage.ToString());
            w.WriteString("requestURI"u8, request.Uri);
            w.WriteString("verb"u8, request.Target.Verb);
            User(w, "user", request.User);
            if (impersonated is not null) User(w, "impersonatedUser", impersonated);
            if (request.Sources.Count > 0) Texts(w, "sourceIPs", request.Sources);
            if (request.Agent.Length > 0) w.WriteString("userAgent"u8, request.Agent);
            if (request.Target.IsResource) Reference(w);
            if (stage != AuditStages.RequestReceived)
            {
                if (status is not null) { w.WritePropertyName("responseStatus"u8); status.WriteTo(w); }
                if (requestObject is not null) { w.WritePropertyName("requestObject"u8); requestObject.WriteTo(w); }
                if (responseObject is not null) { w.WritePropertyName("responseObject"u8); responseObject.WriteTo(w); }
            }
            w.WriteString("requestReceivedTimestamp"u8, Gureum.Objects.Times.FormatMicro(request.Received));
            w.WriteString("stageTimestamp"u8, Gureum.Objects.Times.FormatMicro(auditor.Now));
            lock (gate)
            {
                if (annotations.Count > 0)
                {
                    w.WriteStartObject("annotations"u8);
                    foreach (var (key, value) in annotations) w.WriteString(key, value);
                    w.WriteEndObject();
                }
            }
            w.WriteEndObject();
        }
        return [.. buffer.WrittenSpan, (byte)'\n'];
    }

    private void Reference(Utf8JsonWriter w)
    {
        var target = request.Target;
        w.WriteStartObject("objectRef"u8);
        Text(w, "resource", target.Plural);
        Text(w, "namespace", target.Namespace.Length > 0 ? target.Namespace : named.Namespace ?? "");
        Text(w, "name", target.Name.Length > 0 ? target.Name : named.Name ?? "");
        Text(w, "uid", named.Uid ?? "");
        Text(w, "apiGroup", target.Group);
        Text(w, "apiVersion", target.ApiVersion[(target.ApiVersion.IndexOf('/') + 1)..]);
        Text(w, "resourceVersion", named.ResourceVersion ?? "");
        Text(w, "subresource", target.Subresource);
        w.WriteEndObject();
    }

    private static void User(Utf8JsonWriter w, string name, UserInfo? user)
    {
        w.WriteStartObject(name);
        if (user is not null)
        {
            Text(w, "username", user.Name);
            Text(w, "uid", user.Uid);
            if (user.Groups.Count > 0) Texts(w, "groups", user.Groups);
            if (user.Extra.Count > 0)
            {
                w.WriteStartObject("extra"u8);
                foreach (var (key, values) in user.Extra) Texts(w, key, values);
                w.WriteEndObject();
            }
        }
        w.WriteEndObject();
    }

    private static void Text(Utf8JsonWriter w, string name, string value)
    {
        if (value.Length > 0) w.WriteString(name, value);
    }

    private static void Texts(Utf8JsonWriter w, string name, IReadOnlyList<string> values)
    {
        w.WriteStartArray(name);
        foreach (var value in values) w.WriteStringValue(value);
        w.WriteEndArray();
    }
}
