using Gureum.Objects.Core.V1;

namespace Gureum.Node.Admission;

/// <summary>
/// Which of the kernel's settings a pod may have: those that are its own and touch no other pod
/// (https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/#safe-and-unsafe-sysctls). Pure.
/// </summary>
internal static class SafeSysctls
{
    internal const string Reason = "SysctlForbidden";

    private static readonly HashSet<string> Names = new(StringComparer.Ordinal)
    {
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
    };

    /// <returns>Null when the pod asks for safe ones only.</returns>
    internal static Rejection? Judge(PodSpec spec)
    {
        foreach (var sysctl in spec.SecurityContext?.Sysctls ?? [])
        {
            var name = (sysctl.Name ?? "").Replace('/', '.');
            if (!Names.Contains(name)) return Forbidden($"\"{name}\" not allowlisted");
            if (spec.HostNetwork == true && name.StartsWith("net.", StringComparison.Ordinal)) return Forbidden($"\"{name}\" not allowed with host net enabled");
            if (spec.HostIPC == true && name.StartsWith("kernel.", StringComparison.Ordinal)) return Forbidden($"\"{name}\" not allowed with host ipc enabled");
        }
        return null;
    }

    private static Rejection Forbidden(string why) => new(Reason, $"Pod was rejected: forbidden sysctl: {why}");
}
