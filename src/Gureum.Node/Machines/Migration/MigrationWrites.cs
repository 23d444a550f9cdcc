using System.Text;
using System.Text.Json.Nodes;
using Gureum.Client;
using Gureum.Objects;
using Gureum.Objects.Kubevirt.V1;

namespace Gureum.Node.Machines.Migration;

/// <summary>What nodes say of a migration on its instance, each a small change of the status.</summary>
internal static class MigrationWrites
{
    internal static Task ReadyAsync(ApiClient client, VirtualMachineInstance instance, string address, int port, CancellationToken cancel) =>
        PatchAsync(client, instance, new JsonObject { ["targetNodeAddress"] = $"{address}:{port}" }, null, cancel);

    internal static Task StartedAsync(ApiClient client, VirtualMachineInstance instance, DateTimeOffset now, CancellationToken cancel) =>
        PatchAsync(client, instance, new JsonObject { ["startTimestamp"] = Times.Format(now) }, null, cancel);

    /// <summary>The one moment at which the instance is somewhere else.</summary>
    internal static Task ArrivedAsync(ApiClient client, VirtualMachineInstance instance, DateTimeOffset now, CancellationToken cancel) =>
        PatchAsync(client, instance, new JsonObject { ["completed"] = true, ["failed"] = false, ["endTimestamp"] = Times.Format(now), ["targetNodeDomainDetected"] = true, ["targetNodeDomainReadyTimestamp"] = Times.Format(now) }, instance.Status.MigrationState!.TargetNode, cancel);

    internal static Task FailedAsync(ApiClient client, VirtualMachineInstance instance, string reason, DateTimeOffset now, CancellationToken cancel)
    {
        var state = new JsonObject { ["completed"] = true, ["failed"] = true, ["failureReason"] = reason, ["endTimestamp"] = Times.Format(now) };
        if (instance.Status.MigrationState?.AbortRequested == true) state["abortStatus"] = "Succeeded";
        return PatchAsync(client, instance, state, null, cancel);
    }

    // Said of the migration that was meant: another one may have begun.
    private static async Task PatchAsync(ApiClient client, VirtualMachineInstance instance, JsonObject state, string? node, CancellationToken cancel)
    {
        state["migrationUid"] = instance.Status.MigrationState!.MigrationUid;
        for (var tries = 0; ; tries++)
        {
            var current = await client.FindAsync<VirtualMachineInstance>(instance.Metadata.Namespace, instance.Metadata.Name!, cancel);
            if (current?.Status.MigrationState is not { Completed: not true } now || now.MigrationUid != instance.Status.MigrationState.MigrationUid) return;
            var status = new JsonObject { ["migrationState"] = state.DeepClone() };
            if (node is not null) status["nodeName"] = node;
            var patch = new JsonObject { ["metadata"] = new JsonObject { ["resourceVersion"] = current.Metadata.ResourceVersion }, ["status"] = status };
            try
            {
                await client.PatchAsync<VirtualMachineInstance>(instance.Metadata.Namespace, instance.Metadata.Name!, PatchType.Merge, Encoding.UTF8.GetBytes(patch.ToJsonString()), subresource: "status", cancel: cancel);
                return;
            }
            catch (ApiException e) when (e.IsConflict && tries < 20) { /* somebody else wrote: again from what is now */ }
        }
    }
}
