using System.Collections.Concurrent;
using Gureum.Client;
using Gureum.Libvirt;
using Gureum.Node.Pods;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;

namespace Gureum.Node.Machines;

/// <summary>
/// Writes to the status of instances what only their node knows, when libvirt says that something happened. A guest's agent is asked when it
/// connects and every ten minutes, since it tells nothing by itself. Thread-safe.
/// </summary>
/// <param name="memoryFailure">Why a guest's memory could not be changed, by its pod's uid.</param>
/// <param name="frozen">Whether a guest's file systems stand still, by its pod's uid.</param>
/// <param name="addresses">The addresses of the port behind a tap; none for one that is on the pod network.</param>
internal sealed class InstanceReporter(Func<Hypervisor> hypervisor, MachineStore store, ApiClient client, Func<string, bool> frozen, Func<string, string?> memoryFailure, Func<string, IReadOnlyList<string>> addresses, TimeProvider time)
{
    internal static readonly TimeSpan AgentInterval = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan AgentRetry = TimeSpan.FromSeconds(10), AgentLimit = TimeSpan.FromSeconds(20), Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MemoryInterval = TimeSpan.FromSeconds(2);
    private const int MostConflicts = 8, MostAgentRetries = 3;

    private readonly WorkQueue<string> queue = new(time) { FirstRetry = TimeSpan.FromMilliseconds(100) };
    private readonly ConcurrentDictionary<string, AgentWord> words = new();

    // What an agent said, when it is to be asked again, and how often it has failed to answer since.
    private sealed record AgentWord(IReadOnlyDictionary<string, object>? Guest, DateTimeOffset Next, int Failures);

    /// <summary>Something happened to the guest of a pod.</summary>
    internal void Note(string uid) => queue.Add(uid);

    /// <summary>What a guest's agent said last; null when none answered yet.</summary>
    internal IReadOnlyDictionary<string, object>? Known(string uid) => words.GetValueOrDefault(uid)?.Guest;

    internal Task RunAsync(CancellationToken cancel) => new Reconciler<string>("machines", queue, SyncAsync).RunAsync(cancel);

    /// <summary>Reports at once, for somebody who waits for it; if that does not work soon, it is done later.</summary>
    internal async Task ReportAsync(string uid, CancellationToken cancel)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(Patience);
            await SyncAsync(uid, limit.Token);
        }
        catch (Exception e) when (e is ApiException or ApiUnreachableException or LibvirtException or OperationCanceledException && !cancel.IsCancellationRequested) { queue.Add(uid); }
    }

    private async Task SyncAsync(string uid, CancellationToken cancel)
    {
        if (store.Find(uid) is not { Started: not null, Ended: null } record)
        {
            words.TryRemove(uid, out _);
            return;
        }
        GuestFacts? facts;
        try { facts = await ReadAsync(record, cancel); }
        // It is looked at again when libvirtd is back.
        catch (PodNotReadyException) { return; }
        catch (LibvirtException e) when (e.IsDisconnected || e.Code == LibvirtErrorCode.NoDomain) { return; }
        if (facts is null) return;
        await WriteAsync(record, facts, cancel);
        // A guest takes memory, and gives it back, in its own time.
        if (facts.Domain.PluggedMemory is { } memory && memory.Requested != memory.Current) queue.AddAfter(uid, MemoryInterval);
    }

    private async Task<GuestFacts?> ReadAsync(MachineRecord record, CancellationToken cancel)
    {
        using var machine = await hypervisor().FindAsync(record.Domain, cancel);
        if (machine is null || await machine.GetStateAsync(cancel) is not { State: MachineState.Running or MachineState.Blocked or MachineState.Paused or MachineState.PowerSuspended } state) return null;
        var domain = DomainView.Parse(await machine.GetXmlAsync(cancel: cancel));
        var sizes = new Dictionary<string, long>();
        foreach (var disk in domain.Disks.Where(d => d.Volume is not null))
        {
            try { sizes[disk.Target] = (long)(await machine.GetBlockSizeAsync(disk.Target, cancel)).Capacity; }
            catch (LibvirtException e) when (!e.IsDisconnected) { /* an empty drive, or a disk that is just let go */ }
        }
        return new GuestFacts(state, domain, await AgentAsync(record.PodUid, machine, domain, cancel), sizes, new Dictionary<string, PersistentVolumeClaim>(), frozen(record.PodUid)) { MemoryFailure = memoryFailure(record.PodUid), Addresses = domain.Cards.Where(c => c.Tap is not null).ToDictionary(c => c.Mac, c => addresses(c.Tap!)) };
    }

    private async Task<IReadOnlyDictionary<string, object>?> AgentAsync(string uid, Libvirt.Machine machine, DomainView domain, CancellationToken cancel)
    {
        if (!domain.AgentConnected)
        {
            words.TryRemove(uid, out _);
            return null;
        }
        var (known, now) = (words.GetValueOrDefault(uid), time.GetUtcNow());
        if (known is not null && known.Next > now) return known.Guest;
        AgentWord word;
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(AgentLimit);
            word = await GuestAgent.IsFrozenAsync(machine, AgentLimit, limit.Token)
                ? new AgentWord(known?.Guest, now + AgentRetry, 0)
                : new AgentWord(await machine.GetGuestInfoAsync(cancel: limit.Token), now + AgentInterval, 0);
        }
        catch (Exception e) when (e is LibvirtException { IsDisconnected: false } or OperationCanceledException && !cancel.IsCancellationRequested)
        {
            // One that has just started may need a moment.
            var failures = (known?.Failures ?? 0) + 1;
            word = new AgentWord(known?.Guest, now + (failures <= MostAgentRetries ? AgentRetry : AgentInterval), failures);
            Log.Current.Debug("machines", $"{machine.Name}: its agent does not answer: {e.Message}");
        }
        words[uid] = word;
        queue.AddAfter(uid, word.Next - now);
        return word.Guest;
    }

    private async Task WriteAsync(MachineRecord record, GuestFacts facts, CancellationToken cancel)
    {
        for (var tries = 1; ; tries++)
        {
            // One that has gone, or been made anew under the same name, has nothing to do with this guest.
            if (await client.FindAsync<VirtualMachineInstance>(record.Namespace, record.Instance, cancel) is not { } instance || !instance.Status.ActivePods.ContainsKey(record.PodUid) && instance.Status.ActivePods.Count > 0) return;
            facts = facts with { Claims = await ClaimsAsync(instance, cancel) };
            var status = InstanceReport.Of(instance, facts, time.GetUtcNow());
            if (status.Equals(instance.Status)) return;
            try
            {
                await client.UpdateStatusAsync(instance with { Status = status }, cancel: cancel);
                return;
            }
            catch (ApiException e) when (e.IsNotFound) { return; }
            catch (ApiException e) when (e.IsConflict && tries < MostConflicts) { /* its controller wrote as well: once more, from what it wrote */ }
        }
    }

    private async Task<IReadOnlyDictionary<string, PersistentVolumeClaim>> ClaimsAsync(VirtualMachineInstance instance, CancellationToken cancel)
    {
        var claims = new Dictionary<string, PersistentVolumeClaim>();
        foreach (var volume in instance.Spec.Volumes)
            if (InstanceReport.ClaimName(volume) is { } name && await client.FindAsync<PersistentVolumeClaim>(instance.Metadata.Namespace, name, cancel) is { } claim) claims[volume.Name!] = claim;
        return claims;
    }
}
