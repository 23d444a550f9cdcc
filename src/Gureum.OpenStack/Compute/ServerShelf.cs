using Gureum.Objects.Kubevirt.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>
/// Shelve (https://docs.openstack.org/api-ref/compute/#shelve-server-shelve-action): a server that is off takes nothing of a node, and its disk stays where it is, so it is offloaded at once, without
/// an image of it.
/// </summary>
internal sealed class ServerShelf(Cloud cloud, ServerControl control)
{
    internal IReadOnlyDictionary<string, ServerAction> Actions => new Dictionary<string, ServerAction> { ["shelve"] = ShelveAsync, ["shelveOffload"] = OffloadAsync, ["unshelve"] = UnshelveAsync };

    private async Task<Answer> ShelveAsync(Call call, VirtualMachine machine, Body body)
    {
        var state = control.Demand(call, machine, "shelve", "active", "stopped", "paused", "suspended");
        await cloud.Machines.AnnotateAsync(call.Caller.Api, machine, static notes =>
        {
            notes[ServerNames.Shelved] = "true";
            notes.Remove(ServerNames.Suspended);
        }, call.Cancel);
        if (state.VmState != "stopped") await ServerControl.StopAsync(call, machine);
        return Answer.Accepted;
    }

    private Task<Answer> OffloadAsync(Call call, VirtualMachine machine, Body body)
    {
        control.Demand(call, machine, "shelveOffload", "shelved_offloaded");
        return Task.FromResult(Answer.Accepted);
    }

    private async Task<Answer> UnshelveAsync(Call call, VirtualMachine machine, Body body)
    {
        control.Demand(call, machine, "unshelve", "shelved_offloaded");
        await cloud.Machines.AnnotateAsync(call.Caller.Api, machine, static notes => notes.Remove(ServerNames.Shelved), call.Cancel);
        await ServerControl.StartAsync(call, machine);
        return Answer.Accepted;
    }
}
