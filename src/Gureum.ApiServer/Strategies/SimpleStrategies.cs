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
        foreach (var (key, text) in value.Map("data"))
        {
            errors.InvalidEach($"data[{key}]", key, Names.ConfigKeyErrors(key));
            if (value.Child("binaryData")?.ContainsKey(key) == true) errors.Invalid($"data[{key}]", key, "duplicate of key present in binaryData");
            bytes += System.Text.Encoding.UTF8.GetByteCount(text);
        }
        foreach (var (key, text) in value.Map("binaryData"))
        {
            errors.InvalidEach($"binaryData[{key}]", key, Names.ConfigKeyErrors(key));
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
            errors.InvalidEach($"data[{key}]", key, Names.ConfigKeyErrors(key));
            bytes += text.Length * 3L / 4;
        }
        if (bytes > MostBytes) errors.TooLong("data", MostBytes);
        var (type, data) = (value.Text("type") ?? "", value.Child("data"));
        if (type == "kubernetes.io/basic-auth" && data?.ContainsKey("username") != true && data?.ContainsKey("password") != true)
        {
            errors.Required("data[username]");
            errors.Required("data[password]");
        }
        if (type == "kubernetes.io/ssh-auth" && data?.Text("ssh-privatekey") is "") errors.Required("data[ssh-privatekey]");
        foreach (var key in Demanded.GetValueOrDefault(type) ?? [])
            if (data?.ContainsKey(key) != true) errors.Required($"data[{key}]");
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

    public override IReadOnlyList<string> NameErrors(string name) => Names.DnsLabelErrors(name);
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
