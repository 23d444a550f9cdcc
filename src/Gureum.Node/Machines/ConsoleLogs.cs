using Gureum.Client;
using Gureum.Node.Logs;

namespace Gureum.Node.Machines;

/// <summary>The logs of guests' serial consoles, MACHINES/POD-UID/console.log: QEMU writes them, this keeps them small.</summary>
internal static class ConsoleLogs
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    internal static string PathOf(MachineStore store, string uid) => Path.Combine(store.Directory(uid), "console.log");

    internal static async Task RunAsync(MachineStore store, TimeProvider time, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try { await Task.Delay(Interval, time, cancel); }
            catch (OperationCanceledException) { return; }
            foreach (var uid in store.Uids)
            {
                try { RawLogRotator.RotateIfNeeded(PathOf(store, uid)); }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException) { Log.Current.Warn("machines", $"the console log of {uid} cannot be cut: {e.Message}"); }
            }
        }
    }
}
