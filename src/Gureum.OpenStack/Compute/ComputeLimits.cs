using Gureum.Objects.Kubevirt.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>What a project may have, and what it has of that (https://docs.openstack.org/api-ref/compute/#limits-limits).</summary>
internal sealed class ComputeLimits(Cloud cloud, ComputeQuotas quotas)
{
    internal void Map(Routes routes) => routes.Get("/v2.1/limits", call => Task.FromResult(Limits(call)));

    private Answer Limits(Call call)
    {
        var mine = cloud.Machines.In(call.Caller.Namespace);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Object("limits", _ =>
            {
                json.WriteStartArray("rate");
                json.WriteEndArray();
                json.Object("absolute", _ =>
                {
                    json.WriteNumber("maxTotalInstances", quotas.Limit(call.Caller.Namespace, "instances"));
                    json.WriteNumber("maxTotalCores", quotas.Limit(call.Caller.Namespace, "cores"));
                    json.WriteNumber("maxTotalRAMSize", quotas.Limit(call.Caller.Namespace, "ram"));
                    json.WriteNumber("maxServerMeta", ComputeQuotas.FixedLimit("metadata_items"));
                    json.WriteNumber("maxImageMeta", ComputeQuotas.FixedLimit("metadata_items"));
                    json.WriteNumber("maxPersonality", 5);
                    json.WriteNumber("maxPersonalitySize", 10240);
                    json.WriteNumber("maxTotalKeypairs", ComputeQuotas.FixedLimit("key_pairs"));
                    json.WriteNumber("maxServerGroups", ComputeQuotas.FixedLimit("server_groups"));
                    json.WriteNumber("maxServerGroupMembers", ComputeQuotas.FixedLimit("server_group_members"));
                    json.WriteNumber("maxTotalFloatingIps", -1);
                    json.WriteNumber("maxSecurityGroups", -1);
                    json.WriteNumber("maxSecurityGroupRules", -1);
                    json.WriteNumber("totalRAMUsed", mine.Sum(m => Facts(m, "ram")));
                    json.WriteNumber("totalCoresUsed", mine.Sum(m => Facts(m, "vcpus")));
                    json.WriteNumber("totalInstancesUsed", mine.Count);
                    json.WriteNumber("totalFloatingIpsUsed", cloud.FloatingIps.In(call.Caller.Namespace).Count);
                    json.WriteNumber("totalSecurityGroupsUsed", cloud.SecurityGroups.In(call.Caller.Namespace).Count);
                    json.WriteNumber("totalServerGroupsUsed", cloud.ConfigMaps.In(call.Caller.Namespace).Count(ServerGroups.IsGroup));
                });
            });
            json.WriteEndObject();
        });
    }

    private static long Facts(VirtualMachine machine, string name) => ServerDocument.Note(machine, ServerNames.Flavor) is { } text && System.Text.Json.Nodes.JsonNode.Parse(text)?[name] is { } value ? (long)value : 0;
}
