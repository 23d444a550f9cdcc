using System.Text.Json;

namespace Gureum.ApiServer.OpenApi;

/// <summary>Writes operations as the paths of an OpenAPI document. Serves one document; not thread-safe.</summary>
internal sealed class PathPublisher(Utf8JsonWriter w, bool v3)
{
    internal void Write(IEnumerable<Operation> operations)
    {
        foreach (var path in operations.GroupBy(o => o.Path).OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            w.WriteStartObject(path.Key);
            foreach (var operation in path.OrderBy(o => o.Method, StringComparer.Ordinal)) Write(operation);
            var named = path.Key.Split('/').Where(p => p.StartsWith('{')).Select(p => p.Trim('{', '}')).ToList();
            var pretty = path.Any(o => o.Action is not (null or "connect"));
            if (named.Count > 0 || pretty)
            {
                w.WriteStartArray("parameters"u8);
                foreach (var name in named) Parameter(name, "path", required: true);
                if (pretty) Parameter("pretty", "query", required: false);
                w.WriteEndArray();
            }
            w.WriteEndObject();
        }
    }

    private void Write(Operation operation)
    {
        w.WriteStartObject(operation.Method);
        w.WriteString("description"u8, operation.Description);
        w.WriteString("operationId"u8, operation.Id);
        Strings("tags"u8, [operation.Tag]);
        if (!v3)
        {
            Strings("consumes"u8, operation.Consumes);
            Strings("produces"u8, operation.Produces);
            Strings("schemes"u8, ["https"]);
        }
        if (operation.Parameters.Count > 0 || (!v3 && operation.Body is not null))
        {
            w.WriteStartArray("parameters"u8);
            if (!v3 && operation.Body is { } body) BodyParameter(body, Required(operation));
            foreach (var name in operation.Parameters) Parameter(name, "query", required: false);
            w.WriteEndArray();
        }
        if (v3 && operation.Body is { } taken) RequestBody(operation, taken);
        Responses(operation);
        if (operation.Action is { } action) w.WriteString("x-kubernetes-action"u8, action);
        if (operation.Kind is { } kind)
        {
            w.WritePropertyName("x-kubernetes-group-version-kind"u8);
            SchemaPublisher.Kind(w, kind.Group, kind.Version, kind.Kind);
        }
        w.WriteEndObject();
    }

    // Options of a deletion may be left out; what is written may not.
    private static bool Required(Operation operation) => operation.Method != "delete";

    private void BodyParameter(string definition, bool required)
    {
        w.WriteStartObject();
        w.WriteString("in"u8, "body"u8);
        w.WriteString("name"u8, "body"u8);
        if (required) w.WriteBoolean("required"u8, true);
        Schema(definition);
        w.WriteEndObject();
    }

    private void RequestBody(Operation operation, string definition)
    {
        w.WriteStartObject("requestBody"u8);
        Content(operation.Consumes, definition);
        if (Required(operation)) w.WriteBoolean("required"u8, true);
        w.WriteEndObject();
    }

    private void Responses(Operation operation)
    {
        w.WriteStartObject("responses"u8);
        foreach (var code in operation.Codes)
        {
            w.WriteStartObject(code.ToString(System.Globalization.CultureInfo.InvariantCulture));
            w.WriteString("description"u8, code switch { 201 => "Created", 202 => "Accepted", _ => "OK" });
            if (v3) Content(operation.Produces, operation.Result);
            else Schema(operation.Result);
            w.WriteEndObject();
        }
        w.WriteStartObject("401"u8);
        w.WriteString("description"u8, "Unauthorized"u8);
        w.WriteEndObject();
        w.WriteEndObject();
    }

    private void Content(IReadOnlyList<string> types, string? definition)
    {
        w.WriteStartObject("content"u8);
        foreach (var type in types)
        {
            w.WriteStartObject(type);
            Schema(definition);
            w.WriteEndObject();
        }
        w.WriteEndObject();
    }

    private void Schema(string? definition)
    {
        w.WriteStartObject("schema"u8);
        if (definition is null) w.WriteString("type"u8, "string"u8);
        else w.WriteString("$ref"u8, (v3 ? "#/components/schemas/" : "#/definitions/") + definition);
        w.WriteEndObject();
    }

    private void Parameter(string name, string place, bool required)
    {
        w.WriteStartObject();
        w.WriteString("name"u8, name);
        w.WriteString("in"u8, place);
        if (required) w.WriteBoolean("required"u8, true);
        if (v3) w.WriteStartObject("schema"u8);
        w.WriteString("type"u8, TypeOf(name));
        w.WriteBoolean("uniqueItems"u8, true);
        if (v3) w.WriteEndObject();
        w.WriteEndObject();
    }

    private static string TypeOf(string parameter) => parameter switch
    {
        "force" or "watch" or "allowWatchBookmarks" or "sendInitialEvents" or "orphanDependents" or "follow" or "insecureSkipTLSVerifyBackend" or "previous" or "timestamps" or "stderr" or "stdin" or "stdout" or "tty" => "boolean",
        "limit" or "timeoutSeconds" or "gracePeriodSeconds" or "limitBytes" or "sinceSeconds" or "tailLines" or "ports" => "integer",
        _ => "string",
    };

    private void Strings(ReadOnlySpan<byte> name, IReadOnlyList<string> values)
    {
        if (values.Count == 0) return;
        w.WriteStartArray(name);
        foreach (var value in values) w.WriteStringValue(value);
        w.WriteEndArray();
    }
}
