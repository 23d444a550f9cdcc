using Gureum.Client;
using Gureum.Controllers.Tests.Support;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Machines;
using Gureum.Objects.Snapshot.V1;

namespace Gureum.Controllers.Tests.VolumeSnapshots;

public sealed class VolumeSnapshotTests
{
    private static string Claim(string name, string more = "") => """{"metadata":{"name":"NAME","namespace":"default"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}MORE}}""".Replace("NAME", name).Replace("MORE", more);

    private const string Snapshot = """{"metadata":{"name":"kept","namespace":"default"},"spec":{"source":{"persistentVolumeClaimName":"data"}}}""";

    private static async Task<Pod> CopierAsync(TestCluster cluster, string uid) => await PodsByHand.PlacedAsync(cluster, "copier-" + uid);

    private static async Task<VolumeSnapshot> TakenAsync(TestCluster cluster)
    {
        await cluster.CreateAsync<PersistentVolumeClaim>(Claim("data"));
        var snapshot = await cluster.CreateAsync<VolumeSnapshot>(Snapshot);
        await CopierAsync(cluster, snapshot.Metadata.Uid!);
        await PodsByHand.DoneAsync(cluster, "copier-" + snapshot.Metadata.Uid);
        return await cluster.UntilAsync<VolumeSnapshot>("default", "kept", s => s?.Status?.ReadyToUse == true);
    }

    [Fact]
    public async Task Snapshot_OfAClaim_IsACopyThatItOwns()
    {
        await using var cluster = await PodsByHand.StartAsync();
        var taken = await TakenAsync(cluster);
        Assert.Equal((Quantity.Parse("1Gi"), DateTimeOffset.UnixEpoch), (taken.Status!.RestoreSize, taken.Status.CreationTime));
        var copy = await cluster.Client.GetAsync<PersistentVolumeClaim>("default", ClaimContent.CopyOf(taken));
        Assert.Equal(taken.Metadata.Uid, copy.Metadata.OwnerReferences.Single().Uid);
        Assert.False(ClaimContent.IsUnfilled(copy));
        await cluster.UntilAsync<Pod>("default", all => all.All(p => p.Metadata.Name != "copier-" + taken.Metadata.Uid));
        await cluster.Client.DeleteAsync<VolumeSnapshot>("default", "kept");
        await cluster.UntilAsync<PersistentVolumeClaim>("default", all => all.All(c => c.Metadata.Name != copy.Metadata.Name || c.Metadata.DeletionTimestamp is not null));
    }

    [Fact]
    public async Task Snapshot_OfNoClaim_SaysSoAndIsTakenWhenThereIsOne()
    {
        await using var cluster = await PodsByHand.StartAsync();
        var snapshot = await cluster.CreateAsync<VolumeSnapshot>(Snapshot);
        var refused = await cluster.UntilAsync<VolumeSnapshot>("default", "kept", s => s?.Status?.Error is not null);
        Assert.Equal((false, "persistentvolumeclaim \"data\" not found"), (refused.Status!.ReadyToUse, refused.Status.Error!.Message));
        await cluster.CreateAsync<PersistentVolumeClaim>(Claim("data"));
        await PodsByHand.DoneAsync(cluster, (await CopierAsync(cluster, snapshot.Metadata.Uid!)).Metadata.Name!);
        await cluster.UntilAsync<VolumeSnapshot>("default", "kept", s => s?.Status is { ReadyToUse: true, Error: null });
    }

    [Fact]
    public async Task Claim_OfASnapshot_IsFilledByItsOwnPod()
    {
        await using var cluster = await PodsByHand.StartAsync();
        var taken = await TakenAsync(cluster);
        var claim = await cluster.CreateAsync<PersistentVolumeClaim>(Claim("back", ""","dataSource":{"apiGroup":"snapshot.storage.k8s.io","kind":"VolumeSnapshot","name":"kept"}"""));
        Assert.True(ClaimContent.IsUnfilled(claim));
        var pod = await CopierAsync(cluster, claim.Metadata.Uid!);
        Assert.Equal(["data-0 back", $"source-0 {ClaimContent.CopyOf(taken)}"], pod.Spec.Volumes.Select(v => $"{v.Name} {v.PersistentVolumeClaim!.ClaimName}"));
        Assert.Equal(claim.Metadata.Uid, pod.Metadata.OwnerReferences.Single().Uid);
        await PodsByHand.DoneAsync(cluster, pod.Metadata.Name!);
        await cluster.UntilAsync<PersistentVolumeClaim>("default", "back", c => !ClaimContent.IsUnfilled(c!));
        await cluster.UntilAsync<Pod>("default", all => all.All(p => p.Metadata.Uid != pod.Metadata.Uid));
    }

    [Fact]
    public async Task Claim_OfAClaimThatIsLarger_FailsAndSaysWhy()
    {
        await using var cluster = await PodsByHand.StartAsync();
        await cluster.CreateAsync<PersistentVolumeClaim>(Claim("data"));
        var claim = await cluster.CreateAsync<PersistentVolumeClaim>(Claim("copy", ""","dataSourceRef":{"kind":"PersistentVolumeClaim","name":"data"}"""));
        var pod = await CopierAsync(cluster, claim.Metadata.Uid!);
        await PodsByHand.SayAsync(cluster, pod.Metadata.Name!, "Failed", PodsByHand.Ended(1, "virtual image size 2 is larger than the reported available storage 1. A larger PVC is required"));
        var failed = await cluster.UntilAsync<PersistentVolumeClaim>("default", "copy", c => c!.Metadata.Annotations.ContainsKey(ClaimContent.Reason));
        Assert.Equal(ClaimContent.Failed, failed.Metadata.Annotations[ImportNames.PodPhase]);
        Assert.Contains("A larger PVC is required", failed.Metadata.Annotations[ClaimContent.Reason], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Claim_ThatAsksForMore_GetsIt()
    {
        await using var cluster = await PodsByHand.StartAsync();
        await TakenAsync(cluster);
        await cluster.UntilAsync<PersistentVolumeClaim>("default", "data", c => c?.Status.Phase == "Bound");
        await cluster.Client.PatchAsync<PersistentVolumeClaim>("default", "data", PatchType.Merge, """{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}"""u8.ToArray());
        var grown = await cluster.UntilAsync<PersistentVolumeClaim>("default", "data", c => c!.Status.Capacity["storage"] == Quantity.Parse("2Gi"));
        Assert.Equal(Quantity.Parse("2Gi"), (await cluster.Client.GetAsync<PersistentVolume>(null, grown.Spec.VolumeName!)).Spec.Capacity["storage"]);
    }
}
