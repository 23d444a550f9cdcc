using Gureum.Controllers.Common;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;
using Gureum.Objects.Meta.V1;

namespace Gureum.Controllers.VirtualMachines;

/// <summary>The instance of a machine: its template, under the machine's name. Pure.</summary>
internal static class NewInstance
{
    internal static VirtualMachineInstance Of(VirtualMachine machine, VirtualMachineInstanceSpec spec, string revision)
    {
        var domain = spec.Domain ?? DomainSpec.Empty;
        var firmware = domain.Firmware ?? Firmware.Empty;
        // The guest keeps its identity over restarts: operating systems are licensed by it.
        if (firmware.Uuid is not { Length: > 0 }) firmware = firmware with { Uuid = machine.Uid() };
        return new VirtualMachineInstance
        {
            Metadata = new ObjectMeta
            {
                Name = machine.Name(), Namespace = machine.Ns(), Labels = machine.Spec.Template.Metadata.Labels, Annotations = machine.Spec.Template.Metadata.Annotations,
                Finalizers = [MachineNames.InstanceFinalizer], OwnerReferences = [Owners.ReferenceTo(machine)],
            },
            Spec = spec with { Domain = domain with { Firmware = firmware } }, Status = new VirtualMachineInstanceStatus { VirtualMachineRevisionName = revision },
        };
    }
}
