using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Gureum.ApiServer.State;
using Gureum.Objects;
using Gureum.Objects.Json;
using Gureum.Objects.Models;

namespace Gureum.ApiServer.Admission.Quotas;

/// <summary>What one object uses up, and which scopes it falls into (immutable).</summary>
internal sealed record ObjectUsage(IReadOnlyDictionary<string, Quantity> Amounts, IReadOnlySet<string> Scopes, string PriorityClass)
{
    internal static ObjectUsage Nothing { get; } = new(new Dictionary<string, Quantity>(), new HashSet<string>(), "");
}

/// <summary>
/// Measures objects as quotas count them (https://kubernetes.io/docs/concepts/policy/resource-quotas/). What a stored object
/// uses is worked out once for as long as it stays as it is. Thread-safe.
/// </summary>
internal static class QuotaUsage
{
    private static readonly Quantity One = Quantity.FromWhole(1);
    private static readonly ConditionalWeakTable<StoredObject, ObjectUsage> Known = [];

    internal static ObjectUsage Of(ResourceType type, StoredObject stored) =>
        Known.TryGetValue(stored, out var found) ? found : Remember(stored, Of(type, ObjectDecoder.DecodeAny(stored.Json)!.AsObject()));

    private static ObjectUsage Remember(StoredObject stored, ObjectUsage usage)
    {
        Known.AddOrUpdate(stored, usage);
        return usage;
    }

    internal static ObjectUsage Of(ResourceType type, JsonObject value)
    {
        var amounts = new Dictionary<string, Quantity>(StringComparer.Ordinal) { ["count/" + type.GroupResource] = One };
        switch (type.GroupResource)
        {
            case "pods": return Pod(value, amounts);
            case "services": Service(value, amounts); break;
            case "persistentvolumeclaims": Claim(value, amounts); break;
            case "configmaps" or "secrets" or "replicationcontrollers" or "resourcequotas": amounts[type.Plural] = One; break;
            default: break;
        }
        return new ObjectUsage(amounts, ObjectUsage.Nothing.Scopes, "");
    }

    // A pod that has come to its end counts as an object only.
    private static ObjectUsage Pod(JsonObject pod, Dictionary<string, Quantity> amounts)
    {
        var (spec, phase) = (pod.Child("spec") ?? [], pod.Child("status")?.Text("phase"));
        if (phase is "Succeeded" or "Failed") return new ObjectUsage(amounts, ObjectUsage.Nothing.Scopes, "");
        amounts["pods"] = One;
        foreach (var (name, amount) in PodResources.Of(pod, "requests"))
        {
            amounts["requests." + name] = amount;
            if (name is "cpu" or "memory" or "ephemeral-storage") amounts[name] = amount;
        }
        foreach (var (name, amount) in PodResources.Of(pod, "limits")) amounts["limits." + name] = amount;
        var effort = Strategies.PodQuality.Of(spec) == "BestEffort" ? "BestEffort" : "NotBestEffort";
        var scopes = new HashSet<string>(StringComparer.Ordinal) { effort, spec.ContainsKey("activeDeadlineSeconds") ? "Terminating" : "NotTerminating" };
        var priority = spec.Text("priorityClassName") ?? "";
        if (priority.Length > 0) scopes.Add("PriorityClass");
        return new ObjectUsage(amounts, scopes, priority);
    }

    private static void Service(JsonObject service, Dictionary<string, Quantity> amounts)
    {
        var spec = service.Child("spec") ?? [];
        amounts["services"] = One;
        var ports = Quantity.FromWhole(spec.Objects("ports").Count());
        if (spec.Text("type") == "LoadBalancer")
        {
            amounts["services.loadbalancers"] = One;
            if (spec.Flag("allocateLoadBalancerNodePorts") != false) amounts["services.nodeports"] = ports;
        }
        else if (spec.Text("type") == "NodePort") amounts["services.nodeports"] = ports;
    }

    private static void Claim(JsonObject claim, Dictionary<string, Quantity> amounts)
    {
        var spec = claim.Child("spec") ?? [];
        amounts["persistentvolumeclaims"] = One;
        var size = spec.Child("resources")?.Child("requests")?.Text("storage") is { } text && Quantity.TryParse(text, out var found) ? found : Quantity.Zero;
        amounts["requests.storage"] = size;
        if (spec.Text("storageClassName") is not { Length: > 0 } name) return;
        amounts[name + ".storageclass.storage.k8s.io/requests.storage"] = size;
        amounts[name + ".storageclass.storage.k8s.io/persistentvolumeclaims"] = One;
    }
}
