using System.Text.Json.Nodes;
using Gureum.ApiServer.Aggregation;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <summary>APIServices: named by version and group; those without a Service are this server's own, and available from the start.</summary>
internal sealed class ApiServiceStrategy : Strategy
{
    // v1. is the core group's: a name like no other.
    public override IReadOnlyList<string> NameErrors(string name) => Names.PathSegmentErrors(name);

    public override bool CountsGenerations => false;

    public override void Default(JsonObject value)
    {
        if (value.Child("spec")?.Child("service") is { } service && !service.ContainsKey("port")) service["port"] = 443L;
    }

    public override void PrepareForCreate(JsonObject value)
    {
        value.Remove("status");
        if (value.Child("spec")?.Child("service") is not null) return;
        var condition = ServiceConditions.Local(DateTimeOffset.UtcNow);
        value["status"] = new JsonObject
        {
            ["conditions"] = new JsonArray((JsonNode)new JsonObject
            {
                ["lastTransitionTime"] = Times.Format(condition.LastTransitionTime!.Value), ["message"] = condition.Message, ["reason"] = condition.Reason, ["status"] = condition.Status, ["type"] = condition.Type,
            }),
        };
    }

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        var (group, version) = (spec.Text("group") ?? "", spec.Text("version") ?? "");
        var (required, name) = (version + "." + group, value.Child("metadata")?.Text("name") ?? "");
        if (name != required) errors.Invalid("metadata.name", name, $"must be `spec.version+\".\"+spec.group`: \"{required}\"");
        if (group.Length == 0 && version != "v1") errors.Required("spec.group", "only v1 may have an empty group and it better be legacy kube");
        if (group.Length > 0) errors.InvalidIf("spec.group", group, Names.DnsSubdomainError(group));
        errors.InvalidIf("spec.version", version, Names.Dns1035LabelError(version));
        if (spec.Number("groupPriorityMinimum") is not (> 0 and <= 20000)) errors.Invalid("spec.groupPriorityMinimum", spec.Number("groupPriorityMinimum") ?? 0, "must be positive and less than 20000");
        if (spec.Number("versionPriority") is not (> 0 and <= 1000)) errors.Invalid("spec.versionPriority", spec.Number("versionPriority") ?? 0, "must be positive and less than 1000");
        var (bundle, insecure) = (spec.Text("caBundle") ?? "", spec.Flag("insecureSkipTLSVerify") == true);
        if (spec.Child("service") is not { } service)
        {
            if (bundle.Length > 0) errors.Invalid("spec.caBundle", $"{Convert.FromBase64String(bundle).Length} bytes", "local APIServices may not have a caBundle");
            if (insecure) errors.Invalid("spec.insecureSkipTLSVerify", true, "local APIServices may not have insecureSkipTLSVerify");
            return;
        }
        if (service.Text("namespace") is not { Length: > 0 }) errors.Required("spec.service.namespace");
        if (service.Text("name") is not { Length: > 0 }) errors.Required("spec.service.name");
        if (service.Number("port") is { } port and (< 1 or > 65535)) errors.Invalid("spec.service.port", port, "port is not valid: must be between 1 and 65535, inclusive");
        if (insecure && bundle.Length > 0) errors.Invalid("spec.insecureSkipTLSVerify", true, "may not be true if caBundle is present");
    }
}
