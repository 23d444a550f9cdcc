using System.Text.Json.Nodes;
using Gureum.ApiServer.Definitions.Conversion;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <summary>CustomResourceDefinitions: names that agree with each other, exactly one storage version, structural schemas.</summary>
internal sealed class DefinitionStrategy : Strategy
{
    public override void Default(JsonObject value)
    {
        if (value.Child("spec") is { } spec)
        {
            var conversion = spec.Need("conversion");
            if (conversion.Text("strategy") is not { Length: > 0 }) conversion["strategy"] = "None";
            if (conversion.Child("webhook")?.Child("clientConfig")?.Child("service") is { } service && !service.ContainsKey("port")) service["port"] = 443L;
        }
        if (value.Child("spec")?.Child("names") is not { } names || names.Text("kind") is not { Length: > 0 } kind) return;
        if (names.Text("singular") is not { Length: > 0 }) names["singular"] = kind.ToLowerInvariant();
        if (names.Text("listKind") is not { Length: > 0 }) names["listKind"] = kind + "List";
    }

    public override void PrepareForCreate(JsonObject value)
    {
        base.PrepareForCreate(value);
        RememberStored(value);
    }

    public override void PrepareForUpdate(JsonObject value, JsonObject old)
    {
        base.PrepareForUpdate(value, old);
        RememberStored(value);
    }

    // From the moment that a version may be written, its objects may be anywhere in the store.
    private static void RememberStored(JsonObject value)
    {
        foreach (var version in value.Child("spec")?.Objects("versions") ?? [])
            if (version.Flag("storage") == true && version.Text("name") is { Length: > 0 } name && value.Need("status").Texts("storedVersions").Contains(name) == false) value.Need("status").NeedItems("storedVersions").Add((JsonNode)JsonValue.Create(name));
    }

    public override void Validate(JsonObject value, FieldErrors errors) => Validate(value, null, errors);

    public override void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        if (value.Child("spec") is not { } spec) { errors.Required("spec"); return; }
        var (group, names) = (spec.Text("group") ?? "", spec.Child("names"));
        var plural = names?.Text("plural") ?? "";
        if (group.Length == 0) errors.Required("spec.group");
        else if (group.Split('.').Length < 2) errors.Invalid("spec.group", group, "should be a domain with at least one dot");
        else errors.InvalidIf("spec.group", group, Names.DnsSubdomainError(group));
        if (names?.Text("kind") is not { Length: > 0 }) errors.Required("spec.names.kind");
        if (plural.Length == 0) errors.Required("spec.names.plural");
        else errors.InvalidIf("spec.names.plural", plural, Names.Dns1035LabelError(plural));
        if (value.Child("metadata")?.Text("name") is { } name && name != plural + "." + group) errors.Invalid("metadata.name", name, $"must be spec.names.plural+\".\"+spec.group");
        if (spec.Text("scope") is not ("Namespaced" or "Cluster")) errors.Unsupported("spec.scope", spec.Text("scope") ?? "", ["Cluster", "Namespaced"]);
        Versions(spec, old?.Child("spec"), errors);
        ConversionRules.Validate(spec.Child("conversion"), errors);
        Stored(value, spec, errors);
    }

    private static void Stored(JsonObject value, JsonObject spec, FieldErrors errors)
    {
        var known = spec.Objects("versions").Select(v => v.Text("name")).ToHashSet();
        foreach (var (version, i) in (value.Child("status")?.Texts("storedVersions") ?? []).Select((v, i) => (v, i)))
            if (!known.Contains(version))
                errors.Invalid($"status.storedVersions[{i}]", version, $"missing from spec.versions; {version} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in {version} and removes {version} from status.storedVersions");
    }

    private static void Versions(JsonObject spec, JsonObject? old, FieldErrors errors)
    {
        var versions = spec.Objects("versions").ToList();
        if (versions.Count == 0) errors.Required("spec.versions");
        else if (versions.Count(v => v.Flag("storage") == true) != 1) errors.Invalid("spec.versions", spec["versions"], "must have exactly one version marked as storage version");
        var seen = new HashSet<string>();
        foreach (var (version, i) in versions.Select((v, i) => (v, i)))
        {
            var name = version.Text("name") ?? "";
            if (name.Length == 0) errors.Required($"spec.versions[{i}].name");
            else if (!seen.Add(name)) errors.Invalid("spec.versions", spec["versions"], "must contain unique version names");
            if (version.Child("schema")?.Child("openAPIV3Schema") is not { } schema) errors.Required($"spec.versions[{i}].schema.openAPIV3Schema", "schemas are required");
            else if (schema.Text("type") != "object") errors.Required($"spec.versions[{i}].schema.openAPIV3Schema.type", "must be object at the root");
            // Rules that stand already are let stand, or a definition with a bad one could not even be finalized.
            else if (!JsonNode.DeepEquals(schema, old?.Objects("versions").FirstOrDefault(v => v.Text("name") == name)?.Child("schema")?.Child("openAPIV3Schema"))) Definitions.Rules.RuleDefinition.Validate(schema, $"spec.versions[{i}].schema.openAPIV3Schema", errors);
        }
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        foreach (var path in (string[][])[["spec", "group"], ["spec", "scope"], ["spec", "names", "plural"], ["spec", "names", "kind"]]) Immutable(value, old, errors, path);
    }
}
