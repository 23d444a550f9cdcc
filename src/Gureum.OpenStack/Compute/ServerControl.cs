using Gureum.Client;
using Gureum.Objects.Kubevirt.V1;
using Gureum.OpenStack.Http;

namespace Gureum.OpenStack.Compute;

/// <summary>One of the actions on servers: the body's only field has its name.</summary>
internal delegate Task<Answer> ServerAction(Call call, VirtualMachine machine, Body body);

/// <summary>What all actions on servers need: the state that they demand, and KubeVirt's subresources, called as the user.</summary>
internal sealed class ServerControl(ServerDocument document)
{
    /// <exception cref="Fault">409: the server is in another state, or busy.</exception>
    internal ServerState Demand(Call call, VirtualMachine machine, string action, params ReadOnlySpan<string> accepted)
    {
        var state = document.State(machine);
        if (!accepted.Contains(state.VmState)) throw Fault.Conflict($"Cannot '{action}' instance {call.Part("server")} while it is in vm_state {state.VmState}");
        return state.Task is null or "powering-on" ? state : throw Fault.Conflict($"Cannot '{action}' instance {call.Part("server")} while it is in task_state {state.Task}");
    }

    internal static async Task PutAsync(Call call, VirtualMachine machine, string plural, string verb) =>
        await call.Caller.Wire.SendAsync(new ApiRequest("PUT", $"/apis/subresources.kubevirt.io/v1/namespaces/{machine.Metadata.Namespace}/{plural}/{machine.Metadata.Name}/{verb}", "", "{}"u8.ToArray()), call.Cancel);

    internal static Task StartAsync(Call call, VirtualMachine machine) => PutAsync(call, machine, "virtualmachines", "start");
    internal static Task StopAsync(Call call, VirtualMachine machine) => PutAsync(call, machine, "virtualmachines", "stop");
    internal static Task RestartAsync(Call call, VirtualMachine machine) => PutAsync(call, machine, "virtualmachines", "restart");

    // Whoever administers may do everything with a server that its owner has locked.
    internal static void RefuseLocked(Call call, VirtualMachine machine, bool byOwner = true)
    {
        if (ServerDocument.Note(machine, ServerNames.Locked) is { } by && !call.Caller.IsAdmin && (byOwner || by == "admin")) throw Fault.Conflict($"Instance {machine.Metadata.Uid} is locked");
    }
}
