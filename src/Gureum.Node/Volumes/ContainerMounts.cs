using Gureum.Node.Pods;
using Gureum.Node.Runtime;
using Gureum.Objects.Core.V1;

namespace Gureum.Node.Volumes;

/// <summary>What of the pod's volumes and files a container sees, and where.</summary>
internal static class ContainerMounts
{
    internal static IReadOnlyList<MountConfig> Of(PodSettings settings, Pod pod, Container container, uint attempt, IReadOnlyDictionary<string, string> volumes, IReadOnlyDictionary<string, string> environment, string podIp)
    {
        var mounts = new List<MountConfig>();
        foreach (var mount in container.VolumeMounts)
        {
            if (!volumes.TryGetValue(mount.Name!, out var root)) continue;
            var sub = SubPathOf(mount, environment);
            var source = sub.Length == 0 ? root : SubPath(root, sub);
            var readOnly = mount.ReadOnly == true || pod.Spec.Volumes.Any(v => v.Name == mount.Name && (v.ConfigMap ?? (object?)v.Secret ?? (object?)v.Projected ?? (object?)v.DownwardAPI ?? v.Image) is not null)
                || pod.Spec.Volumes.Any(v => v.Name == mount.Name && v.PersistentVolumeClaim?.ReadOnly == true);
            mounts.Add(new MountConfig(mount.MountPath!, source, readOnly, mount.MountPropagation switch
            {
                "HostToContainer" => MountPropagationMode.HostToContainer, "Bidirectional" => MountPropagationMode.Bidirectional, _ => MountPropagationMode.Private,
            }));
        }
        var directory = Path.Combine(ContainerSpecs.PodDirectory(settings, pod.Metadata.Uid!), "containers", container.Name!);
        Directory.CreateDirectory(directory);
        if (!mounts.Any(m => m.ContainerPath == "/etc/hosts"))
        {
            var hosts = Path.Combine(ContainerSpecs.PodDirectory(settings, pod.Metadata.Uid!), "etc-hosts");
            File.WriteAllText(hosts, PodDns.Hosts(settings, pod, podIp, pod.Spec.HostNetwork == true && File.Exists("/etc/hosts") ? File.ReadAllText("/etc/hosts") : ""));
            mounts.Add(new MountConfig("/etc/hosts", hosts));
        }
        var message = TerminationMessage(settings, pod.Metadata.Uid!, container.Name!, attempt);
        File.WriteAllText(message, "");
        File.SetUnixFileMode(message, (UnixFileMode)0b110_110_110);
        mounts.Add(new MountConfig(container.TerminationMessagePath ?? "/dev/termination-log", message));
        return mounts;
    }

    internal static string TerminationMessage(PodSettings settings, string uid, string container, uint attempt) =>
        Path.Combine(ContainerSpecs.PodDirectory(settings, uid), "containers", container, $"termination-{attempt}");

    /// <summary>The place in the volume that the mount asks for, relative to its root; empty for the whole.</summary>
    /// <exception cref="PodNotReadyException">It names a variable that is not there, or leads out of the volume.</exception>
    internal static string SubPathOf(VolumeMount mount, IReadOnlyDictionary<string, string> environment)
    {
        var sub = mount.SubPathExpr is { Length: > 0 } expression ? PodEnvironment.ExpandAll(expression, environment) : mount.SubPath ?? "";
        if (sub.StartsWith('/')) throw new PodNotReadyException(PodEnvironment.ConfigError, $"error SubPath `{sub}` must not be an absolute path");
        if (sub.Split('/').Contains("..")) throw new PodNotReadyException(PodEnvironment.ConfigError, $"unable to provision SubPath `{sub}`: must not contain '..'");
        return sub;
    }

    // Each step is checked: a link inside a volume must not lead out of it.
    private static string SubPath(string root, string sub)
    {
        var at = root;
        foreach (var part in sub.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            at = Path.Combine(at, part);
            if (new FileInfo(at).LinkTarget is null) continue;
            var real = Path.GetFullPath(new FileInfo(at).ResolveLinkTarget(true)!.FullName);
            if (real != root && !real.StartsWith(root.TrimEnd('/') + "/", StringComparison.Ordinal)) throw new PodNotReadyException(PodEnvironment.ConfigError, $"subPath \"{sub}\" leads out of its volume");
            at = real;
        }
        if (!Path.Exists(at)) Directory.CreateDirectory(at);
        return at;
    }
}
