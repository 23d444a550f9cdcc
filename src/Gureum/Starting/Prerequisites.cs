using System.Net;
using Gureum.Commands;
using Gureum.Machine;
using Gureum.Running;

namespace Gureum.Starting;

/// <summary>Everything that must hold before a cloud can start on this machine.</summary>
internal static class Prerequisites
{
    /// <summary>Refuses users that may not create namespaces and mounts.</summary>
    internal static void RequireRoot(string command)
    {
        if (!Environment.IsPrivilegedProcess) throw new CommandFailure($"`gureum {command}` makes mounts and network namespaces, which only root may: run it with sudo");
    }

    /// <summary>Checks the kernel and the OS packages, and installs what is missing when it may.</summary>
    /// <exception cref="CommandFailure">Something is missing; the message says what and how to mend it.</exception>
    internal static async Task EnsureAsync(bool mayInstall, Progress progress, CancellationToken cancel)
    {
        if (KernelFeatures.Missing() is { Count: > 0 } features) throw new CommandFailure(string.Join("; ", features));
        IReadOnlyList<OsPackage> missing = PackageList.Missing(PackageList.Node);
        if (missing.Count > 0 && !mayInstall)
            throw new CommandFailure($"this machine lacks {string.Join(", ", missing.Select(p => p.Name))}; install them with: {PackageInstaller.Line(missing)}");
        await PackageInstaller.InstallAsync(missing, progress, cancel);
        // Without these the node runs containers alone, and says why on its status.
        if (mayInstall && PackageList.Missing(PackageList.VirtualMachines) is { Count: > 0 } hypervisor) await PackageInstaller.InstallAsync(hypervisor, progress, cancel);
    }

    /// <summary>Refuses ports that somebody else has.</summary>
    internal static void RequirePorts(ClusterOptions options)
    {
        if (options.JoinedServer is null && PortCheck.WhyTaken(IPAddress.Parse(options.Listen), options.Port) is { } api)
            throw new CommandFailure($"{api}: stop it, or choose another with --listen {options.Listen}:PORT");
        if (options is { JoinedServer: null, OpenStackPort: > 0 } && PortCheck.WhyTaken(IPAddress.Parse(options.Listen), options.OpenStackPort) is { } openStack)
            throw new CommandFailure($"{openStack}, and the OpenStack APIs need it: stop it, or choose another with --openstack-port PORT (0 serves none)");
        if (options.RunsNode && PortCheck.WhyTaken(IPAddress.Any, options.AgentPort) is { } agent)
            throw new CommandFailure($"{agent}, and the node's agent needs it: stop it (a second cloud on one machine needs a network namespace of its own)");
    }
}
