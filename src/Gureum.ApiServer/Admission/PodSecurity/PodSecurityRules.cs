using System.Text.Json.Nodes;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Admission.PodSecurity;

/// <summary>
/// What a pod does that the levels baseline and restricted forbid, in words
/// (https://kubernetes.io/docs/concepts/security/pod-security-standards/). Pure.
/// </summary>
internal static class PodSecurityRules
{
    private static readonly HashSet<string> DefaultCapabilities =
        ["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"];

    private static readonly HashSet<string> SafeSysctls =
    [
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
    ];

    private static readonly HashSet<string> SafeVolumes = ["name", "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret", "image"];
    private static readonly HashSet<string> SafeSelinuxTypes = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

    internal static List<string> Violations(JsonObject spec, string level)
    {
        var found = new List<string>();
        if (level == "privileged") return found;
        var containers = new[] { "initContainers", "containers", "ephemeralContainers" }.SelectMany(spec.Objects).ToList();
        var restricted = level == "restricted";
        if (restricted) Escalation(containers, found);
        Capabilities(containers, restricted, found);
        HostNamespaces(spec, found);
        HostPaths(spec, restricted, found);
        HostPorts(containers, found);
        Named(containers, c => Context(c).Flag("privileged") == true, "privileged", "must not set securityContext.privileged=true", found);
        Named(containers, c => Context(c).Text("procMount") is { Length: > 0 } mount && mount != "Default", "procMount", "must not set securityContext.procMount to \"Unmasked\"", found);
        if (restricted) NonRoot(spec, containers, found);
        Selinux(spec, containers, found);
        Seccomp(spec, containers, restricted, found);
        var sysctls = Context(spec).Objects("sysctls").Select(s => s.Text("name") ?? "").Where(n => !SafeSysctls.Contains(n)).ToList();
        if (sysctls.Count > 0) found.Add($"forbidden sysctls ({string.Join(", ", sysctls)})");
        return found;
    }

    private static JsonObject Context(JsonObject holder) => holder.Child("securityContext") ?? [];

    private static string Names(IReadOnlyCollection<JsonObject> containers) =>
        $"container{(containers.Count == 1 ? "" : "s")} {string.Join(", ", containers.Select(c => $"\"{c.Text("name")}\""))}";

    private static void Named(List<JsonObject> containers, Func<JsonObject, bool> wrong, string what, string demand, List<string> found)
    {
        var bad = containers.Where(wrong).ToList();
        if (bad.Count > 0) found.Add($"{what} ({Names(bad)} {demand})");
    }

    private static void Escalation(List<JsonObject> containers, List<string> found) =>
        Named(containers, c => Context(c).Flag("allowPrivilegeEscalation") != false, "allowPrivilegeEscalation != false", "must set securityContext.allowPrivilegeEscalation=false", found);

    private static void Capabilities(List<JsonObject> containers, bool restricted, List<string> found)
    {
        IEnumerable<string> Added(JsonObject c) => Context(c).Child("capabilities")?.Texts("add") ?? [];
        if (restricted)
        {
            var dropless = containers.Where(c => Context(c).Child("capabilities")?.Texts("drop").Contains("ALL") != true).ToList();
            var adding = containers.Where(c => Added(c).Any(a => a != "NET_BIND_SERVICE")).ToList();
            var parts = new List<string>();
            if (dropless.Count > 0) parts.Add($"{Names(dropless)} must set securityContext.capabilities.drop=[\"ALL\"]");
            if (adding.Count > 0) parts.Add($"{Names(adding)} must not include {Quoted(adding.SelectMany(Added).Where(a => a != "NET_BIND_SERVICE"))} in securityContext.capabilities.add");
            if (parts.Count > 0) found.Add($"unrestricted capabilities ({string.Join("; ", parts)})");
            return;
        }
        var bad = containers.Where(c => Added(c).Any(a => !DefaultCapabilities.Contains(a))).ToList();
        if (bad.Count > 0) found.Add($"non-default capabilities ({Names(bad)} must not include {Quoted(bad.SelectMany(Added).Where(a => !DefaultCapabilities.Contains(a)))} in securityContext.capabilities.add)");
    }

    private static string Quoted(IEnumerable<string> texts) => string.Join(", ", texts.Distinct().Order(StringComparer.Ordinal).Select(t => $"\"{t}\""));

    private static void HostNamespaces(JsonObject spec, List<string> found)
    {
        var shared = new[] { "hostNetwork", "hostPID", "hostIPC" }.Where(f => spec.Flag(f) == true).Select(f => f + "=true").ToList();
        if (shared.Count > 0) found.Add($"host namespaces ({string.Join(", ", shared)})");
    }

    private static void HostPaths(JsonObject spec, bool restricted, List<string> found)
    {
        var paths = spec.Objects("volumes").Where(v => v.ContainsKey("hostPath")).Select(v => v.Text("name")!).ToList();
        if (paths.Count > 0 && !restricted) found.Add($"hostPath volumes (volume{(paths.Count == 1 ? "" : "s")} {Quoted(paths)})");
        if (!restricted) return;
        var bad = spec.Objects("volumes").Where(v => v.Any(p => !SafeVolumes.Contains(p.Key))).ToList();
        if (bad.Count > 0)
            found.Add($"restricted volume types (volume{(bad.Count == 1 ? "" : "s")} {Quoted(bad.Select(v => v.Text("name") ?? ""))} use{(bad.Count == 1 ? "s" : "")} restricted volume type{(bad.Count == 1 ? "" : "s")} {Quoted(bad.SelectMany(v => v.Select(p => p.Key)).Where(k => !SafeVolumes.Contains(k)))})");
    }

    private static void HostPorts(List<JsonObject> containers, List<string> found)
    {
        var bad = containers.Where(c => c.Objects("ports").Any(p => p.Number("hostPort") is > 0)).ToList();
        var ports = bad.SelectMany(c => c.Objects("ports")).Select(p => p.Number("hostPort") ?? 0).Where(p => p > 0).Distinct().Order().ToList();
        if (bad.Count > 0) found.Add($"hostPort ({Names(bad)} use{(bad.Count == 1 ? "s" : "")} hostPort{(ports.Count == 1 ? "" : "s")} {string.Join(", ", ports)})");
    }

    private static void NonRoot(JsonObject spec, List<JsonObject> containers, List<string> found)
    {
        var pod = Context(spec).Flag("runAsNonRoot");
        var explicitly = containers.Where(c => Context(c).Flag("runAsNonRoot") == false).ToList();
        var unset = pod == true ? [] : containers.Where(c => Context(c).Flag("runAsNonRoot") is null).ToList();
        if (explicitly.Count > 0) found.Add($"runAsNonRoot != true ({Names(explicitly)} must not set securityContext.runAsNonRoot=false)");
        else if (unset.Count > 0) found.Add($"runAsNonRoot != true (pod or {Names(unset)} must set securityContext.runAsNonRoot=true)");
        var root = containers.Where(c => Context(c).Number("runAsUser") == 0).ToList();
        if (Context(spec).Number("runAsUser") == 0) found.Add("runAsUser=0 (pod must not set runAsUser=0)");
        else if (root.Count > 0) found.Add($"runAsUser=0 ({Names(root)} must not set runAsUser=0)");
    }

    private static void Selinux(JsonObject spec, List<JsonObject> containers, List<string> found)
    {
        var bad = containers.Prepend(spec).Select(h => Context(h).Child("seLinuxOptions")).OfType<JsonObject>()
            .Where(o => !SafeSelinuxTypes.Contains(o.Text("type") ?? "") || o.Text("user") is { Length: > 0 } || o.Text("role") is { Length: > 0 }).ToList();
        if (bad.Count > 0) found.Add($"seLinuxOptions (type, user or role set to {Quoted(bad.SelectMany(o => new[] { o.Text("type"), o.Text("user"), o.Text("role") }).OfType<string>().Where(t => t.Length > 0))}: only the container types are allowed)");
    }

    private static void Seccomp(JsonObject spec, List<JsonObject> containers, bool restricted, List<string> found)
    {
        static string? Type(JsonObject holder) => Context(holder).Child("seccompProfile")?.Text("type");
        var pod = Type(spec);
        if (pod == "Unconfined") { found.Add("seccompProfile (pod must not set securityContext.seccompProfile.type to \"Unconfined\")"); return; }
        var unconfined = containers.Where(c => Type(c) == "Unconfined").ToList();
        if (unconfined.Count > 0) found.Add($"seccompProfile ({Names(unconfined)} must not set securityContext.seccompProfile.type to \"Unconfined\")");
        var unset = containers.Where(c => Type(c) is null && pod is null).ToList();
        if (restricted && unset.Count > 0) found.Add($"seccompProfile (pod or {Names(unset)} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")");
    }
}
