using Gureum.Controllers.Common;
using Gureum.Objects;
using Gureum.Objects.Cdi.V1beta1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;
using Gureum.Objects.Meta.V1;
using ConfigMapVolumeSource = Gureum.Objects.Core.V1.ConfigMapVolumeSource;
using PersistentVolumeClaimVolumeSource = Gureum.Objects.Core.V1.PersistentVolumeClaimVolumeSource;
using ResourceRequirements = Gureum.Objects.Core.V1.ResourceRequirements;
using Volume = Gureum.Objects.Core.V1.Volume;

namespace Gureum.Controllers.DataVolumes;

/// <summary>
/// The pod that fills a claim. The scheduler chooses its node, and with it that of a claim which waits for its first consumer: one where the machine that
/// the claim is for may run. Pure.
/// </summary>
internal static class ImporterPod
{
    private const string Docker = "docker://";

    internal static string NameOf(DataVolume volume) => Fit("importer-" + volume.Name());

    /// <param name="machine">The machine that the volume comes with; null for none.</param>
    internal static Pod Of(DataVolume volume, PersistentVolumeClaim claim, VirtualMachine? machine)
    {
        var source = volume.Spec.Source;
        List<Volume> volumes = [Claim(ImportNames.Data, volume.Name(), readOnly: false)];
        List<EnvVar> variables = [];
        switch (source)
        {
            case { Http: { } http }:
                variables.AddRange([Of(ImportNames.SourceVariable, ImportNames.Http), Of(ImportNames.EndpointVariable, http.Url), Of(ImportNames.ChecksumVariable, http.Checksum), Of(ImportNames.InsecureVariable, http.InsecureSkipVerify == true ? "true" : null)]);
                if (http.CertConfigMap is { Length: > 0 } map) volumes.Add(new Volume { Name = ImportNames.Certificates, ConfigMap = new ConfigMapVolumeSource { Name = map } });
                break;
            case { Registry: { } registry }:
                variables.AddRange([Of(ImportNames.SourceVariable, ImportNames.Registry), Of(ImportNames.EndpointVariable, registry.Url)]);
                volumes.Add(new Volume { Name = ImportNames.Source, Image = new ImageVolumeSource { Reference = registry.Url![Docker.Length..], PullPolicy = registry.PullMethod == "node" ? "IfNotPresent" : null } });
                break;
            case { Pvc: { } clone }:
                variables.Add(Of(ImportNames.SourceVariable, ImportNames.Clone));
                volumes.Add(Claim(ImportNames.Source, clone.Name!, readOnly: true));
                break;
            case { Upload: not null }: variables.Add(Of(ImportNames.SourceVariable, ImportNames.Upload)); break;
            default: variables.Add(Of(ImportNames.SourceVariable, ImportNames.Blank)); break;
        }
        var pod = Make(NameOf(volume), volume.Ns(), Owners.ReferenceTo(volume), volumes, variables, machine, volume.Spec.PriorityClassName);
        return pod with { Metadata = pod.Metadata.WithAnnotation(ImportNames.ClaimUid, claim.Uid()) };
    }

    internal static Pod Make(string name, string ns, OwnerReference owner, IReadOnlyList<Volume> volumes, IReadOnlyList<EnvVar> variables, VirtualMachine? machine, string? priority)
    {
        var spec = machine?.Spec.Template.Spec;
        return new Pod
        {
            Metadata = new ObjectMeta
            {
                Name = name, Namespace = ns, OwnerReferences = [owner],
                Labels = new Dictionary<string, string>(Grouping(machine)) { [ImportNames.App] = ImportNames.AppName, [ImportNames.Component] = ImportNames.Importer },
            },
            Spec = new PodSpec
            {
                RuntimeClassName = ImportNames.RuntimeClass, RestartPolicy = "OnFailure", AutomountServiceAccountToken = false, EnableServiceLinks = false, TerminationGracePeriodSeconds = 5,
                PriorityClassName = priority is { Length: > 0 } ? priority : spec?.PriorityClassName, NodeSelector = spec?.NodeSelector ?? new Dictionary<string, string>(), Affinity = spec?.Affinity, Tolerations = spec?.Tolerations ?? [],
                Volumes = volumes,
                Containers =
                [
                    new Container
                    {
                        Name = ImportNames.Container, Image = ImportNames.Image, ImagePullPolicy = "Never", Env = [.. variables.Where(v => v.Value is { Length: > 0 })],
                        Resources = new ResourceRequirements { Requests = new Dictionary<string, Quantity> { ["cpu"] = Quantity.Parse("100m"), ["memory"] = Quantity.Parse("60M") } },
                        VolumeMounts = [.. volumes.Select(v => new VolumeMount { Name = v.Name, MountPath = "/" + v.Name })],
                    },
                ],
            },
        };
    }

    // Where the machine keeps near to others or away from them, the pod that settles its place counts as one of them; other labels stay with the machine: Services select by them.
    private static IEnumerable<KeyValuePair<string, string>> Grouping(VirtualMachine? machine)
    {
        var (near, away) = (machine?.Spec.Template.Spec.Affinity?.PodAffinity, machine?.Spec.Template.Spec.Affinity?.PodAntiAffinity);
        var terms = (near?.RequiredDuringSchedulingIgnoredDuringExecution ?? []).Concat(away?.RequiredDuringSchedulingIgnoredDuringExecution ?? []).Concat((near?.PreferredDuringSchedulingIgnoredDuringExecution ?? []).Concat(away?.PreferredDuringSchedulingIgnoredDuringExecution ?? []).Select(static w => w.PodAffinityTerm));
        var keys = terms.SelectMany(static t => (t?.LabelSelector?.MatchLabels.Keys ?? []).Concat(t?.LabelSelector?.MatchExpressions.Select(static e => e.Key ?? "") ?? [])).ToHashSet();
        return (machine?.Spec.Template.Metadata?.Labels ?? new Dictionary<string, string>()).Where(l => keys.Contains(l.Key));
    }

    internal static Volume Claim(string name, string claim, bool readOnly) => new() { Name = name, PersistentVolumeClaim = new PersistentVolumeClaimVolumeSource { ClaimName = claim, ReadOnly = readOnly ? true : null } };

    internal static EnvVar Of(string name, string? value) => new() { Name = name, Value = value };

    // Names of objects have room for 253 characters.
    internal static string Fit(string name) => name.Length <= 253 ? name : name[..244] + "-" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name)))[..8];
}
