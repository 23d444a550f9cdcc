using System.Diagnostics;
using Gureum.Commands;
using Gureum.Processes;
using Gureum.Running;

namespace Gureum.Starting;

/// <summary>Ends a server process: politely first, then for good.</summary>
internal static class ServerStopper
{
    private const int Terminate = 15, Kill = 9;

    /// <summary>Returns when the process is gone. What it looked after goes on running.</summary>
    /// <returns>True when it ended by itself, false when it had to be killed.</returns>
    /// <exception cref="CommandFailure">Not even the kernel could end it.</exception>
    internal static async Task<bool> StopAsync(ServerProcess server, CancellationToken cancel)
    {
        if (ProcessIdentity.OfPid(server.Pid) is not { } process || process.StartTicks != server.StartTicks) return true;
        process.Signal(Terminate);
        if (await GoneAsync(process, TimeSpan.FromSeconds(15), cancel)) return true;
        process.Signal(Kill);
        if (await GoneAsync(process, TimeSpan.FromSeconds(15), cancel)) return false;
        throw new CommandFailure($"server process {server.Pid} does not end, not even when killed: it waits in the kernel, most likely for a disk; see /proc/{server.Pid}/stack");
    }

    private static async Task<bool> GoneAsync(ProcessIdentity process, TimeSpan patience, CancellationToken cancel)
    {
        for (long start = Stopwatch.GetTimestamp(); process.IsAlive(); await Task.Delay(20, cancel))
        {
            if (Stopwatch.GetElapsedTime(start) > patience) return false;
        }

        return true;
    }
}
