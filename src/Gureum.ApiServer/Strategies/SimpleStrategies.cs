using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <summary>Kinds whose objects have no generation and nothing else of their own.</summary>
internal class SimpleStrategy : Strategy
{
    public override bool CountsGenerations => false;
}

internal sealed class LeaseStrategy : SimpleStrategy
{
    public override bool CreatesOnUpdate => true;
}

/// <summary>Events are forgotten after an hour. They can be selected by the names that their own version gives to their fields.</summary>
/// <param name="about">The field that says what the event is about: involvedObject, or regarding.</param>
internal sealed class EventStrategy(string about, string reporter) : SimpleStrategy
{
    private readonly Dictionary<string, string[]> fields = new(About(about))
    {
        ["reason"] = ["reason"], ["type"] = ["type"], [reporter] = ["reportingComponent"],
    };

    internal static EventStrategy Core { get; } = new("involvedObject", "reportingComponent") { HasSource = true };
    internal static EventStrategy New { get; } = new("regarding", "reportingController");

    private bool HasSource
    {
        init { if (value) fields["source"] = ["source", "component"]; }
    }

    public override bool CreatesOnUpdate => true;
    public override TimeSpan? TimeToLive => TimeSpan.FromHours(1);
    public override IReadOnlyDictionary<string, string[]> SelectableFields => fields;

    // Who reports without a source is its own.
    public override string MissingField(string field, State.StoredObject stored) => field == "source" ? stored.Field(["reportingComponent"]) : "";

    private static Dictionary<string, string[]> About(string name) =>
        new[] { "kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath" }.ToDictionary(f => $"{name}.{f}", f => (string[])["involvedObject", f]);
}

internal sealed class ConfigMapStrategy : SimpleStrategy
{
    private const int MostBytes = 1024 * 1024;

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        long bytes = 0;
        var data = value.Child("data");
        foreach (var (key, text) in value.Map("data"))
        {
            errors.InvalidIf($"data[{key}]", key, Names.ConfigKeyError(key));
            bytes += System.Text.Encoding.UTF8.GetByteCount(text);
        }
        foreach (var (key, text) in value.Map("binaryData"))
        {
            errors.InvalidIf($"binaryData[{key}]", key, Names.ConfigKeyError(key));
            if (data?.ContainsKey(key) == true) errors.Invalid($"data[{key}]", key, "duplicate of key present in binaryData");
            bytes += text.Length * 3L / 4;
        }
        if (bytes > MostBytes) errors.TooLong("", MostBytes);
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors) => ImmutableData.Check(value, old, errors, "data", "binaryData");
}

internal sealed class SecretStrategy : SimpleStrategy
{
    private const int MostBytes = 1024 * 1024;
    private static readonly IReadOnlyDictionary<string, string[]> Fields = new Dictionary<string, string[]> { ["type"] = ["type"] };

    private static readonly Dictionary<string, string[]> Demanded = new()
    {
        ["kubernetes.io/dockercfg"] = [".dockercfg"], ["kubernetes.io/dockerconfigjson"] = [".dockerconfigjson"], ["kubernetes.io/ssh-auth"] = ["ssh-privatekey"], ["kubernetes.io/tls"] = ["tls.crt", "tls.key"],
    };

    public override IReadOnlyDictionary<string, string[]> SelectableFields => Fields;

    // stringData is written only: it becomes data.
    public override void Default(JsonObject value)
    {
        if (value.Child("stringData") is not { } plain) return;
        var data = value.Need("data");
        foreach (var (key, text) in value.Map("stringData")) data[key] = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(text));
        plain.Clear();
        value.Remove("stringData");
    }

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        long bytes = 0;
        foreach (var (key, text) in value.Map("data"))
        {
            errors.InvalidIf($"data[{key}]", key, Names.ConfigKeyError(key));
            bytes += text.Length * 3L / 4;
        }
        if (bytes > MostBytes) errors.TooLong("data", MostBytes);
        foreach (var key in Demanded.GetValueOrDefault(value.Text("type") ?? "") ?? [])
            if (value.Child("data")?.ContainsKey(key) != true) errors.Required($"data[{key}]");
        if (value.Text("type") == "kubernetes.io/service-account-token" && value.Child("metadata")?.Child("annotations")?.Text("kubernetes.io/service-account.name") is not { Length: > 0 })
            errors.Required("metadata.annotations[kubernetes.io/service-account.name]");
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        Immutable(value, old, errors, "type");
        ImmutableData.Check(value, old, errors, "data");
    }
}

/// <summary>ConfigMaps and Secrets that say immutable: true keep their data for ever.</summary>
internal static class ImmutableData
{
    internal static void Check(JsonObject value, JsonObject old, FieldErrors errors, params string[] fields)
    {
        if (old.Flag("immutable") != true) return;
        if (value.Flag("immutable") != true) errors.Forbidden("immutable", "field is immutable when `immutable` is set");
        foreach (var field in fields)
            if (!JsonNode.DeepEquals(value[field], old[field])) errors.Forbidden(field, "field is immutable when `immutable` is set");
    }
}

internal sealed class NamespaceStrategy : SimpleStrategy
{
    private static readonly IReadOnlyDictionary<string, string[]> Fields = new Dictionary<string, string[]> { ["status.phase"] = ["status", "phase"] };

    public override bool SelectsNamespace => false;

    public override string? NameError(string name) => Names.DnsLabelError(name);
    public override IReadOnlyDictionary<string, string[]> SelectableFields => Fields;

    public override void PrepareForCreate(JsonObject value)
    {
        value["status"] = new JsonObject { ["phase"] = "Active" };
        var finalizers = value.Need("spec").NeedItems("finalizers");
        if (!finalizers.Any(f => f?.GetValue<string>() == "kubernetes")) finalizers.Add((JsonNode)JsonValue.Create("kubernetes"));
    }

    public override void PrepareForUpdate(JsonObject value, JsonObject old)
    {
        base.PrepareForUpdate(value, old);
        value.Need("spec")["finalizers"] = old.Child("spec")?["finalizers"]?.DeepClone();
    }

    // The label by which selectors find a namespace is always there.
    public override void Default(JsonObject value)
    {
        var metadata = value.Need("metadata");
        if (metadata.Text("name") is { } name) metadata.Need("labels")["kubernetes.io/metadata.name"] = name;
        if (metadata.ContainsKey("deletionTimestamp")) value.Need("status")["phase"] = "Terminating";
    }
}

internal sealed class NodeStrategy : SimpleStrategy
{
    private static readonly IReadOnlyDictionary<string, string[]> Fields = new Dictionary<string, string[]> { ["spec.unschedulable"] = ["spec", "unschedulable"] };

    public override bool SelectsNamespace => false;

    public override IReadOnlyDictionary<string, string[]> SelectableFields => Fields;
    public override string MissingField(string field, State.StoredObject stored) => field == "spec.unschedulable" ? "false" : "";

    public override void PrepareForCreate(JsonObject value) { }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        foreach (var field in (ReadOnlySpan<string>)["podCIDR", "podCIDRs", "providerID"])
            if (old.At("spec", field) is { } before && !JsonNode.DeepEquals(before, value.At("spec", field))) errors.Forbidden("spec." + field, $"node updates may not change {field} except from \"\" to valid");
    }
}

internal sealed class PriorityClassStrategy : SimpleStrategy
{
    public override void Validate(JsonObject value, FieldErrors errors)
    {
        var name = value.Child("metadata")?.Text("name") ?? "";
        if (name.StartsWith("system-", StringComparison.Ordinal) && name is not ("system-node-critical" or "system-cluster-critical"))
            errors.Forbidden("metadata.name", "priority class names with 'system-' prefix are reserved for system use only. error: user-defined priority classes cannot start with it");
        if (value.Number("value") is > 1_000_000_000 && !name.StartsWith("system-", StringComparison.Ordinal)) errors.Forbidden("value", "maximum allowed value of a user defined priority is 1000000000");
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        if (value.Number("value") != old.Number("value")) errors.Forbidden("value", "may not be changed in an update.");
        Immutable(value, old, errors, "preemptionPolicy");
    }
}

internal sealed class StorageClassStrategy : SimpleStrategy
{
    public override void Validate(JsonObject value, FieldErrors errors)
    {
        if (value.Text("provisioner") is not { Length: > 0 }) errors.Required("provisioner");
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        foreach (var field in (ReadOnlySpan<string>)["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"])
            if (!JsonNode.DeepEquals(value[field], old[field])) errors.Forbidden(field, $"updates to {field} are forbidden.");
    }
}

internal sealed class RoleStrategy : SimpleStrategy
{
    public override string? NameError(string name) => Names.PathSegmentError(name);

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        foreach (var (rule, i) in value.Objects("rules").Select((r, i) => (r, i)))
        {
            if (rule.Items("verbs") is null or { Count: 0 }) errors.Required($"rules[{i}].verbs", "verbs must contain at least one value");
            var paths = rule.Items("nonResourceURLs") is { Count: > 0 };
            if (paths && value.Text("kind") == "Role") errors.Invalid($"rules[{i}].nonResourceURLs", rule["nonResourceURLs"], "namespaced rules cannot apply to non-resource URLs");
            if (paths && (rule.Items("apiGroups") is { Count: > 0 } || rule.Items("resources") is { Count: > 0 })) errors.Invalid($"rules[{i}].nonResourceURLs", rule["nonResourceURLs"], "rules cannot apply to both regular resources and non-resource URLs");
            if (paths) continue;
            if (rule.Items("apiGroups") is null or { Count: 0 }) errors.Required($"rules[{i}].apiGroups", "resource rules must supply at least one api group");
            if (rule.Items("resources") is null or { Count: 0 }) errors.Required($"rules[{i}].resources", "resource rules must supply at least one resource");
        }
    }
}

internal sealed class RoleBindingStrategy : SimpleStrategy
{
    public override string? NameError(string name) => Names.PathSegmentError(name);

    public override void Default(JsonObject value)
    {
        foreach (var subject in value.Objects("subjects"))
            if (subject.Text("apiGroup") is null && subject.Text("kind") is "User" or "Group") subject["apiGroup"] = "rbac.authorization.k8s.io";
    }

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        var role = value.Child("roleRef");
        if (role?.Text("name") is not { Length: > 0 }) errors.Required("roleRef.name");
        if (role?.Text("kind") is not ("Role" or "ClusterRole")) errors.Unsupported("roleRef.kind", role?.Text("kind") ?? "", value.Text("kind") == "ClusterRoleBinding" ? ["ClusterRole"] : ["Role", "ClusterRole"]);
        foreach (var (subject, i) in value.Objects("subjects").Select((s, i) => (s, i)))
        {
            if (subject.Text("name") is not { Length: > 0 }) errors.Required($"subjects[{i}].name");
            if (subject.Text("kind") is not ("User" or "Group" or "ServiceAccount")) errors.Unsupported($"subjects[{i}].kind", subject.Text("kind") ?? "", ["ServiceAccount", "User", "Group"]);
            else if (subject.Text("kind") == "ServiceAccount" && subject.Text("namespace") is not { Length: > 0 } && value.Text("kind") == "ClusterRoleBinding") errors.Required($"subjects[{i}].namespace");
        }
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        if (!JsonNode.DeepEquals(value["roleRef"], old["roleRef"])) errors.Invalid("roleRef", value["roleRef"], "cannot change roleRef");
    }
}

internal sealed class EndpointSliceStrategy : SimpleStrategy
{
    private const int MostEndpoints = 1000;

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        if (value.Text("addressType") is not { Length: > 0 }) errors.Required("addressType");
        if (value.Items("endpoints") is { Count: > MostEndpoints } many) errors.Invalid("endpoints", many.Count, $"must have at most {MostEndpoints} items");
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors) => Immutable(value, old, errors, "addressType");
}
