using System.Text.Json.Nodes;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <summary>
/// What becomes of allotted addresses and ports when a Service is updated: what the client leaves out stays, and what its new type has no
/// use for goes, unless the client changed that too (then validation says so).
/// </summary>
internal static class ServiceTypeChange
{
    private static readonly string[] Families = ["ipFamilies", "ipFamilyPolicy"];

    internal static string Type(JsonObject spec) => spec.Text("type") is { Length: > 0 } type ? type : "ClusterIP";
    internal static bool HasAddress(JsonObject spec) => Type(spec) != "ExternalName";
    internal static bool HasNodePorts(JsonObject spec) => Type(spec) is "NodePort" or "LoadBalancer";
    internal static bool HasHealthCheck(JsonObject spec) => Type(spec) == "LoadBalancer" && spec.Text("externalTrafficPolicy") == "Local";
    internal static bool IsReachedFromOutside(JsonObject spec) => HasNodePorts(spec) || (Type(spec) == "ClusterIP" && spec.Items("externalIPs") is { Count: > 0 });

    internal static void Apply(JsonObject spec, JsonObject before)
    {
        KeepAddresses(spec, before);
        KeepPorts(spec, before);
        if (HasHealthCheck(before) && HasHealthCheck(spec) && spec.Number("healthCheckNodePort") is null or 0) Take(spec, before, "healthCheckNodePort");
        DropAddresses(spec, before);
        if (HasNodePorts(before) && !HasNodePorts(spec) && NodePorts(spec).IsSubsetOf(NodePorts(before)))
            foreach (var port in spec.Objects("ports")) port.Remove("nodePort");
        if (HasHealthCheck(before) && !HasHealthCheck(spec)) DropIfSame(spec, before, "healthCheckNodePort");
        if (Type(before) == "LoadBalancer" && Type(spec) != "LoadBalancer")
        {
            DropIfSame(spec, before, "allocateLoadBalancerNodePorts");
            DropIfSame(spec, before, "loadBalancerClass");
        }
        if (IsReachedFromOutside(before) && !IsReachedFromOutside(spec)) DropIfSame(spec, before, "externalTrafficPolicy");
    }

    private static void KeepAddresses(JsonObject spec, JsonObject before)
    {
        if (!HasAddress(before) || !HasAddress(spec)) return;
        if (spec.Text("clusterIP") is not { Length: > 0 } && spec.Items("clusterIPs") is null or { Count: 0 })
            foreach (var field in Families.Where(f => !spec.ContainsKey(f))) Take(spec, before, field);
        if (spec.Text("clusterIP") is not { Length: > 0 }) Take(spec, before, "clusterIP");
        if (spec.Items("clusterIPs") is null or { Count: 0 }) Take(spec, before, "clusterIPs");
    }

    // A port is known by its name, whatever else of it has changed.
    private static void KeepPorts(JsonObject spec, JsonObject before)
    {
        if (!HasNodePorts(before) || !HasNodePorts(spec)) return;
        var used = NodePorts(before);
        used.IntersectWith(NodePorts(spec));
        var known = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var port in before.Objects("ports")) known[port.Text("name") ?? ""] = port.Number("nodePort") ?? 0;
        foreach (var port in spec.Objects("ports"))
            if (port.Number("nodePort") is null or 0 && known.TryGetValue(port.Text("name") ?? "", out var number) && number > 0 && !used.Contains(number)) port["nodePort"] = number;
    }

    private static void DropAddresses(JsonObject spec, JsonObject before)
    {
        if (!HasAddress(before) || HasAddress(spec)) return;
        if ((spec.Text("clusterIP") ?? "") == (before.Text("clusterIP") ?? "") && Same(spec, before, "clusterIPs"))
        {
            spec.Remove("clusterIP");
            spec.Remove("clusterIPs");
        }
        foreach (var field in Families) DropIfSame(spec, before, field);
    }

    private static HashSet<long> NodePorts(JsonObject spec) => [.. spec.Objects("ports").Select(static p => p.Number("nodePort") ?? 0).Where(static n => n != 0)];

    private static bool Same(JsonObject spec, JsonObject before, string field) => JsonNode.DeepEquals(spec[field], before[field]);

    private static void DropIfSame(JsonObject spec, JsonObject before, string field)
    {
        if (Same(spec, before, field)) spec.Remove(field);
    }

    private static void Take(JsonObject spec, JsonObject before, string field)
    {
        if (before[field] is { } kept) spec[field] = kept.DeepClone();
    }
}
