using Gureum.Objects.Kubevirt.V1;

namespace Gureum.Objects.Machines;

/// <summary>Names that machines, their instances and their pods carry, as KubeVirt has them.</summary>
public static class MachineNames
{
    /// <summary>The RuntimeClass of pods that are virtual machines, and its handler on the node.</summary>
    public const string RuntimeClass = "libvirt";

    /// <summary>On nodes whose hypervisor works: "true". Pods of machines go nowhere else.</summary>
    public const string Schedulable = "kubevirt.io/schedulable";

    /// <summary>On every pod of a machine, "virt-launcher".</summary>
    public const string App = "kubevirt.io";
    public const string Launcher = "virt-launcher";

    /// <summary>On the pod: the uid of its instance.</summary>
    public const string CreatedBy = "kubevirt.io/created-by";

    /// <summary>On the pod: the name of its instance.</summary>
    public const string InstanceName = "vm.kubevirt.io/name";

    /// <summary>On the pod, an annotation: the name of the domain.</summary>
    public const string Domain = "kubevirt.io/domain";

    /// <summary>On a pod that brings a disk to a guest which runs already, as its <see cref="App"/>.</summary>
    public const string HotplugDisk = "hotplug-disk";

    /// <summary>On such a pod: the name of the volume.</summary>
    public const string HotplugVolume = "kubevirt.io/volume";

    /// <summary>On the pod of a migration's target: the uid of the migration.</summary>
    public const string MigrationJob = "kubevirt.io/migrationJobUID";

    /// <summary>On an instance that moves or has moved: "true". Every node follows where its address is.</summary>
    public const string Wandering = "gureum.io/wandering";

    /// <summary>On the instance: the node that it runs on.</summary>
    public const string NodeName = "kubevirt.io/nodeName";

    /// <summary>The container of a machine's pod. There is no other.</summary>
    public const string Compute = "compute";

    /// <summary>Holds an instance until its guest is gone.</summary>
    public const string InstanceFinalizer = "foregroundDeleteVirtualMachine";

    /// <summary>Holds a machine until its instance is gone.</summary>
    public const string MachineFinalizer = "kubevirt.io/virtualMachineControllerFinalize";

    /// <summary>The pod's volume that has the kernel which a guest boots without a disk.</summary>
    public const string KernelVolume = "kernel-boot";

    /// <summary>The name of the pod's volume for a volume of the instance.</summary>
    public static string PodVolume(string volume) => volume;

    /// <summary>"NAMESPACE_NAME", what libvirt calls the domain.</summary>
    public static string DomainName(string ns, string name) => $"{ns}_{name}";

    /// <summary>The claim of a volume that may come to a running guest; null for all others.</summary>
    public static string? HotpluggedClaim(this Volume volume) =>
        volume.PersistentVolumeClaim is { Hotpluggable: true } claim ? claim.ClaimName : volume.DataVolume is { Hotpluggable: true } data ? data.Name : null;

    /// <summary>Whether nothing more will come of an instance.</summary>
    public static bool IsFinal(this VirtualMachineInstance instance) => instance.Status.Phase is "Succeeded" or "Failed";
}
