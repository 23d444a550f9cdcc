using Gureum.Node.Cri.V1;

namespace Gureum.Node.Runtime;

/// <summary>Translates our records into CRI's messages. Pure.</summary>
internal static class CriRequests
{
    internal static PodSandboxConfig Sandbox(SandboxConfig config)
    {
        var message = new PodSandboxConfig
        {
            Metadata = new PodSandboxMetadata
            {
                Name = config.Identity.Name,
                Namespace = config.Identity.Namespace,
                Uid = config.Identity.Uid,
                Attempt = config.Identity.Attempt,
            },
            Hostname = config.Hostname,
            LogDirectory = config.LogDirectory,
            Labels = { config.Labels.ToDictionary() },
            Annotations = { config.Annotations.ToDictionary() },
            Linux = new LinuxPodSandboxConfig
            {
                CgroupParent = config.CgroupParent,
                Sysctls = { config.Sysctls.ToDictionary() },
                SecurityContext = new LinuxSandboxSecurityContext
                {
                    NamespaceOptions = new NamespaceOption { Network = Mode(config.Network), Pid = Mode(config.Pid), Ipc = Mode(config.Ipc) },
                    Privileged = config.Privileged,
                    RunAsUser = Value(config.RunAsUser),
                    RunAsGroup = Value(config.RunAsGroup),
                    SupplementalGroups = { config.SupplementalGroups },
                    Seccomp = Profile(config.Seccomp) ?? Unconfined(),
                    SelinuxOptions = Label(config.SeLinux),
                },
                Resources = Limits(config.Resources),
                Overhead = Limits(config.Overhead),
            },
        };
        if (config.Dns is { } dns)
            message.DnsConfig = new DNSConfig { Servers = { dns.Servers }, Searches = { dns.Searches }, Options = { dns.Options } };
        foreach (PortMapping port in config.PortMappings)
        {
            message.PortMappings.Add(new Cri.V1.PortMapping
            {
                Protocol = port.Protocol switch { "UDP" => Protocol.Udp, "SCTP" => Protocol.Sctp, _ => Protocol.Tcp },
                ContainerPort = port.ContainerPort,
                HostPort = port.HostPort,
                HostIp = port.HostIp,
            });
        }

        return message;
    }

    internal static Cri.V1.ContainerConfig Container(SandboxConfig sandbox, ContainerConfig config)
    {
        ContainerSecurity security = config.Security;
        var message = new Cri.V1.ContainerConfig
        {
            Metadata = new ContainerMetadata { Name = config.Name, Attempt = config.Attempt },
            Image = new ImageSpec { Image = config.ImageRef, UserSpecifiedImage = config.UserSpecifiedImage },
            Command = { config.Command },
            Args = { config.Arguments },
            WorkingDir = config.WorkingDirectory,
            LogPath = config.LogPath,
            Stdin = config.Stdin,
            StdinOnce = config.StdinOnce,
            Tty = config.Tty,
            Labels = { config.Labels.ToDictionary() },
            Annotations = { config.Annotations.ToDictionary() },
            Linux = new LinuxContainerConfig
            {
                Resources = Limits(config.Resources),
                SecurityContext = new LinuxContainerSecurityContext
                {
                    Privileged = security.Privileged,
                    NamespaceOptions = new NamespaceOption
                    {
                        Network = Mode(sandbox.Network),
                        Ipc = Mode(sandbox.Ipc),
                        Pid = Mode(security.Pid),
                        TargetId = security.PidTargetContainerId,
                    },
                    Capabilities = new Capability { AddCapabilities = { security.AddCapabilities }, DropCapabilities = { security.DropCapabilities } },
                    RunAsUser = Value(security.RunAsUser),
                    RunAsUsername = security.RunAsUserName,
                    RunAsGroup = Value(security.RunAsGroup),
                    SupplementalGroups = { security.SupplementalGroups },
                    SupplementalGroupsPolicy = security.StrictSupplementalGroups ? SupplementalGroupsPolicy.Strict : SupplementalGroupsPolicy.Merge,
                    ReadonlyRootfs = security.ReadOnlyRootFileSystem,
                    NoNewPrivs = security.NoNewPrivileges,
                    MaskedPaths = { security.MaskedPaths },
                    ReadonlyPaths = { security.ReadOnlyPaths },
                    Seccomp = Profile(security.Seccomp) ?? Unconfined(),
                    Apparmor = Profile(security.AppArmor),
                    SelinuxOptions = Label(security.SeLinux),
                },
            },
        };
        foreach ((string name, string value) in config.Environment) message.Envs.Add(new KeyValue { Key = name, Value = value });
        foreach (DeviceConfig d in config.Devices)
            message.Devices.Add(new Device { ContainerPath = d.ContainerPath, HostPath = d.HostPath, Permissions = d.Permissions });
        foreach (string name in config.CdiDevices) message.CDIDevices.Add(new CDIDevice { Name = name });
        foreach (MountConfig m in config.Mounts)
        {
            message.Mounts.Add(new Mount
            {
                ContainerPath = m.ContainerPath,
                HostPath = m.HostPath,
                Readonly = m.ReadOnly,
                SelinuxRelabel = m.SeLinuxRelabel,
                RecursiveReadOnly = m.RecursiveReadOnly,
                Propagation = m.Propagation switch
                {
                    MountPropagationMode.HostToContainer => MountPropagation.PropagationHostToContainer,
                    MountPropagationMode.Bidirectional => MountPropagation.PropagationBidirectional,
                    _ => MountPropagation.PropagationPrivate,
                },
            });
        }

        return message;
    }

    internal static LinuxContainerResources? Limits(ResourceLimits? limits)
    {
        if (limits is null) return null;
        var message = new LinuxContainerResources
        {
            CpuPeriod = limits.CpuPeriodMicroseconds ?? 0,
            CpuQuota = limits.CpuQuotaMicroseconds ?? 0,
            CpuShares = limits.CpuShares ?? 0,
            MemoryLimitInBytes = limits.MemoryBytes ?? 0,
            MemorySwapLimitInBytes = limits.MemorySwapBytes ?? 0,
            OomScoreAdj = limits.OomScoreAdjust ?? 0,
            CpusetCpus = limits.CpusetCpus,
            CpusetMems = limits.CpusetMems,
            Unified = { limits.Unified.ToDictionary() },
        };
        foreach ((string size, ulong bytes) in limits.HugePages) message.HugepageLimits.Add(new HugepageLimit { PageSize = size, Limit = bytes });
        return message;
    }

    internal static AuthConfig? Credentials(RegistryCredentials? c) => c is null ? null : new AuthConfig
    {
        ServerAddress = c.ServerAddress,
        Username = c.Username,
        Password = c.Password,
        IdentityToken = c.IdentityToken,
        RegistryToken = c.RegistryToken,
    };

    private static NamespaceMode Mode(NamespaceScope scope) => scope switch
    {
        NamespaceScope.Container => NamespaceMode.Container,
        NamespaceScope.Node => NamespaceMode.Node,
        NamespaceScope.Target => NamespaceMode.Target,
        _ => NamespaceMode.Pod,
    };

    private static SecurityProfile? Profile(SecurityProfileRef? profile) => profile is null ? null : new SecurityProfile
    {
        ProfileType = profile.Type switch
        {
            "RuntimeDefault" => SecurityProfile.Types.ProfileType.RuntimeDefault,
            "Localhost" => SecurityProfile.Types.ProfileType.Localhost,
            "Unconfined" => SecurityProfile.Types.ProfileType.Unconfined,
            _ => throw new ContainerRuntimeException(RuntimeFailure.Refused,
                $"security profile type \"{profile.Type}\": accepted are RuntimeDefault, Unconfined, Localhost"),
        },
        LocalhostRef = profile.LocalhostRef,
    };

    // Without a profile Kubernetes means unconfined, while an absent message leaves the choice to the runtime.
    private static SecurityProfile Unconfined() => new() { ProfileType = SecurityProfile.Types.ProfileType.Unconfined };

    private static SELinuxOption? Label(SeLinuxLabel? label) =>
        label is null ? null : new SELinuxOption { User = label.User, Role = label.Role, Type = label.Type, Level = label.Level };

    private static Int64Value? Value(long? value) => value is { } v ? new Int64Value { Value = v } : null;
}
