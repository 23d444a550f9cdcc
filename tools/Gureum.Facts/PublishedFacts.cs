using System.Text.Json;
using System.Text.RegularExpressions;

namespace Gureum.Facts;

/// <summary>
/// Writes what only kube-apiserver's OpenAPI v3 documents say: the defaults that they publish (which are not those that
/// it fills in), and enums, which the documents in its source lack and its generated definitions have.
/// </summary>
internal static partial class PublishedFacts
{
    [GeneratedRegex(@"^func schema_(\w+)\(")] private static partial Regex Definition();
    [GeneratedRegex(@"^\t{5}""([\w$-]+)"": \{")] private static partial Regex Property();
    [GeneratedRegex(@"Enum:\s+\[\]interface\{\}\{(.*)\}")] private static partial Regex Enum();

    internal static void Write(string source, string output)
    {
        var lines = new SortedSet<string>(StringComparer.Ordinal);
        var types = new Dictionary<string, string>();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(source, "api/openapi-spec/v3"), "*.json"))
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            if (!document.RootElement.TryGetProperty("components", out var components) || !components.TryGetProperty("schemas", out var schemas)) continue;
            foreach (var schema in schemas.EnumerateObject())
            {
                types[GoName(schema.Name)] = TypeFacts.ShortName(schema.Name);
                if (!schema.Value.TryGetProperty("properties", out var properties)) continue;
                foreach (var property in properties.EnumerateObject())
                    if (property.Value.TryGetProperty("default", out var value)) lines.Add($"default {TypeFacts.ShortName(schema.Name)}.{property.Name} {JsonSerializer.Serialize(value)}");
            }
        }
        Enums(Path.Combine(source, "pkg/generated/openapi/zz_generated.openapi.go"), types, lines);
        File.WriteAllText(output, "# What OpenAPI v3 of Kubernetes 1.36 says beside its schemas, written by tools/Gureum.Facts. Do not edit: see docs/contributing/adding-a-kind.md.\n" + string.Concat(lines.Select(l => l + "\n")));
    }

    private static void Enums(string file, Dictionary<string, string> types, SortedSet<string> lines)
    {
        var (type, property) = ("", "");
        foreach (var line in File.ReadLines(file))
        {
            if (Definition().Match(line) is { Success: true } definition) type = types.GetValueOrDefault(definition.Groups[1].Value, "");
            else if (Property().Match(line) is { Success: true } named) property = named.Groups[1].Value;
            else if (type.Length > 0 && Enum().Match(line) is { Success: true } found) lines.Add($"enum {type}.{property} [{found.Groups[1].Value}]");
        }
    }

    // io.k8s.api.core.v1.Pod is schema_k8sio_api_core_v1_Pod, io.k8s.apimachinery.pkg.apis.meta.v1.Status schema_pkg_apis_meta_v1_Status.
    private static string GoName(string definition)
    {
        var name = definition.Replace("io.k8s.api.", "k8sio.api.");
        foreach (var module in (string[])["io.k8s.apimachinery.", "io.k8s.apiextensions-apiserver.", "io.k8s.kube-aggregator."]) name = name.Replace(module, "");
        return name.Replace('.', '_');
    }
}
