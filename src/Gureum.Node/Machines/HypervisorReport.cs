using System.Text;
using System.Text.Json.Nodes;
using Gureum.Client;
using Gureum.Objects;
using Gureum.Objects.Machines;
using NodeObject = Gureum.Objects.Core.V1.Node;

namespace Gureum.Node.Machines;

/// <summary>
/// Says on the node whether guests can run on it, and by what: the label that their pods are scheduled by, and the condition Hypervisor, whose reason is kvm or
/// tcg and whose message says why.
/// </summary>
internal sealed class HypervisorReport(MachineHost host, ApiClient client, string node, TimeProvider time)
{
    internal const string Condition = "Hypervisor";
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2), Interval = TimeSpan.FromMinutes(5);

    private readonly SemaphoreSlim changed = new(1);

    internal void Changed()
    {
        if (changed.CurrentCount == 0) changed.Release();
    }

    internal async Task RunAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await changed.WaitAsync(Interval, cancel);
                await WriteAsync(cancel);
            }
            catch (OperationCanceledException) { return; }
            catch (Exception e) when (e is ApiException or ApiUnreachableException)
            {
                // The node may not be registered yet.
                await Task.Delay(Retry, time, CancellationToken.None);
                Changed();
            }
        }
    }

    private async Task WriteAsync(CancellationToken cancel)
    {
        var (problem, accelerator) = (host.Problem, host.Accelerator);
        var (works, reason) = (problem is null, problem is not null ? "NotReady" : accelerator!.Accelerator.ToString().ToLowerInvariant());
        var message = problem ?? $"{accelerator!.Reason}; {host.Versions}";
        var current = await client.GetAsync<NodeObject>(null, node, cancel);
        if (current.Metadata.Labels.GetValueOrDefault(MachineNames.Schedulable) != (works ? "true" : "false"))
            await client.PatchAsync<NodeObject>(null, node, PatchType.Merge, Encoding.UTF8.GetBytes(new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [MachineNames.Schedulable] = works ? "true" : "false" } } }.ToJsonString()), cancel: cancel);
        var before = current.Status.Conditions.FirstOrDefault(c => c.Type == Condition);
        var status = works ? "True" : "False";
        if (before is not null && (before.Status, before.Reason, before.Message) == (status, reason, message)) return;
        var now = Times.Format(time.GetUtcNow());
        var since = before?.Status == status && before.LastTransitionTime is { } last ? Times.Format(last) : now;
        var patch = new JsonObject
        {
            ["status"] = new JsonObject { ["conditions"] = new JsonArray(new JsonObject { ["type"] = Condition, ["status"] = status, ["reason"] = reason, ["message"] = message, ["lastHeartbeatTime"] = now, ["lastTransitionTime"] = since }) },
        };
        await client.PatchAsync<NodeObject>(null, node, PatchType.Strategic, Encoding.UTF8.GetBytes(patch.ToJsonString()), subresource: "status", cancel: cancel);
    }
}
