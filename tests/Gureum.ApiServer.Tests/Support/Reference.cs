using System.Text.Json.Nodes;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Support;

/// <summary>What upstream publishes about its API: shared/reference/kubernetes-1.36, beside this checkout or named by GUREUM_REFERENCE.</summary>
internal static class Reference
{
    private static readonly Lazy<JsonObject> Loaded = new(static () => JsonNode.Parse(File.ReadAllText(Find("swagger.json")))!.AsObject());

    /// <summary>The OpenAPI v2 document of kube-apiserver with every API switched on.</summary>
    internal static JsonObject Swagger => Loaded.Value;

    /// <summary>Every path with its methods.</summary>
    internal static IEnumerable<(string Path, IReadOnlyList<string> Methods)> Paths() =>
        Swagger.Child("paths")!.Select(p => (p.Key, (IReadOnlyList<string>)[.. p.Value!.AsObject().Select(m => m.Key).Where(m => m != "parameters")]));

    private static string Find(string name)
    {
        if (Environment.GetEnvironmentVariable("GUREUM_REFERENCE") is { Length: > 0 } given) return Path.Combine(given, "kubernetes-1.36", name);
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (Path.Combine(at.FullName, "shared", "reference", "kubernetes-1.36", name) is var file && File.Exists(file)) return file;
        throw new InvalidOperationException($"shared/reference/kubernetes-1.36/{name} is not beside this checkout: put it there, or name the folder that holds kubernetes-1.36 in GUREUM_REFERENCE");
    }
}
