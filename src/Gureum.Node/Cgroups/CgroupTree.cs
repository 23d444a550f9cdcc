using System.Security.Cryptography;
using System.Text;
using Gureum.Node.Native;
using Gureum.Node.Runtime;

namespace Gureum.Node.Cgroups;

/// <summary>A pod's quality of service, which decides where its group is.</summary>
public enum PodQos
{
    /// <summary>Limits equal requests: right below the root group.</summary>
    Guaranteed,
    /// <summary>Some requests or limits.</summary>
    Burstable,
    /// <summary>None.</summary>
    BestEffort,
}

/// <summary>
/// The control groups of one data directory: a root of its own below each hierarchy's root, groups for the qualities of
/// service, a group for each pod. Groups that it did not make are never touched. Thread-safe for different pods.
/// </summary>
public sealed class CgroupTree
{
    private const string PodPrefix = "pod";
    private static readonly string[] V2Controllers = ["cpu", "memory", "pids"];
    private static readonly string[] V1Controllers = ["cpu", "cpuacct", "memory", "pids"];
    private static readonly TimeSpan KillTimeout = TimeSpan.FromSeconds(10);

    private readonly CgroupLayout _layout;
    private readonly TimeProvider _time;

    /// <param name="layout">The machine's hierarchies.</param>
    /// <param name="dataDirectory">The node's data directory; the root group's name comes from it.</param>
    /// <param name="time">The clock.</param>
    public CgroupTree(CgroupLayout layout, string dataDirectory, TimeProvider? time = null)
    {
        _layout = layout;
        _time = time ?? TimeProvider.System;
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(dataDirectory)));
        Root = $"/gureum-{Convert.ToHexStringLower(hash)[..8]}";
    }

    /// <summary>The root group's path below each hierarchy's root, e.g. <c>/gureum-1a2b3c4d</c>.</summary>
    public string Root { get; }

    /// <summary>The path of a pod's group, fit for <see cref="SandboxConfig.CgroupParent"/>.</summary>
    public string PodPath(PodQos qos, string podUid) => $"{QosPath(qos)}/{PodPrefix}{podUid}";

    /// <summary>Makes the root group and the groups of the qualities of service.</summary>
    /// <param name="allocatable">Limits for all pods together; null for none.</param>
    /// <exception cref="CgroupException">The kernel refuses.</exception>
    public void Prepare(ResourceLimits? allocatable)
    {
        Create(Root);
        if (allocatable is not null) Limit(Root, allocatable);
        Create(QosPath(PodQos.Burstable));
        Create(QosPath(PodQos.BestEffort));
        Limit(QosPath(PodQos.BestEffort), new ResourceLimits { CpuShares = 2 });
    }

    /// <summary>The burstable pods' share of the CPU: the sum of their requests.</summary>
    public void SetBurstableShares(long cpuShares) => Limit(QosPath(PodQos.Burstable), new ResourceLimits { CpuShares = Math.Max(2, cpuShares) });

    /// <summary>Makes a pod's group, or changes its limits.</summary>
    /// <param name="path">From <see cref="PodPath"/>.</param>
    /// <param name="limits">CPU and memory; what is null keeps the kernel's default.</param>
    /// <param name="maxProcesses">Processes and threads; null for no limit.</param>
    public void EnsurePod(string path, ResourceLimits limits, long? maxProcesses)
    {
        Create(path);
        Limit(path, limits);
        if (maxProcesses is { } max) CgroupFiles.Write(Directory("pids", path), "pids.max", $"{max}");
    }

    /// <summary>Puts a process that runs already into a group, with all its threads. One that has ended meanwhile is no error.</summary>
    public void MoveProcess(string path, int process)
    {
        foreach (var directory in _layout.Hierarchies.Select(h => h + path).Where(System.IO.Directory.Exists))
        {
            try { CgroupFiles.Write(directory, "cgroup.procs", $"{process}"); }
            catch (CgroupException) when (!System.IO.Directory.Exists($"/proc/{process}")) { return; }
        }
    }

    /// <summary>Paths of all pod groups that exist, e.g. to find those whose pods are gone.</summary>
    public IReadOnlyList<string> ListPods() =>
        [.. new[] { PodQos.Guaranteed, PodQos.Burstable, PodQos.BestEffort }
            .SelectMany(q => _layout.Hierarchies
                .Select(h => h + QosPath(q)).Where(System.IO.Directory.Exists)
                .SelectMany(d => System.IO.Directory.EnumerateDirectories(d, PodPrefix + "*"))
                .Select(d => $"{QosPath(q)}/{Path.GetFileName(d)}"))
            .Distinct().Order(StringComparer.Ordinal)];

    /// <summary>What a group has used; null if it does not exist. A container's group is its pod's path, a slash and its id.</summary>
    public CgroupStats? Read(string path)
    {
        if (!System.IO.Directory.Exists(Directory("memory", path))) return null;
        return _layout.IsV2 ? ReadV2(_layout.Unified + path) : ReadV1(path);
    }

    /// <summary>Kills all processes of a group and its children, and removes them. One that is gone is no error.</summary>
    /// <exception cref="CgroupException">Processes survive SIGKILL, which names them.</exception>
    public async Task KillAndDeleteAsync(string path, CancellationToken cancel)
    {
        if (path != Root && !path.StartsWith(Root + "/", StringComparison.Ordinal))
            throw new CgroupException($"the group {path} is not below {Root}: it is left alone");
        long began = _time.GetTimestamp();
        while (true)
        {
            string[] existing = [.. _layout.Hierarchies.Select(h => h + path).Where(System.IO.Directory.Exists)];
            List<int> left = [.. existing.SelectMany(Tree).SelectMany(CgroupFiles.Processes).Distinct().Where(p => p != Environment.ProcessId)];
            foreach (int process in left) _ = Libc.kill(process, Libc.SIGKILL);
            if (left.Count == 0 && existing.All(TryRemove)) return;
            if (_time.GetElapsedTime(began) > KillTimeout)
            {
                throw new CgroupException(left.Count > 0
                    ? $"the group {path} cannot be removed: processes {string.Join(", ", left)} survive SIGKILL, probably waiting for a disk"
                    : $"the group {path} cannot be removed, though no process is left in it");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), _time, cancel).ConfigureAwait(false);
        }
    }

    private string QosPath(PodQos qos) => qos switch
    {
        PodQos.Burstable => Root + "/burstable",
        PodQos.BestEffort => Root + "/besteffort",
        _ => Root,
    };

    private string Directory(string controller, string path) => (_layout.IsV2 ? _layout.Unified : _layout.Controllers[controller]) + path;

    private void Create(string path)
    {
        try
        {
            if (!_layout.IsV2)
            {
                foreach (string controller in V1Controllers) System.IO.Directory.CreateDirectory(Directory(controller, path));
                return;
            }

            // A controller works in a group only if every group above hands it down.
            string group = _layout.Unified!;
            foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
            {
                HandDown(group);
                group += "/" + part;
                System.IO.Directory.CreateDirectory(group);
            }

            HandDown(group);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CgroupException($"the group {path} cannot be made: {e.Message}", e);
        }
    }

    private static void HandDown(string group)
    {
        string[] given = (CgroupFiles.Text(group, "cgroup.subtree_control") ?? "").Split(' ');
        string[] missing = [.. V2Controllers.Where(c => !given.Contains(c))];
        if (missing.Length > 0) CgroupFiles.Write(group, "cgroup.subtree_control", string.Join(' ', missing.Select(c => "+" + c)));
    }

    private void Limit(string path, ResourceLimits limits)
    {
        string cpu = Directory("cpu", path), memory = Directory("memory", path);
        long period = limits.CpuPeriodMicroseconds ?? 100_000;
        if (_layout.IsV2)
        {
            if (limits.CpuShares is { } shares) CgroupFiles.Write(cpu, "cpu.weight", $"{CpuWeight(shares)}");
            if (limits.CpuQuotaMicroseconds is { } quota) CgroupFiles.Write(cpu, "cpu.max", $"{(quota < 0 ? "max" : quota)} {period}");
            if (limits.MemoryBytes is { } bytes) CgroupFiles.Write(memory, "memory.max", bytes < 0 ? "max" : $"{bytes}");
            foreach ((string file, string value) in limits.Unified) CgroupFiles.Write(cpu, file, value);
            return;
        }

        if (limits.CpuShares is { } relative) CgroupFiles.Write(cpu, "cpu.shares", $"{Math.Clamp(relative, 2, 262_144)}");
        if (limits.CpuQuotaMicroseconds is { } allowed)
        {
            CgroupFiles.Write(cpu, "cpu.cfs_period_us", $"{period}");
            CgroupFiles.Write(cpu, "cpu.cfs_quota_us", $"{allowed}");
        }

        if (limits.MemoryBytes is { } most) CgroupFiles.Write(memory, "memory.limit_in_bytes", $"{most}");
    }

    /// <summary>v1's shares (2 to 262144) on v2's scale (1 to 10000), as runtimes convert them.</summary>
    internal static long CpuWeight(long shares) => 1 + ((Math.Clamp(shares, 2, 262_144) - 2) * 9999 / 262_142);

    private CgroupStats ReadV1(string path)
    {
        string memory = Directory("memory", path);
        IReadOnlyDictionary<string, long> detail = CgroupFiles.Keyed(memory, "memory.stat"), cpu = CgroupFiles.Keyed(Directory("cpu", path), "cpu.stat");
        long usage = CgroupFiles.Number(memory, "memory.usage_in_bytes");
        return new CgroupStats(
            _time.GetUtcNow(),
            CgroupFiles.Number(Directory("cpuacct", path), "cpuacct.usage"),
            usage,
            Math.Max(0, usage - detail.GetValueOrDefault("total_inactive_file")),
            detail.GetValueOrDefault("total_rss"),
            CgroupFiles.Limit(memory, "memory.limit_in_bytes"),
            detail.GetValueOrDefault("total_pgfault"),
            detail.GetValueOrDefault("total_pgmajfault"),
            CgroupFiles.Keyed(memory, "memory.oom_control").TryGetValue("oom_kill", out long kills) ? kills : null,
            CgroupFiles.Number(Directory("pids", path), "pids.current"),
            cpu.GetValueOrDefault("throttled_time"));
    }

    private CgroupStats ReadV2(string group)
    {
        IReadOnlyDictionary<string, long> detail = CgroupFiles.Keyed(group, "memory.stat"), cpu = CgroupFiles.Keyed(group, "cpu.stat");
        long usage = CgroupFiles.Number(group, "memory.current");
        return new CgroupStats(
            _time.GetUtcNow(),
            cpu.GetValueOrDefault("usage_usec") * 1000,
            usage,
            Math.Max(0, usage - detail.GetValueOrDefault("inactive_file")),
            detail.GetValueOrDefault("anon"),
            CgroupFiles.Limit(group, "memory.max"),
            detail.GetValueOrDefault("pgfault"),
            detail.GetValueOrDefault("pgmajfault"),
            CgroupFiles.Keyed(group, "memory.events").TryGetValue("oom_kill", out long kills) ? kills : null,
            CgroupFiles.Number(group, "pids.current"),
            cpu.GetValueOrDefault("throttled_usec") * 1000);
    }

    /// <summary>A group and all below it, the deepest first.</summary>
    private static IEnumerable<string> Tree(string group)
    {
        if (!System.IO.Directory.Exists(group)) return [];
        return System.IO.Directory.EnumerateDirectories(group, "*", SearchOption.AllDirectories)
            .OrderByDescending(d => d.Length).Append(group);
    }

    private static bool TryRemove(string group)
    {
        foreach (string directory in Tree(group).ToArray())
        {
            // The kernel removes a group's files with it; EBUSY while a process of it is still ending.
            if (Libc.rmdir(directory) != 0 && System.IO.Directory.Exists(directory)) return false;
        }

        return true;
    }
}
