using Gureum.Controllers.Migrations;
using Gureum.Objects.Kubevirt.V1;

namespace Gureum.Controllers.Tests.Migrations;

public sealed class MigratabilityTests
{
    private static VirtualMachineInstance With(Volume volume) => new() { Spec = new VirtualMachineInstanceSpec { Volumes = [volume] } };

    [Fact]
    public void Obstacle_OfAContainerDisk_IsNone() => Assert.Null(Migratability.Obstacle(With(new Volume { Name = "root", ContainerDisk = new ContainerDiskSource { Image = "x" } })));

    [Fact]
    public void Obstacle_OfAClaim_NamesItsVolume()
    {
        var (reason, message) = Migratability.Obstacle(With(new Volume { Name = "data", PersistentVolumeClaim = new PersistentVolumeClaimVolumeSource { ClaimName = "c" } }))!.Value;
        Assert.Equal(Migratability.DisksNotLiveMigratable, reason);
        Assert.Contains("the volume data", message);
    }
}
