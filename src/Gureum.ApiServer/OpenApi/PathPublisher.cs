using System.Text.Json;
using Gureum.ApiServer.Registry;
using Gureum.Objects.Models;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.OpenApi;

/// <summary>Writes the paths of collections, with what clients look for in them: the kind, and which parameters writes understand.</summary>
internal sealed class PathPublisher(Utf8JsonWriter w, bool v3)
{
    private static readonly string[] WriteParameters = ["dryRun", "fieldManager", "fieldValidation"];
    private static readonly string[] ListParameters = ["allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion", "resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", "watch"];
    private static readonly string[] DeleteParameters = ["dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy"];
    private static readonly string[] PatchTypes = ["application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json", "application/apply-patch+yaml"];

    internal void Write(IEnumerable<Resource> resources)
    {
        foreach (var resource in resources)
        {
            var type = resource.Type;
            var root = (type.Group.Length == 0 ? "/api/" : "/apis/") + type.ApiVersion + "/";
            var collection = root + (type.Namespaced ? "namespaces/{namespace}/" : "") + type.Plural;
            if (type.Namespaced && resource.Facts.Verbs.Contains("list")) Item(root + type.Plural, resource, type, named: false, spaced: false, [("list", "get")]);
            Item(collection, resource, type, named: false, type.Namespaced, [("list", "get"), ("create", "post"), ("deletecollection", "delete")]);
            Item(collection + "/{name}", resource, type, named: true, type.Namespaced, [("get", "get"), ("update", "put"), ("patch", "patch"), ("delete", "delete")]);
            foreach (var sub in resource.Facts.Subresources)
            {
                var body = new ResourceType(sub.BodyApiVersion, sub.BodyKind, type.Plural, type.Namespaced);
                Item($"{collection}/{{name}}/{sub.Name}", resource, body, named: true, type.Namespaced, [("get", "get"), ("create", "post"), ("update", "put"), ("patch", "patch"), ("delete", "delete")], sub);
            }
        }
    }

    private void Item(string path, Resource resource, ResourceType body, bool named, bool spaced, (string Verb, string Method)[] verbs, SubresourceFacts? sub = null)
    {
        var served = verbs.Where(v => (sub?.Verbs ?? resource.Facts.Verbs).Contains(v.Verb)).ToList();
        if (served.Count == 0) return;
        w.WriteStartObject(path);
        foreach (var (verb, method) in served) Operation(verb, method, resource, body, sub);
        w.WriteStartArray("parameters"u8);
        if (named) Parameter("name", "path", required: true);
        if (spaced) Parameter("namespace", "path", required: true);
        w.WriteEndArray();
        w.WriteEndObject();
    }

    private void Operation(string verb, string method, Resource resource, ResourceType body, SubresourceFacts? sub)
    {
        w.WriteStartObject(method);
        w.WriteString("operationId"u8, Identifier(verb, resource.Type, sub));
        w.WriteString("x-kubernetes-action"u8, verb switch { "create" => "post", "update" => "put", _ => verb });
        w.WritePropertyName("x-kubernetes-group-version-kind"u8);
        SchemaPublisher.Kind(w, body.Group, body.Version, body.Kind);
        if (!v3 && method is "patch")
        {
            w.WriteStartArray("consumes"u8);
            foreach (var type in PatchTypes) w.WriteStringValue(type);
            w.WriteEndArray();
        }
        Parameters(verb);
        if (v3 && verb is "create" or "update" or "patch" && v3) Body(verb, resource, sub);
        Responses(verb, resource, sub);
        w.WriteEndObject();
    }

    private void Parameters(string verb)
    {
        string[] names = verb switch
        {
            "create" or "update" => WriteParameters, "patch" => [.. WriteParameters, "force"], "delete" => DeleteParameters, "list" => ListParameters, "deletecollection" => [.. ListParameters, .. DeleteParameters], _ => [],
        };
        w.WriteStartArray("parameters"u8);
        foreach (var name in names) Parameter(name, "query", required: false);
        w.WriteEndArray();
    }

    private void Parameter(string name, string place, bool required)
    {
        w.WriteStartObject();
        w.WriteString("name"u8, name);
        w.WriteString("in"u8, place);
        if (required) w.WriteBoolean("required"u8, true);
        if (v3) w.WriteStartObject("schema"u8);
        w.WriteString("type"u8, name switch { "force" or "watch" or "allowWatchBookmarks" or "sendInitialEvents" or "orphanDependents" => "boolean", "limit" or "timeoutSeconds" or "gracePeriodSeconds" => "integer", _ => "string" });
        w.WriteBoolean("uniqueItems"u8, true);
        if (v3) w.WriteEndObject();
        w.WriteEndObject();
    }

    private void Body(string verb, Resource resource, SubresourceFacts? sub)
    {
        w.WriteStartObject("requestBody"u8);
        w.WriteStartObject("content"u8);
        foreach (var type in verb == "patch" ? PatchTypes : ["*/*"])
        {
            w.WriteStartObject(type);
            if (verb == "patch") { w.WriteStartObject("schema"u8); w.WriteString("type"u8, "object"u8); w.WriteEndObject(); }
            else Schema(verb, resource, sub);
            w.WriteEndObject();
        }
        w.WriteEndObject();
        w.WriteEndObject();
    }

    private void Responses(string verb, Resource resource, SubresourceFacts? sub)
    {
        w.WriteStartObject("responses"u8);
        w.WriteStartObject(verb == "create" ? "201" : "200");
        w.WriteString("description"u8, "OK"u8);
        if (v3)
        {
            w.WriteStartObject("content"u8);
            w.WriteStartObject("application/json"u8);
            Schema(verb, resource, sub);
            w.WriteEndObject();
            w.WriteEndObject();
        }
        else Schema(verb, resource, sub);
        w.WriteEndObject();
        w.WriteEndObject();
    }

    private void Schema(string verb, Resource resource, SubresourceFacts? sub)
    {
        w.WriteStartObject("schema"u8);
        // Bodies of subresources that belong to other groups are in those groups' documents.
        if (sub is not null && sub.BodyKind != resource.Type.Kind) w.WriteString("type"u8, "object"u8);
        else w.WriteString("$ref"u8, (v3 ? "#/components/schemas/" : "#/definitions/") + (verb is "delete" or "deletecollection" ? "io.k8s.apimachinery.pkg.apis.meta.v1.Status" : TypeNames.Definition(resource) + (verb == "list" ? "List" : "")));
        w.WriteEndObject();
    }

    private static string Identifier(string verb, ResourceType type, SubresourceFacts? sub) =>
        verb + string.Concat((type.Group.Length == 0 ? "core" : type.Group).Split('.', '-').Append(type.Version).Select(Capital)) + (type.Namespaced ? "Namespaced" : "") + type.Kind + Capital(sub?.Name ?? "");

    private static string Capital(string text) => text.Length == 0 ? "" : char.ToUpperInvariant(text[0]) + text[1..];
}
