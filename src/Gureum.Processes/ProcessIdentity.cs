using System.Globalization;

namespace Gureum.Processes;

/// <summary>
/// Names one process for ever: a process id alone is reused, with the start time and the boot it is not.
/// </summary>
/// <param name="Pid">Process id, as this process sees it.</param>
/// <param name="StartTicks">Start time in clock ticks since boot (proc(5), /proc/pid/stat field 22).</param>
/// <param name="BootId">The kernel's random id of this boot.</param>
public sealed record ProcessIdentity(int Pid, long StartTicks, string BootId)
{
    /// <summary>The identity of a process that exists, or null if there is none (a zombie counts as gone).</summary>
    public static ProcessIdentity? OfPid(int pid) =>
        ReadStat(pid) is { State: not ('Z' or 'X') } stat ? new ProcessIdentity(pid, stat.Start, CurrentBoot()) : null;

    /// <summary>The identity of a child, also of one that has ended already, as long as nobody has reaped it.</summary>
    internal static ProcessIdentity? OfChild(int pid) => ReadStat(pid) is { } stat ? new ProcessIdentity(pid, stat.Start, CurrentBoot()) : null;

    /// <summary>True while exactly this process runs.</summary>
    public bool IsAlive() =>
        ReadStat(Pid) is { State: not ('Z' or 'X') } stat && stat.Start == StartTicks && BootId == CurrentBoot();

    /// <summary>Sends a signal unless the process is gone already.</summary>
    public void Signal(int signal)
    {
        if (IsAlive()) _ = ProcessCalls.kill(Pid, signal);
    }

    /// <summary>Writes the identity to a file, replacing it atomically.</summary>
    public void Save(string path)
    {
        string temporary = path + ".new";
        File.WriteAllText(temporary, string.Create(CultureInfo.InvariantCulture, $"{Pid} {StartTicks} {BootId}\n"));
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Reads what <see cref="Save"/> wrote; null if the file is missing or not whole.</summary>
    public static ProcessIdentity? Load(string path)
    {
        if (!File.Exists(path)) return null;
        string[] parts = File.ReadAllText(path).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return parts.Length == 3
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out long start)
            ? new ProcessIdentity(pid, start, parts[2])
            : null;
    }

    private static string CurrentBoot() => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    private static (char State, long Start)? ReadStat(int pid)
    {
        string text;
        try
        {
            text = File.ReadAllText($"/proc/{pid}/stat");
        }
        catch (IOException)
        {
            return null; // the process ended before or during the read
        }

        // The name in parentheses may hold spaces and parentheses itself: count from the last one.
        int end = text.LastIndexOf(')');
        if (end < 0) return null;
        string[] fields = text[(end + 2)..].Split(' ');
        return (fields[0][0], long.Parse(fields[19], CultureInfo.InvariantCulture));
    }
}
