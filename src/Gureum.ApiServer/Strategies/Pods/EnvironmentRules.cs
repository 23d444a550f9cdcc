using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies.Pods;

/// <summary>The environment of a container, and what it and files tell of the pod.</summary>
internal static class EnvironmentRules
{
    private const string Sizes = "1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei";
    private static readonly string[] Places = ["metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"];
    private static readonly string[] FilePlaces = ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];
    private static readonly string[] Amounts = ["limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"];

    internal static void Validate(JsonObject container, string path, FieldErrors errors)
    {
        foreach (var (i, variable) in container.Objects("env").Index())
        {
            errors.RequiredText($"{path}.env[{i}].name", variable.Text("name"), Names.VariableErrors);
            if (variable.Child("valueFrom") is { } from) From(variable, from, $"{path}.env[{i}].valueFrom", errors);
        }
        foreach (var (i, from) in container.Objects("envFrom").Index())
        {
            if (from.Text("prefix") is { Length: > 0 } prefix) errors.InvalidEach($"{path}.envFrom[{i}].prefix", prefix, Names.VariableErrors(prefix));
            var count = 0;
            foreach (var field in (ReadOnlySpan<string>)["configMapRef", "secretRef"])
                if (from.Child(field) is { } named)
                {
                    count++;
                    errors.RequiredText($"{path}.envFrom[{i}].{field}.name", named.Text("name"), Names.DnsSubdomainErrors);
                }
            if (count == 0) errors.Invalid(path + ".envFrom", "", "must specify one of: `configMapRef` or `secretRef`");
            else if (count > 1) errors.Invalid(path + ".envFrom", "", "may not have more than one field specified at a time");
        }
    }

    private static void From(JsonObject variable, JsonObject from, string path, FieldErrors errors)
    {
        var count = 0;
        if (from.Child("fieldRef") is { } field) { count++; Field(field, path + ".fieldRef", Places, errors); }
        if (from.Child("resourceFieldRef") is { } amount) { count++; Amount(amount, path + ".resourceFieldRef", file: false, errors); }
        foreach (var name in (ReadOnlySpan<string>)["configMapKeyRef", "secretKeyRef"])
            if (from.Child(name) is { } key)
            {
                count++;
                errors.InvalidEach($"{path}.{name}.name", key.Text("name") ?? "", Names.DnsSubdomainErrors(key.Text("name") ?? ""));
                errors.RequiredText($"{path}.{name}.key", key.Text("key"), Names.ConfigKeyErrors);
            }
        if (from.Child("fileKeyRef") is { } file)
        {
            count++;
            errors.RequiredText(path + ".fileKeyRef.key", file.Text("key"), Names.VariableErrors);
            errors.RequiredText(path + ".fileKeyRef.volumeName", file.Text("volumeName"), Names.DnsLabelErrors);
            if (file.Text("path") is not { Length: > 0 } at) errors.Required(path + ".fileKeyRef.path");
            else PathRules.NoBacksteps(at, path + ".fileKeyRef.path", errors);
        }
        if (count == 0) errors.Invalid(path, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
        else if (variable.Text("value") is { Length: > 0 }) errors.Invalid(path, "", "may not be specified when `value` is not empty");
        else if (count > 1) errors.Invalid(path, "", "may not have more than one field specified at a time");
    }

    /// <summary>A file of a volume that tells of the pod.</summary>
    internal static void File(JsonObject file, string path, FieldErrors errors)
    {
        if (file.Text("path") is not { Length: > 0 }) errors.Required(path + ".path");
        PathRules.NotReserved(file.Text("path") ?? "", path + ".path", errors);
        var (field, amount) = (file.Child("fieldRef"), file.Child("resourceFieldRef"));
        if (field is not null)
        {
            Field(field, path + ".fieldRef", FilePlaces, errors);
            if (amount is not null) errors.Invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
        }
        else if (amount is not null) Amount(amount, path + ".resourceFieldRef", file: true, errors);
        else errors.Required(path, "one of fieldRef and resourceFieldRef is required");
        PathRules.Mode(file, "mode", path, errors);
    }

    private static void Field(JsonObject field, string path, string[] places, FieldErrors errors)
    {
        if (field.Text("apiVersion") is not { Length: > 0 } version) { errors.Required(path + ".apiVersion"); return; }
        if (field.Text("fieldPath") is not { Length: > 0 } at) { errors.Required(path + ".fieldPath"); return; }
        if (version != "v1") { errors.Invalid(path + ".fieldPath", at, $"error converting fieldPath: unsupported pod version: {version}"); return; }
        if (at.EndsWith("']", StringComparison.Ordinal) && at.IndexOf("['", StringComparison.Ordinal) is var bracket and > 0)
        {
            var (map, key) = (at[..bracket], at[(bracket + 2)..^2]);
            if (map == "metadata.annotations") errors.InvalidEach(path, key.ToLowerInvariant(), Names.QualifiedNameErrors(key.ToLowerInvariant()));
            else if (map == "metadata.labels") errors.InvalidEach(path, key, Names.QualifiedNameErrors(key));
            else errors.Invalid(path + ".fieldPath", at, $"error converting fieldPath: field label does not support subscript: {at}");
            return;
        }
        if (at == "spec.host") at = "spec.nodeName";
        if (at is not ("metadata.annotations" or "metadata.labels" or "metadata.name" or "metadata.namespace" or "metadata.uid" or "spec.nodeName" or "spec.restartPolicy" or "spec.serviceAccountName" or "spec.schedulerName"
            or "status.phase" or "status.hostIP" or "status.hostIPs" or "status.podIP" or "status.podIPs"))
            errors.Invalid(path + ".fieldPath", at, $"error converting fieldPath: field label not supported: {at}");
        else if (!places.Contains(at)) errors.Unsupported(path + ".fieldPath", at, places);
    }

    private static void Amount(JsonObject amount, string path, bool file, FieldErrors errors)
    {
        var resource = amount.Text("resource") ?? "";
        var huge = resource.StartsWith("limits.hugepages-", StringComparison.Ordinal) || resource.StartsWith("requests.hugepages-", StringComparison.Ordinal);
        if (file && amount.Text("containerName") is not { Length: > 0 }) errors.Required(path + ".containerName");
        else if (resource.Length == 0) errors.Required(path + ".resource");
        else if (!huge && !Amounts.Contains(resource)) errors.Unsupported(path + ".resource", resource, Amounts);
        var divisor = amount.Text("divisor") ?? "0";
        if (divisor == "0") return;
        var (allowed, what) = resource switch
        {
            "limits.cpu" or "requests.cpu" => ("1m and 1", "cpu"),
            "limits.memory" or "requests.memory" => (Sizes, "memory"),
            "limits.ephemeral-storage" or "requests.ephemeral-storage" => (Sizes, "local ephemeral storage"),
            _ when huge => (Sizes, "hugepages"),
            _ => ("", ""),
        };
        var values = what == "cpu" ? ["1m", "1"] : allowed.Split(", ");
        if (what.Length > 0 && !values.Contains(divisor)) errors.Invalid(path + ".divisor", resource, $"only divisor's values {allowed} are supported with the {what} resource");
    }
}
