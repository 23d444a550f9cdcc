using System.Runtime.InteropServices;
using Gureum.Libvirt.Native;

namespace Gureum.Libvirt;

/// <content>Through the guest agent: <see cref="LibvirtErrorCode.AgentUnresponsive"/> where none answers.</content>
public sealed unsafe partial class Machine
{
    /// <summary>Gives the agent a command and returns its answer, both JSON.</summary>
    /// <param name="json">e.g. <c>{"execute":"guest-ping"}</c>.</param>
    /// <param name="timeout">How long to wait; whole seconds, at least one.</param>
    /// <param name="cancel">Stops waiting.</param>
    public Task<string> AgentCommandAsync(string json, TimeSpan timeout, CancellationToken cancel = default)
    {
        int seconds = Math.Max(1, (int)timeout.TotalSeconds);
        return BlockingCalls.RunLongAsync(() => NativeText.Take(Virt.virDomainQemuAgentCommand(_handle, json, seconds, 0), Doing("talking to the agent of")), cancel);
    }

    /// <summary>What the agent knows, under libvirt's names (<c>os.id</c>, <c>if.0.addr.0.addr</c>, …); numbers are long or ulong.</summary>
    public Task<IReadOnlyDictionary<string, object>> GetGuestInfoAsync(GuestInfoTypes types = GuestInfoTypes.All, CancellationToken cancel = default) =>
        BlockingCalls.RunLongAsync<IReadOnlyDictionary<string, object>>(
            () =>
            {
                LibvirtException.Check(Virt.virDomainGetGuestInfo(_handle, (uint)types, out TypedParameter* parameters, out int count, 0), Doing("asking the agent of"));
                try
                {
                    return TypedParameter.Read(parameters, count);
                }
                finally
                {
                    ParameterList.Free(parameters, count);
                }
            },
            cancel);

    /// <summary>Freezes file systems of the guest, so that a snapshot finds them whole.</summary>
    /// <param name="mountPoints">Which; none: all.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <returns>How many are frozen.</returns>
    public Task<int> FreezeAsync(IReadOnlyList<string> mountPoints, CancellationToken cancel = default) => BlockingCalls.RunLongAsync(
        () => WithStrings(mountPoints, p => LibvirtException.Check(Virt.virDomainFSFreeze(_handle, (byte**)p, (uint)mountPoints.Count, 0), Doing("freezing the file systems of"))), cancel);

    /// <summary>Thaws them again.</summary>
    /// <returns>How many are thawed.</returns>
    public Task<int> ThawAsync(IReadOnlyList<string> mountPoints, CancellationToken cancel = default) => BlockingCalls.RunLongAsync(
        () => WithStrings(mountPoints, p => LibvirtException.Check(Virt.virDomainFSThaw(_handle, (byte**)p, (uint)mountPoints.Count, 0), Doing("thawing the file systems of"))), cancel);

    private static int WithStrings(IReadOnlyList<string> texts, Func<IntPtr, int> call)
    {
        if (texts.Count == 0) return call(IntPtr.Zero);
        IntPtr[] strings = [.. texts.Select(Marshal.StringToCoTaskMemUTF8)];
        try
        {
            fixed (IntPtr* array = strings) return call((IntPtr)array);
        }
        finally
        {
            foreach (IntPtr text in strings) Marshal.FreeCoTaskMem(text);
        }
    }
}
