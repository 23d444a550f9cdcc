namespace Gureum.Node.Cgroups;

/// <summary>Where this machine's control groups are mounted. Immutable.</summary>
/// <param name="IsV2">True if resources are controlled in the unified hierarchy (v2); false for v1, hybrid machines included.</param>
/// <param name="Controllers">v1: mount point of each controller. v2: empty.</param>
/// <param name="Unified">Mount point of the unified hierarchy; null if there is none.</param>
/// <param name="Others">v1: mount points of named hierarchies without controllers, in which runtimes make groups too.</param>
public sealed record CgroupLayout(bool IsV2, IReadOnlyDictionary<string, string> Controllers, string? Unified, IReadOnlyList<string> Others)
{
    private static readonly string[] Needed = ["cpu", "cpuacct", "memory", "pids"];

    /// <summary>Every mounted hierarchy once.</summary>
    public IEnumerable<string> Hierarchies => Controllers.Values.Concat(Others).Concat(Unified is null ? [] : [Unified]).Distinct();

    /// <summary>Looks at this machine.</summary>
    /// <exception cref="CgroupException">No hierarchy is mounted that can limit CPU, memory and processes.</exception>
    public static CgroupLayout Detect() => Parse(File.ReadLines("/proc/self/mountinfo"));

    /// <summary>The layout that lines of proc(5)'s mountinfo describe. Pure.</summary>
    internal static CgroupLayout Parse(IEnumerable<string> mountInfo)
    {
        var controllers = new Dictionary<string, string>();
        var others = new List<string>();
        string? unified = null;
        foreach (string line in mountInfo)
        {
            // Optional fields end with a lone hyphen; behind it come type, source and the file system's own options.
            string[] halves = line.Split(" - ", 2);
            string[] mount = halves[0].Split(' ');
            if (halves.Length < 2 || mount.Length < 5 || mount[3] != "/") continue;
            string[] system = halves[1].Split(' ');
            if (system[0] == "cgroup2") unified ??= mount[4];
            if (system[0] != "cgroup" || system.Length < 3) continue;
            string[] options = system[2].Split(',');
            if (options.Any(o => o.StartsWith("name=", StringComparison.Ordinal))) others.Add(mount[4]);
            else foreach (string option in options.Where(o => o is not ("rw" or "ro"))) controllers.TryAdd(option, mount[4]);
        }

        string[] missing = [.. Needed.Where(n => !controllers.ContainsKey(n))];
        if (missing.Length == 0) return new CgroupLayout(false, controllers, unified, others);
        if (unified is not null && missing.Length == Needed.Length)
            return new CgroupLayout(true, new Dictionary<string, string>(), unified, others);
        throw new CgroupException(unified is null && controllers.Count == 0
            ? "no control groups are mounted: mount -t cgroup2 none /sys/fs/cgroup"
            : $"the control group controllers {string.Join(", ", missing)} are not mounted: mount them, or use the unified hierarchy alone");
    }
}

/// <summary>Control groups cannot be used as asked. The message has the group, the value and what to do.</summary>
public sealed class CgroupException(string message, Exception? inner = null) : Exception(message, inner);
