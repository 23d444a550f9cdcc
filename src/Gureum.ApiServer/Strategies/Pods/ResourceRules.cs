using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies.Pods;

/// <summary>What containers and pods ask for and are limited to.</summary>
internal static class ResourceRules
{
    private static readonly HashSet<string> Standard = new(StringComparer.Ordinal)
    {
        "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage", "pods", "resourcequotas", "services",
        "replicationcontrollers", "secrets", "persistentvolumeclaims", "configmaps", "services.nodeports", "services.loadbalancers", "storage", "requests.storage",
    };

    private static readonly HashSet<string> Counted = new(StringComparer.Ordinal) { "pods", "services", "replicationcontrollers", "secrets", "configmaps", "resourcequotas", "persistentvolumeclaims", "services.nodeports", "services.loadbalancers" };
    private static readonly string[] OfPods = ["cpu", "memory", "hugepages-"];

    internal static bool IsHugePages(string name) => name.StartsWith("hugepages-", StringComparison.Ordinal);
    internal static bool IsNative(string name) => !name.Contains('/') || name.Contains("kubernetes.io/", StringComparison.Ordinal);
    internal static bool IsStandard(string name) => Standard.Contains(name) || IsHugePages(name);
    internal static bool IsExtended(string name) => !IsNative(name) && !name.StartsWith("requests.", StringComparison.Ordinal) && Names.QualifiedNameErrors("requests." + name).Count == 0;
    internal static bool MayExceed(string name) => IsNative(name) && !IsHugePages(name);

    /// <summary>A name that is standard or has a domain; gives false when it is neither.</summary>
    internal static bool Name(string name, string path, FieldErrors errors)
    {
        var wrong = Names.QualifiedNameErrors(name);
        errors.InvalidEach(path, name, wrong);
        if (wrong.Count > 0) return false;
        if (name.Contains('/') || IsStandard(name)) return true;
        errors.Invalid(path, name, "must be a standard resource type or fully qualified");
        return false;
    }

    internal static void ContainerName(string name, string path, FieldErrors errors)
    {
        Name(name, path, errors);
        if (!name.Contains('/')) { if (name is not ("cpu" or "memory" or "ephemeral-storage") && !IsHugePages(name)) errors.Invalid(path, name, "must be a standard resource for containers"); }
        else if (!IsNative(name) && !IsExtended(name)) errors.Invalid(path, name, "doesn't follow extended resource name standard");
    }

    private static void PodName(string name, string path, FieldErrors errors)
    {
        if (Name(name, path, errors) && name is not ("cpu" or "memory") && !IsHugePages(name)) errors.Unsupported(path, name, OfPods);
    }

    /// <summary>An amount that is not negative, and whole where pieces are counted.</summary>
    internal static void Amount(string name, string amount, string path, FieldErrors errors)
    {
        if (!Quantity.TryParse(amount, out var quantity)) return;
        if (quantity < Quantity.Zero) errors.Invalid(path, amount, NumberRules.NotNegativeReason);
        if ((Counted.Contains(name) || IsExtended(name)) && decimal.Truncate(quantity.Value) != quantity.Value) errors.Invalid(path, amount, "must be an integer");
    }

    /// <param name="pod">Whether it is the pod's own share, not a container's.</param>
    internal static void Validate(JsonObject? resources, IReadOnlySet<string> claims, string path, bool pod, FieldErrors errors)
    {
        if (resources is null) return;
        var (compute, huge) = (false, false);
        foreach (var list in (ReadOnlySpan<string>)["limits", "requests"])
            foreach (var (name, amount) in resources.Map(list))
            {
                var place = $"{path}.{list}[{name}]";
                if (pod) PodName(name, place, errors);
                else ContainerName(name, place, errors);
                Amount(name, amount, place, errors);
                if (list == "requests") WithinLimit(resources, name, amount, path, errors);
                compute |= name is "cpu" or "memory";
                if (!IsHugePages(name)) continue;
                huge = true;
                if (Quantity.TryParse(amount, out var asked) && Quantity.TryParse(name["hugepages-".Length..], out var page) && (page.Value == 0 || asked.Value % page.Value != 0))
                    errors.Invalid(place, amount, $"{amount} is not positive integer multiple of {name}");
            }
        if (huge && !compute) errors.Forbidden(path, "HugePages require cpu or memory");
        Claims(resources, claims, path + ".claims", errors);
    }

    private static void WithinLimit(JsonObject resources, string name, string amount, string path, FieldErrors errors)
    {
        if (resources.Child("limits")?.Text(name) is not { } limit) { if (!MayExceed(name)) errors.Required(path + ".limits", "Limit must be set for non overcommitable resources"); return; }
        if (!Quantity.TryParse(amount, out var asked) || !Quantity.TryParse(limit, out var most)) return;
        if (asked != most && !MayExceed(name)) errors.Invalid(path + ".requests", amount, $"must be equal to {name} limit of {limit}");
        else if (asked > most) errors.Invalid(path + ".requests", amount, $"must be less than or equal to {name} limit of {limit}");
    }

    private static void Claims(JsonObject resources, IReadOnlySet<string> known, string path, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, claim) in resources.Objects("claims").Index())
        {
            var (place, name, request) = ($"{path}[{i}]", claim.Text("name") ?? "", claim.Text("request") ?? "");
            if (name.Length == 0) { errors.Required(place); continue; }
            if (seen.Contains(name)) errors.Duplicate(place, name);
            else
            {
                if (request.Length > 0) errors.InvalidEach(place + ".request", request, Names.DnsLabelErrors(request));
                var key = request.Length > 0 ? name + "/" + request : name;
                if (seen.Contains(key)) errors.Duplicate(place, key);
                else if (request.Length == 0)
                    foreach (var _ in seen.Where(k => k.StartsWith(name + "/", StringComparison.Ordinal)).ToList()) errors.Duplicate(place, name);
                seen.Add(key);
            }
            if (!known.Contains(name)) errors.NotFound(place, name, "must be one of the names in pod.spec.resourceClaims" + (known.Count == 0 ? " which is empty" : ": " + string.Join(", ", known.Order(StringComparer.Ordinal))));
        }
    }
}
