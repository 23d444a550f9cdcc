using System.Text.Json.Nodes;
using Gureum.ApiServer.Admission.Webhooks;
using Gureum.ApiServer.Definitions.Conversion;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Subresources;
using Gureum.Objects.Json;
using Gureum.Objects.Models;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.Definitions;

/// <summary>The collections that a CustomResourceDefinition asks for: one for each served version.</summary>
internal static class DefinedResources
{
    private static readonly string[] Verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

    /// <param name="webhooks">Asks conversion webhooks.</param>
    internal static IEnumerable<Resource> Of(JsonObject definition, string name, WebhookClient webhooks)
    {
        var spec = definition.Need("spec");
        var (group, names, namespaced) = (spec.Text("group") ?? "", spec.Need("names"), spec.Text("scope") == "Namespaced");
        var versions = spec.Objects("versions").ToList();
        var stored = versions.FirstOrDefault(v => v.Flag("storage") == true);
        if (stored is null) yield break;
        var terminating = definition.Child("metadata")?.ContainsKey("deletionTimestamp") == true;
        // Objects are stored pruned and defaulted: only a schema that has changed since may say something new of them.
        var changed = definition.Child("metadata")?.Number("generation") > 1;
        var storedType = Type(stored);
        var storedSchema = StructuralSchema.Root(stored.Child("schema")?.Child("openAPIV3Schema"));
        // Objects may be stored in any version that was the stored one before.
        var remote = versions.Count > 1 && spec.Child("conversion") is { } conversion && conversion.Text("strategy") == "Webhook" ? Remote(conversion, webhooks, storedSchema) : null;
        foreach (var version in versions.Where(v => v.Flag("served") == true))
        {
            var type = Type(version);
            var subresources = version.Child("subresources");
            var schema = version == stored ? storedSchema : StructuralSchema.Root(version.Child("schema")?.Child("openAPIV3Schema"));
            var facts = new ResourceFacts(type, schema, Verbs)
            {
                Singular = names.Text("singular") ?? type.Kind.ToLowerInvariant(), ShortNames = [.. names.Texts("shortNames")], Categories = [.. names.Texts("categories")],
                Subresources = [.. Subresources(subresources, type)],
            };
            yield return new Resource(facts, new CustomResourceStrategy(version.Child("schema")?.Child("openAPIV3Schema"), subresources?.ContainsKey("status") == true, Selectable(version), terminating, type.Namespaced))
            {
                StoredAs = storedType, StoredSchema = remote is not null ? schema : versions.Count > 1 ? Open : storedSchema, Definition = name, Remote = remote, Deprecation = DeprecatedVersions.WarningOf(version, spec), Scale = Scale(subresources?.Child("scale")),
                Converter = remote is not null || (version == stored && !changed && versions.Count == 1) ? null : new VersionRenaming(type.ApiVersion, storedType.ApiVersion, schema),
                Printer = new Tables.DefinedPrinter(version.Objects("additionalPrinterColumns")), OpenApiSchema = version.Child("schema")?.Child("openAPIV3Schema"),
            };
        }

        ResourceType Type(JsonObject version) => new(group + "/" + version.Text("name"), names.Text("kind") ?? "", names.Text("plural") ?? "", namespaced);
    }

    private static readonly SchemaNode Open = StructuralSchema.Root(null);

    private static WebhookConversion Remote(JsonObject conversion, WebhookClient webhooks, SchemaNode stored) =>
        new(WebhookClientConfig.Of(conversion.Child("webhook")?.Child("clientConfig")), [.. conversion.Child("webhook")?.Texts("conversionReviewVersions") ?? []], webhooks, stored);

    private static IEnumerable<SubresourceFacts> Subresources(JsonObject? subresources, ResourceType type)
    {
        if (subresources?.ContainsKey("scale") == true) yield return new SubresourceFacts("scale", "autoscaling/v1/Scale", ["get", "patch", "update"]);
        if (subresources?.ContainsKey("status") == true) yield return new SubresourceFacts("status", type.ApiVersion + "/" + type.Kind, ["get", "patch", "update"]);
    }

    private static ScalePaths? Scale(JsonObject? scale) => scale is null ? null : new ScalePaths(
        Path(scale.Text("specReplicasPath")), Path(scale.Text("statusReplicasPath")), scale.Text("labelSelectorPath") is { Length: > 0 } selector ? Path(selector) : null);

    private static string[] Path(string? path) => (path ?? ".spec.replicas").TrimStart('.').Split('.');

    // ".spec.color" of a version's selectableFields becomes the field "spec.color".
    private static Dictionary<string, string[]> Selectable(JsonObject version) =>
        version.Objects("selectableFields").Select(f => f.Text("jsonPath") ?? "").Where(p => p.Length > 1).Select(p => p.TrimStart('.')).Distinct().ToDictionary(p => p, p => p.Split('.'));
}
