using Gureum.Objects.Image.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;
using Gureum.OpenStack.Compute;

namespace Gureum.OpenStack.Tests;

public sealed class ServerRescueTests
{
    private static readonly Image Rescue = new() { Metadata = new ObjectMeta { Name = "rescue", Uid = "05405e1a-7a3a-4aa5-b412-ea082cd36e32" }, Spec = new ImageSpec() };

    private static VirtualMachine Machine => new()
    {
        Metadata = new ObjectMeta { Name = "vm" },
        Spec = new VirtualMachineSpec
        {
            Template = new VirtualMachineInstanceTemplateSpec
            {
                Spec = new VirtualMachineInstanceSpec
                {
                    Domain = new DomainSpec { Devices = new Devices { Disks = [new Disk { Name = "root", BootOrder = 1 }, new Disk { Name = "seed" }] } },
                    Volumes = [new Volume { Name = "root", DataVolume = new DataVolumeSource { Name = "vm-root" } }, new Volume { Name = "seed" }],
                },
            },
        },
    };

    [Fact]
    public void Rescued_StartsFromTheImage_WithItsOwnDisksBehind()
    {
        var spec = ServerRescue.Rescued(Machine, Rescue, "root").Spec.Template.Spec;
        Assert.Equal([("rescue", 1), ("root", null), ("seed", null)], spec.Domain!.Devices!.Disks.Select(static d => (d.Name, d.BootOrder)));
        Assert.Equal(["rescue", "root", "seed"], spec.Volumes.Select(static v => v.Name));
        Assert.Equal(("glance.gureum.local/05405e1a-7a3a-4aa5-b412-ea082cd36e32:latest", "IfNotPresent"), (spec.Volumes[0].ContainerDisk!.Image, spec.Volumes[0].ContainerDisk!.ImagePullPolicy));
    }

    [Fact]
    public void Mended_IsAsItWas() => Assert.Equal(ModelJson.Encode(Machine).ToArray(), ModelJson.Encode(ServerRescue.Mended(ServerRescue.Rescued(Machine, Rescue, "root"))).ToArray());
}
