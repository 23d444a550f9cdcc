using System.Text.Json.Nodes;
using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Surface;

/// <summary>The operations that we publish, against upstream's: ids, actions, kinds, media types, parameters, bodies and answers.</summary>
public sealed class OperationTests(SurfaceServer server) : IClassFixture<SurfaceServer>
{
    // Upstream's document was made with every alpha feature switched on; these belong to features that are off.
    private static readonly string[] OffMediaTypes = ["application/cbor", "application/cbor-seq", "application/apply-patch+cbor"];
    private static readonly string[] OffParameters = ["shardSelector", "ignoreStoreReadErrorWithClusterBreakingPotential"];

    [Fact]
    public async Task Operations_OfTheSecondForm_AreUpstreams()
    {
        var ours = Described((await server.Admin.GetAsync("/openapi/v2")).Ok()).Where(o => !Beyond.Path(o.Key.Split(' ')[1])).ToDictionary();
        var theirs = Described(Reference.Swagger).Where(o => !LeftOut.Has(o.Key.Split(' ')[1])).ToDictionary();
        Assert.True(theirs.Count > 800, $"upstream's document has {theirs.Count} operations");
        var differences = theirs.Keys.Union(ours.Keys).Where(k => theirs.GetValueOrDefault(k) != ours.GetValueOrDefault(k))
            .Select(k => $"{k}\n  upstream {theirs.GetValueOrDefault(k)}\n  here     {ours.GetValueOrDefault(k)}").ToList();
        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }

    [Fact]
    public async Task Operations_OfTheThirdForm_AreThoseOfTheSecond()
    {
        var second = Described((await server.Admin.GetAsync("/openapi/v2")).Ok()).Keys.Order(StringComparer.Ordinal);
        var third = new List<string>();
        foreach (var (_, document) in (await server.Admin.GetAsync("/openapi/v3")).Ok().Child("paths")!)
            third.AddRange(Described((await server.Admin.GetAsync(document!["serverRelativeURL"]!.GetValue<string>())).Ok()).Keys);
        Assert.Equal(second, third.Order(StringComparer.Ordinal));
    }

    // Each operation as one line, whatever order its parts are in and whether its parameters are its own or its path's.
    private static Dictionary<string, string> Described(JsonObject document)
    {
        var found = new Dictionary<string, string>();
        foreach (var (path, item) in document.Child("paths")!)
            foreach (var (method, node) in item!.AsObject().Where(m => m.Key != "parameters"))
            {
                var operation = node!.AsObject();
                var parameters = item["parameters"]?.AsArray().Concat(operation["parameters"]?.AsArray() ?? []) ?? operation["parameters"]?.AsArray() ?? [];
                found[$"{method} {path}"] = string.Join(' ',
                    operation.Text("operationId"), operation.Text("x-kubernetes-action"), Sorted(operation["x-kubernetes-group-version-kind"]), string.Join(',', operation.Texts("tags")),
                    "takes", string.Join(',', operation.Texts("consumes").Except(OffMediaTypes)), "gives", string.Join(',', operation.Texts("produces").Except(OffMediaTypes)),
                    "asks", string.Join(',', parameters.Select(p => Parameter(document, p!.AsObject())).Where(p => !OffParameters.Any(o => p.StartsWith("query " + o, StringComparison.Ordinal))).Order(StringComparer.Ordinal)),
                    "answers", string.Join(',', operation.Child("responses")!.Select(r => r.Key + Schema(r.Value!.AsObject())).Order(StringComparer.Ordinal)));
            }
        return found;
    }

    private static string Parameter(JsonObject document, JsonObject parameter)
    {
        if (parameter.Text("$ref") is { } to) parameter = document.Child("parameters")!.Child(to["#/parameters/".Length..])!;
        return $"{parameter.Text("in")} {parameter.Text("name")}{Schema(parameter)} {parameter.Text("type")} {(parameter.Flag("required") == true ? "required" : "")}";
    }

    private static string Schema(JsonObject around) => around.Child("schema") is { } schema ? " " + Sorted(schema) : "";

    private static string Sorted(JsonNode? node) => node is JsonObject map ? string.Join('/', map.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value}")) : "";
}
