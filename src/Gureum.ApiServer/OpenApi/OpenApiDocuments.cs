using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Aggregation;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Gureum.Objects.Models;

namespace Gureum.ApiServer.OpenApi;

/// <summary>
/// Publishes what the API understands: /openapi/v3 and its documents of each group and version, and /openapi/v2
/// (https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-interface-definition), made of the schemas when
/// somebody first asks and kept until the catalog changes. Thread-safe.
/// </summary>
public sealed class OpenApiDocuments(ResourceCatalog catalog, Descriptions descriptions)
{
    private sealed record Document(byte[] Body, string Hash);

    /// <summary>What other servers serve; null where there are none.</summary>
    internal RemoteServices? Remotes { get; init; }

    private long Now => catalog.Version + (Remotes?.Version ?? 0);

    private readonly Lock gate = new();
    private Dictionary<string, Document> known = new(StringComparer.Ordinal);
    private long version = -1;

    internal ApiResult? Find(ApiCall call, RequestTarget target)
    {
        var path = target.Path.TrimEnd('/');
        if (path == "/openapi/v2")
        {
            if (!Accepts(call.Accept)) throw ApiError.NotAcceptable("application/json");
            return Answer(Get("v2"));
        }
        if (path == "/openapi/v3") return Answer(Get("v3"));
        if (!path.StartsWith("/openapi/v3/", StringComparison.Ordinal)) return null;
        var name = path["/openapi/v3/".Length..];
        // The server itself asks: who may read the document has been decided here.
        if (Remotes?.ServerOf("/" + name) is { } remote) return remote.Documents.OpenApiHash is null ? null : new RemoteResult(remote, call, RequestIdentity.Aggregator);
        if (!Names().Contains(name)) return null;
        var document = Get(name);
        // The index gives addresses that name the content: an old one leads to what is there now.
        if (call.Parameter("hash") is not { Length: > 0 } hash) return Answer(document);
        return hash == document.Hash ? Answer(document) with { Caching = BodyResult.Forever } : new RedirectResult(Address(name, document));
    }

    /// <summary>The paths of these documents, and those that they are about: groups, versions and what else is described.</summary>
    internal IEnumerable<string> Paths => Names().Concat((Remotes?.All ?? []).Select(static r => r.Path[1..])).Select(static n => "/" + n).Concat(["/openapi/v2", "/openapi/v3"]);

    private static bool Accepts(string accept) => accept.Length == 0 || accept.Split(',').Any(a => a.Split(';')[0].Trim() is "application/json" or "*/*" or "application/*")
        // Every known client that asks for the protobuf form reads JSON as well.
        || accept.Contains("application/com.github.proto-openapi.spec.v2", StringComparison.Ordinal);

    private static string Address(string name, Document document) => $"/openapi/v3/{name}?hash={document.Hash}";

    private static BodyResult Answer(Document document) => new(200, document.Body) { ETag = "\"" + document.Hash + "\"" };

    private static string Path(ResourceType type) => (type.Group.Length == 0 ? "api/" : "apis/") + type.ApiVersion;

    // api/v1 and apis/apps/v1, and what is about no version: api, apis, apis/apps, version, openid/v1/jwks.
    private IEnumerable<string> Names() => catalog.All.Select(r => Path(r.Type)).Distinct().Concat(Others().Select(o => o.Operation.Path.Trim('/'))).Order(StringComparer.Ordinal);

    private IEnumerable<(Operation Operation, string? Type)> Others() => Operations.Others(catalog.All.Select(r => r.Type.Group).Where(g => g.Length > 0).Distinct().Order(StringComparer.Ordinal));

    private Document Get(string name)
    {
        // One at a time: the documents are large, and clients ask for several at once.
        lock (gate)
        {
            if (version != Now) Renew();
            if (known.TryGetValue(name, out var found)) return found;
            var made = name switch { "v2" => Second(), "v3" => Make(WriteIndex), _ => Make(w => WriteThird(w, name)) };
            return known[name] = made;
        }
    }

    // Documents of built-in groups stay what they are when definitions come and go.
    private void Renew()
    {
        var now = Now;
        var defined = catalog.All.Where(r => r.Definition is not null).Select(r => Path(r.Type)).ToHashSet();
        var served = Names().ToHashSet();
        known = known.Where(d => served.Contains(d.Key) && !defined.Contains(d.Key)).ToDictionary(StringComparer.Ordinal);
        version = now;
    }

    private void WriteIndex(Utf8JsonWriter w)
    {
        w.WriteStartObject("paths"u8);
        foreach (var remote in Remotes?.All ?? [])
            if (remote.Documents.OpenApiHash is { } hash)
            {
                w.WriteStartObject(remote.Path[1..]);
                w.WriteString("serverRelativeURL"u8, $"/openapi/v3{remote.Path}?hash={hash}");
                w.WriteEndObject();
            }
        foreach (var path in Names().ToList())
        {
            if (Remotes?.ServerOf("/" + path) is not null) continue;
            if (!known.TryGetValue(path, out var document)) known[path] = document = Make(inner => WriteThird(inner, path));
            w.WriteStartObject(path);
            w.WriteString("serverRelativeURL"u8, Address(path, document));
            w.WriteEndObject();
        }
        w.WriteEndObject();
    }

    private void WriteThird(Utf8JsonWriter w, string name)
    {
        w.WriteString("openapi"u8, "3.0.0"u8);
        Info(w);
        var resources = Sorted(r => Path(r.Type) == name);
        var other = resources.Count == 0 ? Others().First(o => o.Operation.Path.Trim('/') == name) : default;
        w.WriteStartObject("paths"u8);
        new PathPublisher(w, v3: true).Write(resources.Count == 0 ? [other.Operation] : [Operations.Discovery(resources[0].Type.ApiVersion), .. resources.SelectMany(Operations.Of)]);
        w.WriteEndObject();
        w.WriteStartObject("components"u8);
        w.WriteStartObject("schemas"u8);
        var schemas = new SchemaPublisher(w, descriptions, v3: true, resources.Count == 0 ? "" : resources[0].Type.ApiVersion);
        if (resources.Count > 0) schemas.Write(resources);
        else if (other.Type is { } type) schemas.Write(type);
        w.WriteEndObject();
        w.WriteEndObject();
    }

    private Document Second()
    {
        var own = Make(WriteSecond);
        var remotes = Remotes?.All.Where(static r => r.Documents.Swagger is not null).ToList() ?? [];
        if (remotes.Count == 0) return own;
        var merged = JsonNode.Parse(own.Body)!.AsObject();
        SwaggerMerge.Into(merged, remotes);
        return Make(w => { foreach (var (name, part) in merged) { w.WritePropertyName(name); part!.WriteTo(w); } });
    }

    private void WriteSecond(Utf8JsonWriter w)
    {
        var resources = Sorted(static _ => true);
        w.WriteString("swagger"u8, "2.0"u8);
        Info(w);
        w.WriteStartObject("paths"u8);
        new PathPublisher(w, v3: false).Write([.. Others().Select(o => o.Operation), .. resources.Select(r => r.Type.ApiVersion).Distinct().Select(Operations.Discovery), .. resources.SelectMany(Operations.Of)]);
        w.WriteEndObject();
        w.WriteStartObject("definitions"u8);
        var schemas = new SchemaPublisher(w, descriptions, v3: false);
        schemas.Write(resources);
        foreach (var type in Others().Select(o => o.Type).OfType<string>().Distinct()) schemas.Write(type);
        w.WriteEndObject();
    }

    private List<Resource> Sorted(Func<Resource, bool> which) => [.. catalog.All.Where(which).OrderBy(r => r.Type.ApiVersion, StringComparer.Ordinal).ThenBy(r => r.Type.Plural, StringComparer.Ordinal)];

    private static void Info(Utf8JsonWriter w)
    {
        w.WriteStartObject("info"u8);
        w.WriteString("title"u8, "Kubernetes"u8);
        w.WriteString("version"u8, PathHandlers.KubernetesVersion);
        w.WriteEndObject();
    }

    private static Document Make(Action<Utf8JsonWriter> content)
    {
        var buffer = new ArrayBufferWriter<byte>(64 * 1024);
        using (var w = new Utf8JsonWriter(buffer, ModelJson.WriterOptions))
        {
            w.WriteStartObject();
            content(w);
            w.WriteEndObject();
        }
        var body = buffer.WrittenSpan.ToArray();
        return new Document(body, Convert.ToHexString(SHA256.HashData(body).AsSpan(0, 16)));
    }
}
