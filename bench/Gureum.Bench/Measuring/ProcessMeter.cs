using System.Globalization;

namespace Gureum.Bench;

/// <summary>Reads what processes cost from /proc (proc(5)): CPU time in user and kernel, and resident memory.</summary>
internal sealed class ProcessMeter(params int[] pids)
{
    private static readonly double TicksPerSecond = 100; // USER_HZ, which Linux fixes for /proc

    /// <summary>CPU time of all the processes since each began, by clock ticks of 10 ms.</summary>
    internal TimeSpan Cpu => TimeSpan.FromSeconds(pids.Sum(Ticks) / TicksPerSecond);

    /// <summary>Resident memory of all the processes, in MiB.</summary>
    internal double ResidentMegabytes => pids.Sum(Resident) / 1024.0;

    private static long Ticks(int pid)
    {
        // The name may hold spaces and brackets: fields are counted after its closing one. 14 and 15 are utime and stime.
        string stat = File.ReadAllText($"/proc/{pid}/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
    }

    private static long Resident(int pid)
    {
        string line = File.ReadLines($"/proc/{pid}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
