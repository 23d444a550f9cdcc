using System.Text.Json;
using Gureum.Libvirt;

namespace Gureum.Node.Machines;

/// <summary>Asks a guest's agent what libvirt has no call for (https://qemu-project.gitlab.io/qemu/interop/qemu-ga-ref.html).</summary>
internal static class GuestAgent
{
    /// <summary>
    /// Whether the guest's file systems stand still, whoever froze them. The agent then answers hardly anything else, and what libvirt gathers from it has
    /// holes. False for an agent that does not know.
    /// </summary>
    /// <exception cref="LibvirtException">It does not answer.</exception>
    internal static async Task<bool> IsFrozenAsync(Libvirt.Machine machine, TimeSpan timeout, CancellationToken cancel)
    {
        try
        {
            var state = GuestAgentText.Return(await machine.AgentCommandAsync("""{"execute":"guest-fsfreeze-status"}""", timeout, cancel));
            return state?.GetValueKind() == JsonValueKind.String && state.GetValue<string>() == "frozen";
        }
        catch (LibvirtException e) when (!e.IsDisconnected && e.Code is not (LibvirtErrorCode.AgentUnresponsive or LibvirtErrorCode.AgentUnsynced or LibvirtErrorCode.NoDomain or LibvirtErrorCode.OperationInvalid)) { return false; }
    }
}
