using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.State;
using Gureum.Objects.Json;
using Gureum.Objects.Machines;

namespace Gureum.ApiServer.Subresources.Machines;

/// <summary>
/// The eviction of a machine's pod, by the instance's evictionStrategy: where the guest can move, its node is noted as one to leave, and whoever evicts is told to
/// come again (https://kubevirt.io/user-guide/cluster_admin/node_maintenance/). The controller makes the migration.
/// </summary>
internal static class MachineEviction
{
    /// <exception cref="ApiError">429: the guest moves, or is to stay where it is.</exception>
    internal static async ValueTask JudgeAsync(ObjectRegistry registry, string ns, StoredObject pod, WriteOptions options)
    {
        if (pod.Labels.GetValueOrDefault(MachineNames.App) != MachineNames.Launcher) return;
        var resource = registry.Catalog.Find("kubevirt.io/v1", "virtualmachineinstances")!;
        var owner = ObjectRegistry.Decode(registry.Catalog.Find("v1", "pods")!, pod.Json).Child("metadata")?.Objects("ownerReferences").FirstOrDefault(o => o.Text("kind") == resource.Type.Kind)?.Text("name");
        if (owner is null || registry.Find(resource, ns, owner) is not { } stored) return;
        var instance = ObjectRegistry.Decode(resource, stored.Json);
        var (strategy, status) = (instance.Child("spec")?.Text("evictionStrategy") ?? "None", instance.Child("status") ?? []);
        var node = JsonPeek.Text(pod.Json, ["spec", "nodeName"]);
        // A guest that does not run, or runs elsewhere by now, loses nothing by the eviction of this pod.
        if (strategy == "None" || status.Text("phase") != "Running" || status.Text("nodeName") != node) return;
        var migratable = status.Objects("conditions").Any(c => c.Text("type") == "LiveMigratable" && c.Text("status") == "True");
        if (!migratable && strategy == "LiveMigrateIfPossible") return;
        if (!migratable && strategy == "LiveMigrate") throw Refused($"VMI \"{ns}/{owner}\" is configured with an eviction strategy but is not live-migratable");
        if (!options.DryRun && status.Text("evacuationNodeName") != node)
            await registry.UpdateAsync(new UpdateRequest(resource, ns, owner, current => { current.Need("status")["evacuationNodeName"] = node; return current; }) { Subresource = "status", OwnersKept = true }, options);
        throw Refused($"Eviction triggered evacuation of VMI \"{ns}/{owner}\"");
    }

    private static ApiError Refused(string message) => ApiError.Make(429, "TooManyRequests", message, new());
}
