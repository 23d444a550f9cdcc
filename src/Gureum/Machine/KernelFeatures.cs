namespace Gureum.Machine;

/// <summary>Looks whether the kernel has what containers need.</summary>
internal static class KernelFeatures
{
    /// <summary>What is missing, one line each with how to mend it; empty when all is there.</summary>
    internal static IReadOnlyList<string> Missing()
    {
        var missing = new List<string>();
        foreach (string kind in (string[])["net", "mnt", "pid", "ipc", "uts"])
        {
            if (!File.Exists("/proc/self/ns/" + kind)) missing.Add($"the kernel has no {kind} namespaces (/proc/self/ns/{kind}): boot a kernel with CONFIG_NAMESPACES");
        }

        if (!HasFileSystem("overlay")) missing.Add("the kernel has no overlay file system: run modprobe overlay, or boot a kernel with CONFIG_OVERLAY_FS");
        if (!HasCgroups()) missing.Add("no control groups are mounted: run mount -t cgroup2 none /sys/fs/cgroup");
        return missing;
    }

    private static bool HasFileSystem(string name) =>
        File.ReadLines("/proc/filesystems").Any(l => l.EndsWith("\t" + name, StringComparison.Ordinal))
        // A module that is not loaded yet does not show; containerd's mount loads it.
        || Directory.Exists($"/lib/modules/{Release()}/kernel/fs/{name}fs");

    private static string Release() => File.ReadAllText("/proc/sys/kernel/osrelease").Trim();

    private static bool HasCgroups() =>
        File.ReadLines("/proc/self/mounts").Any(l => l.Split(' ') is [_, _, "cgroup" or "cgroup2", ..]);
}
