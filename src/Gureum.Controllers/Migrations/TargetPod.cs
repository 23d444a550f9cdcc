using Gureum.Controllers.Common;
using Gureum.Controllers.VirtualMachineInstances;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;
using Gureum.Objects.Meta.V1;

namespace Gureum.Controllers.Migrations;

/// <summary>The pod that takes in a guest on another node: the instance's own, except that it goes where no other pod of the instance is. Pure.</summary>
internal static class TargetPod
{
    private const string HostName = "kubernetes.io/hostname";

    internal static Pod Of(VirtualMachineInstance instance, VirtualMachineInstanceMigration migration)
    {
        var pod = LauncherPod.Of(instance);
        var selector = new Dictionary<string, string>(pod.Spec.NodeSelector, StringComparer.Ordinal);
        foreach (var (key, value) in migration.Spec.AddedNodeSelector) selector[key] = value;
        var affinity = pod.Spec.Affinity ?? Affinity.Empty;
        var apart = affinity.PodAntiAffinity ?? PodAntiAffinity.Empty;
        var term = new PodAffinityTerm { TopologyKey = HostName, LabelSelector = new LabelSelector { MatchLabels = new Dictionary<string, string> { [MachineNames.CreatedBy] = instance.Uid() } } };
        return pod with
        {
            // One name for one migration: made twice, it is refused the second time.
            Metadata = pod.Metadata with { Name = pod.Metadata.GenerateName + migration.Uid()[..8], GenerateName = null, Labels = pod.Metadata.Labels.With(MachineNames.MigrationJob, migration.Uid()) },
            Spec = pod.Spec with
            {
                NodeSelector = selector,
                Affinity = affinity with { PodAntiAffinity = apart with { RequiredDuringSchedulingIgnoredDuringExecution = [.. apart.RequiredDuringSchedulingIgnoredDuringExecution, term] } },
            },
        };
    }
}
