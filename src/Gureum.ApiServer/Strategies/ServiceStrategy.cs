using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

internal sealed class ServiceStrategy : SimpleStrategy
{
    private static readonly IReadOnlyDictionary<string, string[]> Fields = new Dictionary<string, string[]> { ["spec.clusterIP"] = ["spec", "clusterIP"], ["spec.type"] = ["spec", "type"] };

    public override IReadOnlyList<string> NameErrors(string name) => Names.DnsLabelErrors(name);
    public override IReadOnlyDictionary<string, string[]> SelectableFields => Fields;

    public override void PrepareForCreate(JsonObject value) => value["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() };

    // What a client leaves out of an update stays allotted.
    public override void PrepareForUpdate(JsonObject value, JsonObject old)
    {
        base.PrepareForUpdate(value, old);
        var spec = value.Need("spec");
        var before = old.Need("spec");
        ServiceTypeChange.Apply(spec, before);
        if (ServiceTypeChange.Type(spec) != "ExternalName" && !spec.ContainsKey("ipFamilies") && before["ipFamilies"] is { } families) spec["ipFamilies"] = families.DeepClone();
        if (ServiceTypeChange.Type(spec) != "LoadBalancer") value.Need("status")["loadBalancer"] = new JsonObject();
    }

    public override void Default(JsonObject value)
    {
        if (value.Child("spec") is not { } spec) return;
        var type = spec.Text("type") ?? "ClusterIP";
        if (spec.Text("sessionAffinity") == "None") spec.Remove("sessionAffinityConfig");
        foreach (var port in spec.Objects("ports"))
            if (port["targetPort"] is null || port.Number("targetPort") == 0 || port.Text("targetPort") == "") port["targetPort"] = port["port"]?.DeepClone();
        if (spec.Text("sessionAffinity") == "ClientIP" && spec.Child("sessionAffinityConfig")?.Child("clientIP")?.Number("timeoutSeconds") is null)
            spec.Need("sessionAffinityConfig").Need("clientIP")["timeoutSeconds"] = 10800L;
        if (ServiceTypeChange.IsReachedFromOutside(spec) && spec.Text("externalTrafficPolicy") is not { Length: > 0 }) spec["externalTrafficPolicy"] = "Cluster";
        if (type is not "ExternalName" && !spec.ContainsKey("internalTrafficPolicy")) spec["internalTrafficPolicy"] = "Cluster";
        if (type == "LoadBalancer" && !spec.ContainsKey("allocateLoadBalancerNodePorts")) spec["allocateLoadBalancerNodePorts"] = true;
    }

    public override bool DemandsSchema => false;

    public override void Validate(JsonObject value, FieldErrors errors) => ServiceRules.Validate(value.Child("spec") ?? [], value.Child("metadata") ?? [], errors);

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors) => ServiceRules.ValidateUpdate(value.Child("spec") ?? [], old.Child("spec") ?? [], errors);
}
