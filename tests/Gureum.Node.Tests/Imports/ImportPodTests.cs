using System.Net;
using Gureum.Node.Imports;
using Gureum.Node.Pods;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Machines;
using Gureum.Objects.Meta.V1;

namespace Gureum.Node.Tests.Imports;

public sealed class ImportPodTests
{
    [Theory]
    [InlineData("192.0.2.1", true)]
    [InlineData("10.96.0.10", true)]
    [InlineData("2001:db8::1", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("127.8.8.8", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("0.1.2.3", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::1", false)]
    [InlineData("::", false)]
    [InlineData("fe80::1", false)]
    [InlineData("ff02::1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("::ffff:169.254.169.254", false)]
    [InlineData("::127.0.0.1", false)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("64:ff9b::c000:201", true)]
    public void IsAllowed_OfAnAddress_IsFalseForWhatOnlyThisMachineReaches(string address, bool allowed) => Assert.Equal(allowed, ImportAddress.IsAllowed(IPAddress.Parse(address)));

    private static OwnerReference Owner(string uid) => new() { Kind = "DataVolume", Name = "root", Uid = uid, Controller = true };

    private static Pod Importer(string owner, params EnvVar[] variables) => new()
    {
        Metadata = new ObjectMeta { Name = "importer-root", Uid = "p", OwnerReferences = [Owner(owner)] },
        Spec = new PodSpec
        {
            RuntimeClassName = ImportNames.RuntimeClass, Containers = [new Container { Name = "importer", Image = ImportNames.Image, Env = variables }],
            Volumes = [new Volume { Name = "data", PersistentVolumeClaim = new PersistentVolumeClaimVolumeSource { ClaimName = "root" } }],
        },
    };

    private static PersistentVolumeClaim Claim(string? phase) => new()
    {
        Metadata = new ObjectMeta { Name = "root", OwnerReferences = [Owner("d")], Annotations = phase is null ? new Dictionary<string, string>() : new Dictionary<string, string> { [ImportNames.PodPhase] = phase } },
    };

    [Fact]
    public void Check_OfAClaimThatIsBeingFilled_LetsInOnlyThePodThatFillsIt()
    {
        ClaimFilling.Check(Importer("d"), Claim("Pending"));
        Assert.Contains("still being filled by DataVolume root", Assert.Throws<PodNotReadyException>(() => ClaimFilling.Check(Importer("other"), Claim("Running"))).Message);
        var guest = Importer("d") with { Spec = new PodSpec { RuntimeClassName = MachineNames.RuntimeClass } };
        Assert.Throws<PodNotReadyException>(() => ClaimFilling.Check(guest, Claim("Failed")));
        ClaimFilling.Check(guest, Claim("Succeeded"));
        ClaimFilling.Check(guest, Claim(null));
    }

    [Theory]
    [InlineData("ftp", "accepted are none, http, registry, pvc and upload")]
    [InlineData("pvc", "the pod has no volume \"source\"")]
    public void Of_APodThatSaysNothingThatCanBeDone_IsRefused(string source, string why) =>
        Assert.Contains(why, Assert.Throws<ImportRefusedException>(() => ImportJob.Of(Importer("d", new EnvVar { Name = ImportNames.SourceVariable, Value = source }))).Message);

    private static readonly PodSettings Settings = new() { NodeName = "n", PodsDirectory = "/p", LogsDirectory = "/l", VolumesDirectory = "/v", ClusterDns = "10.96.0.10", NodeAddress = "192.0.2.1" };

    [Fact]
    public void Of_AStateAfterTheOther_IsThePodsStatus()
    {
        var (pod, now) = (Importer("d"), DateTimeOffset.UnixEpoch);
        var running = ImportStatus.Of(pod, new ImportState(ImportStage.Running, 0, now, Part: 0.452), null, Settings, now);
        Assert.Equal(("Running", "45.20%"), (running.Phase, running.Conditions.Single(c => c.Type == ImportNames.Progress).Message));
        var waits = ImportStatus.Of(pod with { Status = running }, new ImportState(ImportStage.Failed, 0, now, now, Message: "no route"), new Waiting("CrashLoopBackOff", "no route"), Settings, now);
        Assert.Equal(("Running", "CrashLoopBackOff", "no route"), (waits.Phase, waits.ContainerStatuses[0].State!.Waiting!.Reason, waits.ContainerStatuses[0].LastState!.Terminated!.Message));
        var again = ImportStatus.Of(pod with { Status = waits }, new ImportState(ImportStage.Running, 1, now), null, Settings, now);
        Assert.Equal((1, "no route"), (again.ContainerStatuses[0].RestartCount, again.ContainerStatuses[0].LastState!.Terminated!.Message));
        var refused = ImportStatus.Of(pod with { Status = again }, new ImportState(ImportStage.Refused, 1, now, now, Message: "it is a VMDK file"), null, Settings, now);
        Assert.Equal(("Failed", 1, "it is a VMDK file"), (refused.Phase, refused.ContainerStatuses[0].State!.Terminated!.ExitCode, refused.ContainerStatuses[0].State!.Terminated!.Message));
        var done = ImportStatus.Of(pod with { Status = again }, new ImportState(ImportStage.Done, 1, now, now, Part: 1), null, Settings, now);
        Assert.Equal(("Succeeded", 0), (done.Phase, done.ContainerStatuses[0].State!.Terminated!.ExitCode));
    }
}
