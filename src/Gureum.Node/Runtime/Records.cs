using System.Net;

namespace Gureum.Node.Runtime;

/// <summary>Where a namespace of a container comes from (CRI's NamespaceMode).</summary>
public enum NamespaceScope
{
    /// <summary>Shared by the pod.</summary>
    Pod,
    /// <summary>The container's own.</summary>
    Container,
    /// <summary>The node's.</summary>
    Node,
    /// <summary>Another container's, named beside.</summary>
    Target,
}

/// <summary>Identity of a pod's sandbox.</summary>
/// <param name="Name">Pod name.</param>
/// <param name="Namespace">Pod namespace.</param>
/// <param name="Uid">Pod UID.</param>
/// <param name="Attempt">How many sandboxes this pod had before.</param>
public sealed record SandboxIdentity(string Name, string Namespace, string Uid, uint Attempt);

/// <summary>resolv.conf of a pod.</summary>
public sealed record DnsConfig(IReadOnlyList<string> Servers, IReadOnlyList<string> Searches, IReadOnlyList<string> Options);

/// <summary>A port of the node that leads to one of the pod.</summary>
/// <param name="Protocol">TCP, UDP or SCTP.</param>
/// <param name="ContainerPort">Port in the pod.</param>
/// <param name="HostPort">Port on the node.</param>
/// <param name="HostIp">Address on the node; empty for all.</param>
public sealed record PortMapping(string Protocol, int ContainerPort, int HostPort, string HostIp);

/// <summary>A seccomp or AppArmor profile: <c>RuntimeDefault</c>, <c>Unconfined</c> or <c>Localhost</c>.</summary>
/// <param name="Type">The profile's type.</param>
/// <param name="LocalhostRef">For Localhost: seccomp's absolute path, or AppArmor's profile name.</param>
public sealed record SecurityProfileRef(string Type, string LocalhostRef = "");

/// <summary>SELinux label.</summary>
public sealed record SeLinuxLabel(string User, string Role, string Type, string Level);

/// <summary>Limits of a container or pod. Null leaves the kernel's default.</summary>
public sealed record ResourceLimits
{
    /// <summary>CFS period in microseconds.</summary>
    public long? CpuPeriodMicroseconds { get; init; }
    /// <summary>CFS quota in microseconds for each period; -1 for none.</summary>
    public long? CpuQuotaMicroseconds { get; init; }
    /// <summary>Relative weight, 2 to 262144; 1024 for each CPU requested.</summary>
    public long? CpuShares { get; init; }
    /// <summary>Memory limit in bytes.</summary>
    public long? MemoryBytes { get; init; }
    /// <summary>Memory plus swap in bytes.</summary>
    public long? MemorySwapBytes { get; init; }
    /// <summary>oom_score_adj, -1000 to 1000.</summary>
    public long? OomScoreAdjust { get; init; }
    /// <summary>CPUs, e.g. <c>0-2,7</c>; empty for all.</summary>
    public string CpusetCpus { get; init; } = "";
    /// <summary>Memory nodes; empty for all.</summary>
    public string CpusetMems { get; init; } = "";
    /// <summary>cgroup v2 files and their values, written as they are.</summary>
    public IReadOnlyDictionary<string, string> Unified { get; init; } = new Dictionary<string, string>();
    /// <summary>Limits by huge-page size ("2MB") in bytes.</summary>
    public IReadOnlyDictionary<string, ulong> HugePages { get; init; } = new Dictionary<string, ulong>();
}

/// <summary>What it takes to run a pod's sandbox.</summary>
public sealed record SandboxConfig
{
    /// <summary>Whose sandbox this is.</summary>
    public required SandboxIdentity Identity { get; init; }
    /// <summary>Host name; leave it empty for pods on the node's network.</summary>
    public string Hostname { get; init; } = "";
    /// <summary>Directory of the containers' logs; created if missing.</summary>
    public required string LogDirectory { get; init; }
    /// <summary>resolv.conf; null keeps the node's.</summary>
    public DnsConfig? Dns { get; init; }
    /// <summary>Host ports.</summary>
    public IReadOnlyList<PortMapping> PortMappings { get; init; } = [];
    /// <summary>Labels, by which sandboxes can be listed.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
    /// <summary>Annotations, kept as they are.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();
    /// <summary>The pod's cgroup as a path below each hierarchy's root, e.g. <c>/gureum-1a2b/burstable/pod…</c>.</summary>
    public string CgroupParent { get; init; } = "";
    /// <summary>Kernel parameters of the pod.</summary>
    public IReadOnlyDictionary<string, string> Sysctls { get; init; } = new Dictionary<string, string>();
    /// <summary>Network namespace: Pod or Node.</summary>
    public NamespaceScope Network { get; init; } = NamespaceScope.Pod;
    /// <summary>Process namespace: Pod, Container or Node.</summary>
    public NamespaceScope Pid { get; init; } = NamespaceScope.Container;
    /// <summary>IPC namespace: Pod or Node.</summary>
    public NamespaceScope Ipc { get; init; } = NamespaceScope.Pod;
    /// <summary>True if a container of the pod is privileged.</summary>
    public bool Privileged { get; init; }
    /// <summary>User of the sandbox process.</summary>
    public long? RunAsUser { get; init; }
    /// <summary>Group of the sandbox process; needs a user.</summary>
    public long? RunAsGroup { get; init; }
    /// <summary>Supplemental groups.</summary>
    public IReadOnlyList<long> SupplementalGroups { get; init; } = [];
    /// <summary>Seccomp profile; null for unconfined.</summary>
    public SecurityProfileRef? Seccomp { get; init; }
    /// <summary>SELinux label.</summary>
    public SeLinuxLabel? SeLinux { get; init; }
    /// <summary>Sum of the containers' limits, for runtimes that size a VM by it.</summary>
    public ResourceLimits? Resources { get; init; }
    /// <summary>Pod overhead.</summary>
    public ResourceLimits? Overhead { get; init; }
}

/// <summary>A sandbox as the runtime sees it.</summary>
/// <param name="Id">The runtime's id.</param>
/// <param name="Identity">Whose it is.</param>
/// <param name="Ready">True while its process runs.</param>
/// <param name="CreatedAt">When it was created.</param>
/// <param name="Labels">Labels.</param>
/// <param name="Annotations">Annotations.</param>
/// <param name="RuntimeHandler">The handler that runs it; empty for the default.</param>
public sealed record SandboxInfo(
    string Id, SandboxIdentity Identity, bool Ready, DateTimeOffset CreatedAt,
    IReadOnlyDictionary<string, string> Labels, IReadOnlyDictionary<string, string> Annotations, string RuntimeHandler);

/// <summary>A sandbox and what only its status tells.</summary>
/// <param name="Info">What a list tells as well.</param>
/// <param name="Addresses">Pod addresses, the primary one first; empty on the node's network.</param>
/// <param name="NetworkNamespacePath">File of its network namespace; null on the node's network.</param>
/// <param name="ProcessId">Its process, 0 if there is none.</param>
public sealed record SandboxStatus(
    SandboxInfo Info, IReadOnlyList<IPAddress> Addresses, string? NetworkNamespacePath, int ProcessId);

/// <summary>How mounts made on one side show on the other.</summary>
public enum MountPropagationMode
{
    /// <summary>Not at all.</summary>
    Private,
    /// <summary>The node's appear in the container.</summary>
    HostToContainer,
    /// <summary>Both ways; privileged containers only.</summary>
    Bidirectional,
}

/// <summary>A directory or file of the node inside a container.</summary>
public sealed record MountConfig(
    string ContainerPath, string HostPath, bool ReadOnly = false, MountPropagationMode Propagation = MountPropagationMode.Private,
    bool SeLinuxRelabel = false, bool RecursiveReadOnly = false);

/// <summary>A device of the node inside a container.</summary>
/// <param name="ContainerPath">Path inside.</param>
/// <param name="HostPath">Path on the node.</param>
/// <param name="Permissions">Letters of r, w, m.</param>
public sealed record DeviceConfig(string ContainerPath, string HostPath, string Permissions);

/// <summary>What a container's processes may do and who they are.</summary>
public sealed record ContainerSecurity
{
    /// <summary>Everything the node may.</summary>
    public bool Privileged { get; init; }
    /// <summary>User id; excludes <see cref="RunAsUserName"/>.</summary>
    public long? RunAsUser { get; init; }
    /// <summary>User name from the image's passwd file.</summary>
    public string RunAsUserName { get; init; } = "";
    /// <summary>Group id; needs a user.</summary>
    public long? RunAsGroup { get; init; }
    /// <summary>Supplemental groups.</summary>
    public IReadOnlyList<long> SupplementalGroups { get; init; } = [];
    /// <summary>True: the image's own groups of the user do not count.</summary>
    public bool StrictSupplementalGroups { get; init; }
    /// <summary>No writes to the root file system.</summary>
    public bool ReadOnlyRootFileSystem { get; init; }
    /// <summary>No new privileges by setuid programs.</summary>
    public bool NoNewPrivileges { get; init; }
    /// <summary>Capabilities added, without CAP_; ALL is known.</summary>
    public IReadOnlyList<string> AddCapabilities { get; init; } = [];
    /// <summary>Capabilities dropped, without CAP_; ALL is known.</summary>
    public IReadOnlyList<string> DropCapabilities { get; init; } = [];
    /// <summary>Paths hidden.</summary>
    public IReadOnlyList<string> MaskedPaths { get; init; } = [];
    /// <summary>Paths made read-only.</summary>
    public IReadOnlyList<string> ReadOnlyPaths { get; init; } = [];
    /// <summary>Seccomp profile; null for unconfined.</summary>
    public SecurityProfileRef? Seccomp { get; init; }
    /// <summary>AppArmor profile; null for the runtime's own choice.</summary>
    public SecurityProfileRef? AppArmor { get; init; }
    /// <summary>SELinux label.</summary>
    public SeLinuxLabel? SeLinux { get; init; }
    /// <summary>Process namespace; Target needs <see cref="PidTargetContainerId"/>.</summary>
    public NamespaceScope Pid { get; init; } = NamespaceScope.Container;
    /// <summary>Container whose process namespace is joined.</summary>
    public string PidTargetContainerId { get; init; } = "";
}

/// <summary>What it takes to create a container.</summary>
public sealed record ContainerConfig
{
    /// <summary>Name within the pod.</summary>
    public required string Name { get; init; }
    /// <summary>How many containers of that name the pod had before.</summary>
    public uint Attempt { get; init; }
    /// <summary>Image reference that the runtime knows (an id from <see cref="IImageStore"/>).</summary>
    public required string ImageRef { get; init; }
    /// <summary>The image as the user wrote it.</summary>
    public string UserSpecifiedImage { get; init; } = "";
    /// <summary>Replaces the image's entry point, unless empty.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];
    /// <summary>Replaces the image's command, unless empty.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];
    /// <summary>Working directory; empty for the image's.</summary>
    public string WorkingDirectory { get; init; } = "";
    /// <summary>Environment, in order; the last of a name counts.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Environment { get; init; } = [];
    /// <summary>Mounts.</summary>
    public IReadOnlyList<MountConfig> Mounts { get; init; } = [];
    /// <summary>Devices.</summary>
    public IReadOnlyList<DeviceConfig> Devices { get; init; } = [];
    /// <summary>Names of CDI devices, e.g. <c>vendor.com/class=name</c>.</summary>
    public IReadOnlyList<string> CdiDevices { get; init; } = [];
    /// <summary>Labels, by which containers can be listed.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
    /// <summary>Annotations, kept as they are.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();
    /// <summary>Log file, relative to the sandbox's log directory. Its directory must exist.</summary>
    public required string LogPath { get; init; }
    /// <summary>Keep standard input open.</summary>
    public bool Stdin { get; init; }
    /// <summary>Close standard input when the first attached client goes.</summary>
    public bool StdinOnce { get; init; }
    /// <summary>Give it a terminal.</summary>
    public bool Tty { get; init; }
    /// <summary>Limits.</summary>
    public ResourceLimits? Resources { get; init; }
    /// <summary>Security settings.</summary>
    public ContainerSecurity Security { get; init; } = new();
}

/// <summary>Stage of a container's life.</summary>
public enum ContainerStage
{
    /// <summary>Made, never started.</summary>
    Created,
    /// <summary>Running.</summary>
    Running,
    /// <summary>Ended.</summary>
    Exited,
    /// <summary>The runtime cannot say.</summary>
    Unknown,
}

/// <summary>A container as the runtime sees it.</summary>
public sealed record ContainerInfo(
    string Id, string SandboxId, string Name, uint Attempt, string Image, string ImageId, ContainerStage Stage, DateTimeOffset CreatedAt,
    IReadOnlyDictionary<string, string> Labels, IReadOnlyDictionary<string, string> Annotations);

/// <summary>A container and what only its status tells.</summary>
/// <param name="Info">What a list tells as well.</param>
/// <param name="StartedAt">Null before it starts.</param>
/// <param name="FinishedAt">Null before it ends.</param>
/// <param name="ExitCode">Meaningful once it ended; 128 plus the signal if one killed it.</param>
/// <param name="Reason">The runtime's word, e.g. Completed, Error, OOMKilled.</param>
/// <param name="Message">More than the reason says.</param>
/// <param name="ImageDigestRef">The image by digest, e.g. <c>name@sha256:…</c>.</param>
/// <param name="LogPath">Absolute path of the log.</param>
/// <param name="Stdin">True if it keeps standard input open.</param>
/// <param name="Tty">True if it has a terminal.</param>
/// <param name="ProcessId">Its first process; 0 unless it runs.</param>
public sealed record ContainerDetails(
    ContainerInfo Info, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt, int ExitCode, string Reason, string Message,
    string ImageDigestRef, string LogPath, bool Stdin, bool Tty, int ProcessId);

/// <summary>Credentials for one registry.</summary>
public sealed record RegistryCredentials(string ServerAddress, string Username, string Password, string IdentityToken = "", string RegistryToken = "");

/// <summary>An image on the node.</summary>
/// <param name="Id">Digest of its configuration, <c>sha256:…</c>.</param>
/// <param name="Tags">Names with tags.</param>
/// <param name="Digests">Names with digests.</param>
/// <param name="SizeBytes">Size of its compressed content in bytes.</param>
/// <param name="Uid">User id that it runs as, if numeric.</param>
/// <param name="Username">User name that it runs as, if not numeric.</param>
/// <param name="Pinned">True if garbage collection must keep it.</param>
public sealed record ImageInfo(
    string Id, IReadOnlyList<string> Tags, IReadOnlyList<string> Digests, long SizeBytes, long? Uid, string Username, bool Pinned);

/// <summary>Use of one file system by images or containers.</summary>
/// <param name="MountPoint">A directory on it.</param>
/// <param name="UsedBytes">Bytes used.</param>
/// <param name="InodesUsed">Inodes used.</param>
public sealed record FileSystemUse(string MountPoint, long UsedBytes, long InodesUsed);

/// <summary>The runtime's own account of itself.</summary>
/// <param name="Name">e.g. containerd.</param>
/// <param name="Version">e.g. 1.6.20.</param>
/// <param name="RuntimeReady">It can run sandboxes on the node's network.</param>
/// <param name="NetworkReady">It can run sandboxes with a network of their own.</param>
/// <param name="Message">Why not, if not.</param>
public sealed record RuntimeHealth(string Name, string Version, bool RuntimeReady, bool NetworkReady, string Message);
