using Gureum.Controllers.Common;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;
using Gureum.Objects.Meta.V1;
using Volume = Gureum.Objects.Core.V1.Volume;

namespace Gureum.Controllers.VirtualMachineInstances;

/// <summary>
/// The pod that a virtual machine instance is for everybody else: the scheduler, quota, Services, drain. Its runtime class hands it to
/// the node's libvirt runtime; nothing of it is a container. Pure.
/// </summary>
internal static class LauncherPod
{
    // CPUs of guests are shared: a guest's CPU asks for a tenth of one, unless its spec asks otherwise (KubeVirt's cpuAllocationRatio).
    private const int MilliPerProcessor = 100;

    // What stands for an image where the API wants one. The guest's image is on its disks.
    private const string Image = "gureum.local/machine";

    internal static Pod Of(VirtualMachineInstance instance)
    {
        var spec = instance.Spec;
        var volumes = spec.Volumes.SelectMany(Volumes).Concat(Kernel(spec)).Concat(Credentials(spec)).ToList();
        return new Pod
        {
            Metadata = new ObjectMeta
            {
                GenerateName = $"{MachineNames.Launcher}-{Short(instance.Name())}-", Namespace = instance.Ns(), Labels = Labels(instance), Annotations = Annotations(instance),
                OwnerReferences = [Owners.ReferenceTo(instance)],
            },
            Spec = new PodSpec
            {
                RuntimeClassName = MachineNames.RuntimeClass, RestartPolicy = "Never", NodeSelector = spec.NodeSelector, Affinity = spec.Affinity, Tolerations = spec.Tolerations,
                TopologySpreadConstraints = spec.TopologySpreadConstraints, PriorityClassName = spec.PriorityClassName, SchedulerName = spec.SchedulerName,
                Hostname = spec.Hostname ?? HostName(instance.Name()), Subdomain = spec.Subdomain, DnsPolicy = spec.DnsPolicy, DnsConfig = spec.DnsConfig,
                TerminationGracePeriodSeconds = spec.TerminationGracePeriodSeconds ?? 30, AutomountServiceAccountToken = false, EnableServiceLinks = false,
                ServiceAccountName = spec.Volumes.Select(v => v.ServiceAccount?.ServiceAccountName).OfType<string>().FirstOrDefault(),
                Volumes = [.. volumes], ImagePullSecrets = [.. PullSecrets(spec)],
                Containers =
                [
                    new Container
                    {
                        Name = MachineNames.Compute, Image = Image, ImagePullPolicy = "Never", Resources = Resources(spec), ReadinessProbe = Probe(spec.ReadinessProbe), LivenessProbe = Probe(spec.LivenessProbe),
                        Ports = [.. (spec.Domain?.Devices?.Interfaces ?? []).SelectMany(i => i.Ports).Select(Port)], VolumeMounts = [.. volumes.Where(v => v.PersistentVolumeClaim is null).Select(v => new VolumeMount { Name = v.Name, MountPath = "/var/run/machine/" + v.Name, ReadOnly = true })],
                    },
                ],
            },
        };
    }

    // A pod's name has room for 63 characters; the server adds five.
    private static string Short(string name) => name.Length <= 43 ? name : name[..43].TrimEnd('-', '.');

    // A host's name is one label; the instance's may be several.
    private static string HostName(string name) => name.Split('.')[0] is { Length: <= 63 } label ? label : name[..63].TrimEnd('-');

    private static IReadOnlyDictionary<string, string> Labels(VirtualMachineInstance instance) => instance.Metadata.Labels
        .With(MachineNames.App, MachineNames.Launcher).With(MachineNames.CreatedBy, instance.Uid()).With(MachineNames.InstanceName, Short(instance.Name()));

    private static IReadOnlyDictionary<string, string> Annotations(VirtualMachineInstance instance) =>
        new Dictionary<string, string>(instance.Metadata.Annotations.Where(a => !a.Key.StartsWith("kubectl.kubernetes.io/", StringComparison.Ordinal))) { [MachineNames.Domain] = instance.Name() };

    /// <summary>What the guest asks for, and what its hypervisor takes beside it.</summary>
    internal static Objects.Core.V1.ResourceRequirements Resources(VirtualMachineInstanceSpec spec)
    {
        var (size, asked) = (GuestSize.Of(spec), spec.Domain?.Resources);
        var requests = new Dictionary<string, Quantity>(asked?.Requests ?? new Dictionary<string, Quantity>(), StringComparer.Ordinal);
        var limits = new Dictionary<string, Quantity>(asked?.Limits ?? new Dictionary<string, Quantity>(), StringComparer.Ordinal);
        var overhead = asked?.OvercommitGuestOverhead == true ? 0 : size.Overhead;
        var memory = requests.TryGetValue("memory", out var given) ? given.Whole : limits.TryGetValue("memory", out var most) ? most.Whole : size.Memory;
        requests["memory"] = Quantity.FromWhole(memory + overhead);
        if (limits.TryGetValue("memory", out var limit)) limits["memory"] = Quantity.FromWhole(limit.Whole + overhead);
        if (!requests.ContainsKey("cpu") && !limits.ContainsKey("cpu")) requests["cpu"] = Quantity.FromMilli(size.Processors * MilliPerProcessor);
        return new Objects.Core.V1.ResourceRequirements { Requests = requests, Limits = limits };
    }

    private static IEnumerable<Volume> Volumes(Objects.Kubevirt.V1.Volume volume)
    {
        var name = MachineNames.PodVolume(volume.Name!);
        // The image's files are seen where the pod's volumes are: a disk lies on them without a copy.
        if (volume.ContainerDisk is { } disk) yield return Picture(name, disk.Image, disk.ImagePullPolicy);
        else if (volume.PersistentVolumeClaim is { } claim) yield return Claim(name, claim.ClaimName!, claim.ReadOnly);
        else if (volume.Ephemeral?.PersistentVolumeClaim is { } backing) yield return Claim(name, backing.ClaimName!, readOnly: true);
        else if (volume.DataVolume is { } data) yield return Claim(name, data.Name!, null);
        else if (volume.ConfigMap is { } map) yield return new Volume { Name = name, ConfigMap = new Objects.Core.V1.ConfigMapVolumeSource { Name = map.Name, Optional = map.Optional } };
        else if (volume.Secret is { } secret) yield return new Volume { Name = name, Secret = new Objects.Core.V1.SecretVolumeSource { SecretName = secret.SecretName, Optional = secret.Optional } };
        else if (volume.DownwardAPI is { } downward) yield return new Volume { Name = name, DownwardAPI = new Objects.Core.V1.DownwardAPIVolumeSource { Items = downward.Fields } };
        else if (volume.ServiceAccount is not null)
            yield return new Volume { Name = name, Projected = new ProjectedVolumeSource { Sources = [new VolumeProjection { ServiceAccountToken = new ServiceAccountTokenProjection { Path = "token", ExpirationSeconds = 3607 } }, new VolumeProjection { ConfigMap = new ConfigMapProjection { Name = "kube-root-ca.crt", Items = [new KeyToPath { Key = "ca.crt", Path = "ca.crt" }] } }] } };
        foreach (var (suffix, reference) in ((string, LocalObjectReference?)[])
        [
            ("-user", volume.CloudInitNoCloud?.SecretRef ?? volume.CloudInitConfigDrive?.SecretRef),
            ("-network", volume.CloudInitNoCloud?.NetworkDataSecretRef ?? volume.CloudInitConfigDrive?.NetworkDataSecretRef),
        ])
            if (reference?.Name is { } named) yield return new Volume { Name = name + suffix, Secret = new Objects.Core.V1.SecretVolumeSource { SecretName = named } };
    }

    private static Volume Picture(string name, string? image, string? policy) => new() { Name = name, Image = new ImageVolumeSource { Reference = image, PullPolicy = policy is { Length: > 0 } ? policy : null } };

    private static IEnumerable<Volume> Kernel(VirtualMachineInstanceSpec spec)
    {
        if (spec.Domain?.Firmware?.KernelBoot?.Container is { } container) yield return Picture(MachineNames.KernelVolume, container.Image, container.ImagePullPolicy);
    }

    private static IEnumerable<LocalObjectReference> PullSecrets(VirtualMachineInstanceSpec spec) =>
        spec.Volumes.Select(v => v.ContainerDisk?.ImagePullSecret).Append(spec.Domain?.Firmware?.KernelBoot?.Container?.ImagePullSecret).Where(n => n is { Length: > 0 }).Distinct().Select(n => new LocalObjectReference { Name = n });

    private static IEnumerable<Volume> Credentials(VirtualMachineInstanceSpec spec) =>
        spec.AccessCredentials.Select((credential, i) => (credential.SshPublicKey?.Source?.Secret?.SecretName, Index: i)).Where(c => c.SecretName is not null)
            .Select(c => new Volume { Name = $"access-credential-{c.Index}", Secret = new Objects.Core.V1.SecretVolumeSource { SecretName = c.SecretName } });

    private static Volume Claim(string name, string claim, bool? readOnly) =>
        new() { Name = name, PersistentVolumeClaim = new Objects.Core.V1.PersistentVolumeClaimVolumeSource { ClaimName = claim, ReadOnly = readOnly } };

    private static ContainerPort Port(Port port) => new() { Name = port.Name, ContainerPortValue = port.PortValue, Protocol = port.Protocol ?? "TCP" };

    private static Objects.Core.V1.Probe? Probe(Objects.Kubevirt.V1.Probe? probe) => probe is null ? null : new Objects.Core.V1.Probe
    {
        HttpGet = probe.HttpGet, TcpSocket = probe.TcpSocket, InitialDelaySeconds = probe.InitialDelaySeconds, PeriodSeconds = probe.PeriodSeconds, TimeoutSeconds = probe.TimeoutSeconds,
        SuccessThreshold = probe.SuccessThreshold, FailureThreshold = probe.FailureThreshold,
    };
}
