using Gureum.Node.Runtime;
using Gureum.Objects.Core.V1;

namespace Gureum.Node.Pods;

/// <summary>Names and places that a node gives to its pods (immutable configuration).</summary>
public sealed record PodSettings
{
    public required string NodeName { get; init; }

    /// <summary>Files of pods: PODS/UID/….</summary>
    public required string PodsDirectory { get; init; }

    /// <summary>Logs of containers: LOGS/NAMESPACE_NAME_UID/CONTAINER/N.log.</summary>
    public required string LogsDirectory { get; init; }

    /// <summary>Where the `local` class keeps its volumes.</summary>
    public required string VolumesDirectory { get; init; }

    public required string ClusterDns { get; init; }
    public string ClusterDomain { get; init; } = "cluster.local";
    public required string NodeAddress { get; init; }
    public string ResolvConf { get; init; } = "/etc/resolv.conf";

    internal static PodSettings Of(NodeAgentOptions options) => new()
    {
        NodeName = options.Name, PodsDirectory = options.PodsDirectory, LogsDirectory = options.LogsDirectory, VolumesDirectory = Path.Combine(options.DataDirectory, "volumes"),
        ClusterDns = options.ClusterDns.ToString(), ClusterDomain = options.ClusterDomain, NodeAddress = options.Address.ToString(),
    };
}

/// <summary>From a pod's spec to what the runtime is told. Pure.</summary>
internal static class ContainerSpecs
{
    internal static string LogDirectory(PodSettings settings, string ns, string name, string uid) => Path.Combine(settings.LogsDirectory, $"{ns}_{name}_{uid}");

    internal static string PodDirectory(PodSettings settings, string uid) => Path.Combine(settings.PodsDirectory, uid);

    internal static SandboxConfig Sandbox(PodSettings settings, Pod pod, uint attempt, string cgroupParent, DnsConfig? dns)
    {
        var (spec, security) = (pod.Spec, pod.Spec.SecurityContext);
        var host = spec.HostNetwork == true;
        return new SandboxConfig
        {
            Identity = new SandboxIdentity(pod.Metadata.Name!, pod.Metadata.Namespace!, pod.Metadata.Uid!, attempt),
            Hostname = host ? "" : Hostname(pod), LogDirectory = LogDirectory(settings, pod.Metadata.Namespace!, pod.Metadata.Name!, pod.Metadata.Uid!), Dns = dns,
            PortMappings = host ? [] : [.. spec.Containers.SelectMany(c => c.Ports).Where(p => p.HostPort is > 0).Select(p => new PortMapping(p.Protocol ?? "TCP", p.ContainerPortValue ?? 0, p.HostPort!.Value, p.HostIP ?? ""))],
            Labels = PodLabels.Of(pod), CgroupParent = cgroupParent,
            Sysctls = (security?.Sysctls ?? []).ToDictionary(s => s.Name!, s => s.Value ?? ""),
            Network = host ? NamespaceScope.Node : NamespaceScope.Pod,
            Pid = spec.HostPID == true ? NamespaceScope.Node : spec.ShareProcessNamespace == true ? NamespaceScope.Pod : NamespaceScope.Container,
            Ipc = spec.HostIPC == true ? NamespaceScope.Node : NamespaceScope.Pod,
            Privileged = spec.Containers.Concat(spec.InitContainers).Any(c => c.SecurityContext?.Privileged == true),
            RunAsUser = security?.RunAsUser, RunAsGroup = security?.RunAsGroup, SupplementalGroups = Groups(security), Seccomp = Seccomp(security?.SeccompProfile),
        };
    }

    /// <summary>The pod's own name for itself: spec.hostname, else its name up to 63 characters.</summary>
    internal static string Hostname(Pod pod)
    {
        var name = pod.Spec.HostnameOverride ?? pod.Spec.Hostname ?? pod.Metadata.Name!;
        return name.Length > 63 ? name[..63].TrimEnd('-', '.') : name;
    }

    /// <param name="processesOf">The id of a container whose processes this one shall see; empty for none.</param>
    internal static ContainerConfig Container(Pod pod, Container container, uint attempt, string image, IReadOnlyList<KeyValuePair<string, string>> environment, IReadOnlyList<MountConfig> mounts, ResourceLimits limits, string processesOf = "")
    {
        var values = environment.ToDictionary(p => p.Key, p => p.Value);
        return new ContainerConfig
        {
            Name = container.Name!, Attempt = attempt, ImageRef = image, UserSpecifiedImage = container.Image ?? "",
            Command = [.. container.Command.Select(c => PodEnvironment.Expand(c, values))], Arguments = [.. container.Args.Select(a => PodEnvironment.Expand(a, values))],
            WorkingDirectory = container.WorkingDir ?? "", Environment = environment, Mounts = mounts, Labels = PodLabels.Of(pod, container.Name),
            Annotations = new Dictionary<string, string> { [GivenResources.Annotation] = GivenResources.Text(container.Resources) },
            LogPath = $"{container.Name}/{attempt}.log", Stdin = container.Stdin == true, StdinOnce = container.StdinOnce == true, Tty = container.Tty == true,
            Resources = limits, Security = Security(pod, container, processesOf),
        };
    }

    private static ContainerSecurity Security(Pod pod, Container container, string processesOf)
    {
        var (own, shared) = (container.SecurityContext, pod.Spec.SecurityContext);
        var privileged = own?.Privileged == true;
        return new ContainerSecurity
        {
            Privileged = privileged, RunAsUser = own?.RunAsUser ?? shared?.RunAsUser, RunAsGroup = own?.RunAsGroup ?? shared?.RunAsGroup, SupplementalGroups = Groups(shared),
            ReadOnlyRootFileSystem = own?.ReadOnlyRootFilesystem == true, NoNewPrivileges = own?.AllowPrivilegeEscalation == false,
            AddCapabilities = own?.Capabilities?.Add ?? [], DropCapabilities = own?.Capabilities?.Drop ?? [],
            MaskedPaths = privileged || own?.ProcMount == "Unmasked" ? [] : Masked, ReadOnlyPaths = privileged || own?.ProcMount == "Unmasked" ? [] : ReadOnly,
            Seccomp = privileged ? null : Seccomp(own?.SeccompProfile ?? shared?.SeccompProfile),
            Pid = pod.Spec.HostPID == true ? NamespaceScope.Node : pod.Spec.ShareProcessNamespace == true ? NamespaceScope.Pod : processesOf.Length > 0 ? NamespaceScope.Target : NamespaceScope.Container,
            PidTargetContainerId = processesOf,
        };
    }

    // What upstream's container engines hide of /proc and /sys by default.
    private static readonly string[] Masked = ["/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap"];
    private static readonly string[] ReadOnly = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

    private static IReadOnlyList<long> Groups(PodSecurityContext? security) =>
        security is null ? [] : [.. security.SupplementalGroups, .. security.FsGroup is { } group ? [group] : (long[])[]];

    private static SecurityProfileRef? Seccomp(SeccompProfile? profile) => profile?.Type is { } type && type != "Unconfined" ? new SecurityProfileRef(type, profile.LocalhostProfile ?? "") : null;
}
