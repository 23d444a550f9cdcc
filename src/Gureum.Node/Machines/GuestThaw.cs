using System.Collections.Concurrent;
using Gureum.Client;
using Gureum.Libvirt;
using Gureum.Node.Pods;
using Gureum.Objects;

namespace Gureum.Node.Machines;

/// <summary>
/// Remembers which guests' file systems stand still and until when, in each guest's directory, and lets them go on when that time is over: whoever froze
/// them may have died, and so may this agent. Thread-safe.
/// </summary>
/// <param name="thaw">Lets a guest's file systems go on.</param>
internal sealed class GuestThaw(MachineStore store, Func<string, CancellationToken, Task> thaw, TimeProvider time) : IAsyncDisposable
{
    private const string FileName = "thaw-at";
    private const int MostTries = 30;
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, CancellationTokenSource> armed = new();
    private readonly CancellationTokenSource stop = new();

    internal bool IsFrozen(string uid) => File.Exists(PathOf(uid));

    /// <summary>Notes a guest that is about to be frozen.</summary>
    internal void Arm(string uid, TimeSpan timeout)
    {
        var at = time.GetUtcNow() + timeout;
        File.WriteAllText(PathOf(uid), Times.FormatMicro(at));
        Start(uid, at);
    }

    /// <summary>The guest's file systems go on.</summary>
    internal void Disarm(string uid)
    {
        if (armed.TryRemove(uid, out var old)) old.Cancel();
        if (Directory.Exists(store.Directory(uid))) File.Delete(PathOf(uid));
    }

    /// <summary>Takes up what an earlier agent left.</summary>
    internal void Restore()
    {
        foreach (var uid in store.Uids.Where(u => IsFrozen(u) && !armed.ContainsKey(u)))
            Start(uid, Times.TryParse(File.ReadAllText(PathOf(uid)).Trim(), out var at) ? at : time.GetUtcNow());
    }

    private string PathOf(string uid) => Path.Combine(store.Directory(uid), FileName);

    private void Start(string uid, DateTimeOffset at)
    {
        var cancel = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        armed.AddOrUpdate(uid, cancel, (_, old) => { old.Cancel(); return cancel; });
        _ = Task.Run(() => WaitAsync(uid, at, cancel.Token), CancellationToken.None);
    }

    private async Task WaitAsync(string uid, DateTimeOffset at, CancellationToken cancel)
    {
        try
        {
            var wait = at - time.GetUtcNow();
            if (wait > TimeSpan.Zero) await Task.Delay(wait, time, cancel);
            for (var tries = 1; ; tries++)
            {
                try
                {
                    Log.Current.Info("machines", $"{uid}: its file systems were frozen for as long as was asked, they go on");
                    await thaw(uid, cancel);
                    return;
                }
                catch (Exception e) when (e is LibvirtException or PodNotReadyException or Server.NodeRequestException && tries < MostTries && IsFrozen(uid))
                {
                    Log.Current.Warn("machines", $"{uid}: its file systems cannot be let go on: {e.Message}");
                    await Task.Delay(Retry, time, cancel);
                }
            }
        }
        catch (OperationCanceledException) { /* thawed by hand, frozen anew, or the agent ends */ }
        catch (Exception e) when (e is LibvirtException or PodNotReadyException or Server.NodeRequestException or IOException) { Log.Current.Warn("machines", $"{uid}: its file systems stay frozen: {e.Message}"); }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        stop.Dispose();
    }
}
