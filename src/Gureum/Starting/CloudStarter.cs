using System.Diagnostics;
using Gureum.Commands;
using Gureum.Processes;
using Gureum.Running;

namespace Gureum.Starting;

/// <summary>Starts a cloud's server in the background and waits until its node is Ready.</summary>
internal static class CloudStarter
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    /// <summary>How long a node may take to get Ready; a cold disk and a slow machine take a good part of it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>The log of the server, which each start appends to.</summary>
    internal static string LogFile(ClusterOptions options) => Path.Combine(options.DataDirectory, "gureum.log");

    /// <summary>Starts the server.</summary>
    /// <returns>The server, with its node Ready.</returns>
    /// <exception cref="CommandFailure">It ended or took too long; the message has its last words.</exception>
    internal static async Task<ServerProcess> StartAsync(ClusterOptions options, CancellationToken cancel)
    {
        long logStart = File.Exists(LogFile(options)) ? new FileInfo(LogFile(options)).Length : 0;
        string program = Environment.ProcessPath ?? throw new CommandFailure("cannot find this program's own file below /proc/self/exe: is /proc mounted?");
        ProcessIdentity process = DetachedProcess.Start(program, ["run", "--data-dir", options.DataDirectory], EnvironmentOf(), LogFile(options));
        return await WaitAsync(options, process, logStart, cancel);
    }

    /// <summary>Waits for a server that somebody else started just now.</summary>
    internal static async Task<ServerProcess> JoinAsync(ClusterOptions options, CancellationToken cancel)
    {
        ProcessIdentity? process = Servers.Find(options) is { } server ? ProcessIdentity.OfPid(server.Pid) : null;
        return process is null ? await StartAsync(options, cancel) : await WaitAsync(options, process, 0, cancel);
    }

    private static async Task<ServerProcess> WaitAsync(ClusterOptions options, ProcessIdentity process, long logStart, CancellationToken cancel)
    {
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            if (Servers.Find(options) is { Ready: true } ready) return ready;
            DetachedProcess.Reap(process.Pid);
            if (!process.IsAlive()) throw new CommandFailure($"the server ended while starting; the last lines of {LogFile(options)}:\n{LastLines(options, logStart)}");
            if (Stopwatch.GetElapsedTime(started) > Patience)
                throw new CommandFailure($"the node is not Ready after {Patience.TotalMinutes:0} minutes; the server (process {process.Pid}) goes on trying: see `gureum status`; the last lines of {LogFile(options)}:\n{LastLines(options, logStart)}");
            await Task.Delay(Poll, cancel);
        }
    }

    private static Dictionary<string, string> EnvironmentOf()
    {
        var environment = new Dictionary<string, string>();
        foreach (System.Collections.DictionaryEntry entry in Environment.GetEnvironmentVariables()) environment[(string)entry.Key] = (string?)entry.Value ?? "";
        // Tools below /usr/sbin are not in everybody's path, not even in root's after `su`.
        environment["PATH"] = environment.GetValueOrDefault("PATH", "/usr/bin:/bin") + ":/usr/local/sbin:/usr/sbin:/sbin";
        // The runtime would let 32 MiB and more of garbage gather, by the size of the processor's cache, before its first look;
        // no file of settings takes this one (https://learn.microsoft.com/dotnet/core/runtime-config/garbage-collector).
        environment.TryAdd("DOTNET_GCgen0size", "0x800000");
        return environment;
    }

    private static string LastLines(ClusterOptions options, long from)
    {
        if (!File.Exists(LogFile(options))) return "(there is no log)";
        using var log = new FileStream(LogFile(options), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        log.Seek(Math.Min(from, log.Length), SeekOrigin.Begin);
        using var reader = new StreamReader(log);
        string[] lines = reader.ReadToEnd().TrimEnd().Split('\n');
        // A stack trace is for the log: its reader is whoever looks there.
        return string.Join('\n', lines.Where(l => !l.StartsWith("   at ", StringComparison.Ordinal) && !l.StartsWith("--- ", StringComparison.Ordinal)).TakeLast(12));
    }
}
