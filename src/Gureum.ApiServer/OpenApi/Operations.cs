using Gureum.ApiServer.Registry;
using Gureum.Objects.Models;
using Gureum.Objects.Protobuf;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.OpenApi;

/// <summary>The operations of collections, named and described as kube-apiserver does: stateless.</summary>
internal static class Operations
{
    private static readonly string[] Any = ["*/*"], Objects = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"], Documents = ["application/json", "application/yaml"];
    private static readonly string[] Streams = ["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];
    private static readonly string[] PatchTypes = ["application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json", "application/apply-patch+yaml"];
    private static readonly string[] Write = ["dryRun", "fieldManager", "fieldValidation"], Patch = [.. Write, "force"], Delete = ["dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy"];
    private static readonly string[] Select = ["continue", "fieldSelector", "labelSelector", "limit", "resourceVersion", "resourceVersionMatch", "sendInitialEvents", "timeoutSeconds"];
    private static readonly string[] List = ["allowWatchBookmarks", .. Select, "watch"], DeleteMany = [.. Delete, .. Select];
    private static readonly string[] Streaming = ["container", "stderr", "stdin", "stdout", "tty"];
    private static readonly string[] Logs = ["container", "follow", "insecureSkipTLSVerifyBackend", "limitBytes", "previous", "sinceSeconds", "stream", "tailLines", "timestamps"];

    private const string DeleteOptions = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions", Status = "io.k8s.apimachinery.pkg.apis.meta.v1.Status", WatchEvent = "io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent";

    /// <summary>Everything that can be done with a collection, in the order of paths.</summary>
    internal static IEnumerable<Operation> Of(Resource resource)
    {
        var (type, verbs) = (resource.Type, resource.Facts.Verbs);
        var root = Root(type);
        var (space, spaced) = type.Namespaced ? ("namespaces/{namespace}/", "Namespaced") : ("", "");
        var (kind, item) = (Kind(type), TypeNames.Definition(resource));
        var forms = ProtobufWriter.Knows(resource.Schema) ? Objects : Documents;
        Operation Make(string path, string method, string action, string id) => new(path, method, id, Tag(type)) { Action = action, Kind = kind, Consumes = Any, Produces = forms, Result = item };
        string Id(string verb, string suffix = "") => verb + Name(type) + spaced + type.Kind + suffix;
        var collection = root + space + type.Plural;
        string[] both = [.. forms, .. Streams];
        if (type.Namespaced && verbs.Contains("list"))
            yield return Make(root + type.Plural, "get", "list", "list" + Name(type) + type.Kind + "ForAllNamespaces") with { Description = $"list or watch objects of kind {type.Kind}", Parameters = List, Produces = both, Result = item + "List" };
        if (verbs.Contains("list")) yield return Make(collection, "get", "list", Id("list")) with { Description = $"list or watch objects of kind {type.Kind}", Parameters = List, Produces = both, Result = item + "List" };
        if (verbs.Contains("create")) yield return Make(collection, "post", "post", Id("create")) with { Description = $"create {Article(type.Kind)} {type.Kind}", Parameters = Write, Body = item, Codes = [200, 201, 202] };
        if (verbs.Contains("deletecollection")) yield return Make(collection, "delete", "deletecollection", "delete" + Name(type) + "Collection" + spaced + type.Kind) with { Description = $"delete collection of {type.Kind}", Parameters = DeleteMany, Body = DeleteOptions, Result = Status };
        var named = collection + "/{name}";
        if (verbs.Contains("get")) yield return Make(named, "get", "get", Id("read")) with { Description = $"read the specified {type.Kind}" };
        if (verbs.Contains("update")) yield return Make(named, "put", "put", Id("replace")) with { Description = $"replace the specified {type.Kind}", Parameters = Write, Body = item, Codes = [200, 201] };
        if (verbs.Contains("patch")) yield return Make(named, "patch", "patch", Id("patch")) with { Description = $"partially update the specified {type.Kind}", Parameters = Patch, Body = TypeNames.Patch, Consumes = PatchesOf(resource), Codes = [200, 201] };
        if (verbs.Contains("delete")) yield return Make(named, "delete", "delete", Id("delete")) with { Description = $"delete {Article(type.Kind)} {type.Kind}", Parameters = Delete, Body = DeleteOptions, Codes = [200, 202], Result = resource.Facts.ReturnsDeleted ? item : Status };
        foreach (var sub in resource.Facts.Subresources)
            foreach (var operation in Sub(resource, sub, named, Id, Make)) yield return operation;
        if (!verbs.Contains("watch") || resource.Schema.TypeName is null) yield break;
        var old = " deprecated: use the 'watch' parameter with a list operation instead";
        if (type.Namespaced) yield return Make(root + "watch/" + type.Plural, "get", "watchlist", "watch" + Name(type) + type.Kind + "ListForAllNamespaces") with { Description = $"watch individual changes to a list of {type.Kind}.{old}.", Parameters = List, Produces = both, Result = WatchEvent };
        yield return Make(root + "watch/" + space + type.Plural, "get", "watchlist", Id("watch", "List")) with { Description = $"watch individual changes to a list of {type.Kind}.{old}.", Parameters = List, Produces = both, Result = WatchEvent };
        yield return Make(root + "watch/" + space + type.Plural + "/{name}", "get", "watch", Id("watch")) with { Description = $"watch changes to an object of kind {type.Kind}.{old}, filtered to a single item with the 'fieldSelector' parameter.", Parameters = List, Produces = both, Result = WatchEvent };
    }

    private static IEnumerable<Operation> Sub(Resource resource, SubresourceFacts sub, string named, Func<string, string, string> id, Func<string, string, string, string, Operation> make)
    {
        var (type, path, suffix, kind) = (resource.Type, named + "/" + sub.Name, Capital(sub.Name), TypeNames.Split(sub.Kind));
        if (sub.BodyKind.EndsWith("Options", StringComparison.Ordinal))
        {
            foreach (var operation in Connections(resource, sub, path)) yield return operation with { Kind = kind };
            yield break;
        }
        var body = sub.BodyKind == type.Kind ? TypeNames.Definition(resource) : TypeNames.Body(sub) is { } name ? TypeNames.Definition(name) : null;
        var what = $"{sub.Name} of the specified {type.Kind}";
        if (sub.Name == "log")
        {
            yield return make(path, "get", "get", id("read", suffix)) with { Description = "read " + what, Kind = kind, Parameters = Logs, Produces = ["text/plain", .. Objects], Result = null };
            yield break;
        }
        if (sub.Verbs.Contains("get")) yield return make(path, "get", "get", id("read", suffix)) with { Description = "read " + what, Kind = kind, Result = body };
        if (sub.Verbs.Contains("create")) yield return make(path, "post", "post", id("create", suffix)) with { Description = $"create {sub.Name} of {Article(type.Kind)} {type.Kind}", Kind = kind, Parameters = Write, Body = body, Codes = [200, 201, 202], Result = body };
        if (sub.Verbs.Contains("update")) yield return make(path, "put", "put", id("replace", suffix)) with { Description = "replace " + what, Kind = kind, Parameters = Write, Body = body, Codes = [200, 201], Result = body };
        if (sub.Verbs.Contains("patch")) yield return make(path, "patch", "patch", id("patch", suffix)) with { Description = "partially update " + what, Kind = kind, Parameters = Patch, Body = TypeNames.Patch, Consumes = PatchesOf(resource), Codes = [200, 201], Result = body };
    }

    // exec, attach, portforward and proxy: what goes through them is none of the API's business.
    private static IEnumerable<Operation> Connections(Resource resource, SubresourceFacts sub, string path)
    {
        var type = resource.Type;
        string[] methods = sub.Name == "proxy" ? ["delete", "get", "head", "options", "patch", "post", "put"] : ["get", "post"];
        string[] parameters = sub.Name switch { "exec" => ["command", .. Streaming], "attach" => Streaming, "portforward" => ["ports"], _ => ["path"] };
        foreach (var (at, suffix) in sub.Name == "proxy" ? [(path, ""), (path + "/{path}", "WithPath")] : new[] { (path, "") })
            foreach (var method in methods)
                yield return new Operation(at, method, "connect" + Name(type) + Capital(method) + (type.Namespaced ? "Namespaced" : "") + type.Kind + Capital(sub.Name) + suffix, Tag(type))
                {
                    Description = $"connect {method.ToUpperInvariant()} requests to {sub.Name} of {type.Kind}", Action = "connect", Parameters = parameters, Consumes = Any, Produces = Any,
                };
    }

    /// <summary>Which group and version there is to discover.</summary>
    internal static Operation Discovery(string apiVersion)
    {
        var type = new ResourceType(apiVersion, "", "", false);
        return new Operation(Root(type), "get", "get" + Name(type) + "APIResources", Tag(type)) { Description = "get available resources", Consumes = Objects, Produces = Objects, Result = "io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList" };
    }

    /// <summary>Documents about the server that are no resources, each with the type that describes it.</summary>
    internal static IEnumerable<(Operation Operation, string? Type)> Others(IEnumerable<string> groups)
    {
        const string meta = "io.k8s.apimachinery.pkg.apis.meta.v1.";
        yield return (new Operation("/.well-known/openid-configuration/", "get", "getServiceAccountIssuerOpenIDConfiguration", "WellKnown") { Description = "get service account issuer OpenID configuration, also known as the 'OIDC discovery doc'", Produces = ["application/json"] }, null);
        yield return (new Operation("/api/", "get", "getCoreAPIVersions", "core") { Description = "get available API versions", Consumes = Objects, Produces = Objects, Result = meta + "APIVersions" }, "meta.v1.APIVersions");
        yield return (new Operation("/apis/", "get", "getAPIVersions", "apis") { Description = "get available API versions", Consumes = Objects, Produces = Objects, Result = meta + "APIGroupList" }, "meta.v1.APIGroupList");
        foreach (var group in groups)
            yield return (new Operation($"/apis/{group}/", "get", $"get{GroupName(group)}APIGroup", Lower(GroupName(group))) { Description = "get information of a group", Consumes = Objects, Produces = Objects, Result = meta + "APIGroup" }, "meta.v1.APIGroup");
        yield return (new Operation("/openid/v1/jwks/", "get", "getServiceAccountIssuerOpenIDKeyset", "openid") { Description = "get service account issuer OpenID JSON Web Key Set (contains public token verification keys)", Produces = ["application/jwk-set+json"] }, null);
        yield return (new Operation("/version/", "get", "getCodeVersion", "version") { Description = "get the version information for this server", Consumes = ["application/json"], Produces = ["application/json"], Result = "io.k8s.apimachinery.pkg.version.Info" }, "version.Info");
    }

    private static string[] PatchesOf(Resource resource) => resource.Definition is null ? PatchTypes : [.. PatchTypes.Where(p => !p.Contains("strategic", StringComparison.Ordinal))];

    private static string Root(ResourceType type) => (type.Group.Length == 0 ? "/api/" : "/apis/") + type.ApiVersion + "/";

    private static (string Group, string Version, string Kind) Kind(ResourceType type) => (type.Group, type.Version, type.Kind);

    private static string Tag(ResourceType type) => Lower(GroupName(type.Group)) + "_" + type.Version;

    private static string Name(ResourceType type) => GroupName(type.Group) + Capital(type.Version);

    // flowcontrol.apiserver.k8s.io is FlowcontrolApiserver.
    private static string GroupName(string group)
    {
        if (group.Length == 0) return "Core";
        const string own = ".k8s.io";
        return string.Concat((group.EndsWith(own, StringComparison.Ordinal) ? group[..^own.Length] : group).Split('.', '-').Select(Capital));
    }

    private static string Article(string kind) => "AEIOU".Contains(kind[0]) ? "an" : "a";

    private static string Capital(string text) => text.Length == 0 ? "" : char.ToUpperInvariant(text[0]) + text[1..];

    private static string Lower(string text) => text.Length == 0 ? "" : char.ToLowerInvariant(text[0]) + text[1..];
}
