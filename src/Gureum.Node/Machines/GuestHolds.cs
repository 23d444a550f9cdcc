using Gureum.Client;
using Gureum.Libvirt;
using Gureum.Node.Imports;
using Gureum.Node.Pods;

namespace Gureum.Node.Machines;

/// <summary>
/// Has guests stand still while their disks are copied: their file systems frozen by the guest's agent, or, where none answers, the guest paused. What was
/// done to a guest is noted beside its record before it is done, so that an agent that was killed meanwhile lets go of it when it is back. Thread-safe.
/// </summary>
internal sealed class GuestHolds(MachineHost host, MachineStore store, TimeProvider time)
{
    private const string MarkFile = "held", Frozen = "frozen", Paused = "paused";
    private static readonly TimeSpan AgentTime = TimeSpan.FromSeconds(5), Retry = TimeSpan.FromSeconds(5);

    private readonly HashSet<string> active = [];
    private readonly SemaphoreSlim gate = new(1);

    /// <summary>Holds the guest of an instance; null when it does not run here.</summary>
    /// <exception cref="ImportFailedException">The hypervisor cannot be asked, or refuses.</exception>
    internal async Task<GuestHold?> HoldAsync(string ns, string instance, CancellationToken cancel)
    {
        if (store.Uids.Select(store.Find).FirstOrDefault(r => r is { Started: not null, Ended: null } && r.Namespace == ns && r.Instance == instance) is not { } record) return null;
        await gate.WaitAsync(cancel);
        try
        {
            using var machine = await host.Hypervisor.FindAsync(record.Domain, cancel);
            if (machine is null) return null;
            var state = (await machine.GetStateAsync(cancel)).State;
            if (state is MachineState.ShutOff or MachineState.Crashed) return null;
            // Paused by somebody else: it stands still, and that is not ours to end.
            if (state == MachineState.Paused && !File.Exists(Mark(record.PodUid))) return new GuestHold(false, static () => ValueTask.CompletedTask);
            active.Add(record.PodUid);
            try { return new GuestHold(await StillAsync(machine, record.PodUid, cancel), () => ReleaseAsync(record)); }
            catch
            {
                await LetGoAsync(record);
                throw;
            }
        }
        catch (Exception e) when (e is LibvirtException or PodNotReadyException) { throw new ImportFailedException($"the guest {instance} cannot be held while its disks are copied: {e.Message}", e); }
        finally { gate.Release(); }
    }

    // True when its file systems are frozen, false when it is paused.
    private async Task<bool> StillAsync(Machine machine, string uid, CancellationToken cancel)
    {
        try
        {
            if (await GuestAgent.IsFrozenAsync(machine, AgentTime, cancel))
            {
                // By somebody else, who may let them go on meanwhile: a paused guest cannot.
                Note(uid, Paused);
                await machine.SuspendAsync(cancel);
                return true;
            }
            Note(uid, Frozen);
            await machine.FreezeAsync([], cancel);
            return true;
        }
        catch (LibvirtException e) when (!e.IsDisconnected)
        {
            Note(uid, Paused);
            await machine.SuspendAsync(cancel);
            return false;
        }
    }

    private async ValueTask ReleaseAsync(MachineRecord record)
    {
        await gate.WaitAsync(CancellationToken.None);
        try { await LetGoAsync(record); }
        finally { gate.Release(); }
    }

    // Every step may have been done, or not.
    private async Task LetGoAsync(MachineRecord record)
    {
        active.Remove(record.PodUid);
        try
        {
            var done = File.Exists(Mark(record.PodUid)) ? await File.ReadAllTextAsync(Mark(record.PodUid)) : "";
            using var machine = done.Length == 0 ? null : await host.Hypervisor.FindAsync(record.Domain, CancellationToken.None);
            if (machine is not null)
            {
                if (done.Contains(Paused, StringComparison.Ordinal) && (await machine.GetStateAsync(CancellationToken.None)).State == MachineState.Paused) await machine.ResumeAsync(CancellationToken.None);
                if (done.Contains(Frozen, StringComparison.Ordinal)) await ThawAsync(machine);
            }
            File.Delete(Mark(record.PodUid));
        }
        catch (DirectoryNotFoundException) { /* the guest is gone, and its directory */ }
        catch (Exception e) when (e is LibvirtException or PodNotReadyException)
        {
            Log.Current.Warn("machines", $"{record.Namespace}/{record.Instance} cannot be let go of: {e.Message}");
            _ = Task.Run(async () =>
            {
                await Task.Delay(Retry, time);
                await ReleaseStaleAsync(CancellationToken.None);
            }, CancellationToken.None);
        }
    }

    private static async Task ThawAsync(Machine machine)
    {
        try { await machine.ThawAsync([], CancellationToken.None); }
        catch (LibvirtException e) when (!e.IsDisconnected) { /* its agent is gone, or it was not frozen after all */ }
    }

    /// <summary>Lets go of guests that an earlier life of this agent held, once the hypervisor is there.</summary>
    internal async Task ReleaseStaleAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            var stale = store.Uids.Where(uid => File.Exists(Mark(uid))).Select(store.Find).OfType<MachineRecord>().ToList();
            if (stale.Count == 0) return;
            if (host.Problem is null)
            {
                await gate.WaitAsync(cancel);
                try
                {
                    foreach (var record in stale.Where(r => !active.Contains(r.PodUid))) await LetGoAsync(record);
                    return;
                }
                finally { gate.Release(); }
            }
            await Task.Delay(Retry, time, cancel);
        }
    }

    private string Mark(string uid) => Path.Combine(store.Directory(uid), MarkFile);

    private void Note(string uid, string what)
    {
        using var file = new FileStream(Mark(uid), FileMode.Append, FileAccess.Write);
        file.Write(System.Text.Encoding.UTF8.GetBytes(what + "\n"));
        file.Flush(flushToDisk: true);
    }
}

/// <summary>A guest that stands still until this is disposed.</summary>
/// <param name="frozen">Whether its file systems are whole on its disks; swap and the like may go on being written.</param>
internal sealed class GuestHold(bool frozen, Func<ValueTask> release) : IAsyncDisposable
{
    internal bool Frozen { get; } = frozen;

    public ValueTask DisposeAsync() => release();
}
