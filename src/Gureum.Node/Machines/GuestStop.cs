using Gureum.Libvirt;

namespace Gureum.Node.Machines;

/// <summary>Ends a guest: asked by its power button, and again, since a guest that boots does not hear it; ended when its time is over.</summary>
internal static class GuestStop
{
    private static readonly TimeSpan Ask = TimeSpan.FromSeconds(5), Look = TimeSpan.FromMilliseconds(200);

    /// <returns>True when the guest switched itself off.</returns>
    internal static async Task<bool> RunAsync(Machine machine, TimeSpan grace, TimeProvider time, CancellationToken cancel)
    {
        var start = time.GetTimestamp();
        var asked = TimeSpan.MinValue;
        while (time.GetElapsedTime(start) < grace)
        {
            var status = await machine.GetStateAsync(cancel);
            if (status.State is MachineState.ShutOff or MachineState.Crashed) return true;
            // A guest whose processors stand still cannot do anything about a wish.
            if (status.State == MachineState.Paused) await machine.ResumeAsync(cancel);
            if (asked == TimeSpan.MinValue || time.GetElapsedTime(start) - asked >= Ask)
            {
                asked = time.GetElapsedTime(start);
                try { await machine.ShutdownAsync(GuestSignal.Default, cancel); }
                catch (LibvirtException e) when (!e.IsDisconnected) { /* it ends just now, or cannot be asked: its time goes on */ }
            }
            await Task.Delay(Look, time, cancel);
        }
        try { await machine.DestroyAsync(cancel: cancel); }
        catch (LibvirtException e) when (!e.IsDisconnected) { /* it ended by itself in the last moment */ }
        return false;
    }
}
