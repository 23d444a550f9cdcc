using Gureum.Client;
using Gureum.Controllers.Tests.Support;
using Gureum.Objects.Cdi.V1beta1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;
using Gureum.Objects.Snapshot.V1beta1;
using PersistentVolumeClaim = Gureum.Objects.Core.V1.PersistentVolumeClaim;
using VirtualMachine = Gureum.Objects.Kubevirt.V1.VirtualMachine;
using DataVolume = Gureum.Objects.Cdi.V1beta1.DataVolume;

namespace Gureum.Controllers.Tests.MachineSnapshots;

public sealed class SnapshotTests
{
    private const string Machine = """
        {"metadata":{"name":"web","namespace":"default","labels":{"a":"b"}},"spec":{"runStrategy":"STRATEGY",
        "dataVolumeTemplates":[{"metadata":{"name":"root"},"spec":{"source":{"blank":{}},"storage":{"resources":{"requests":{"storage":"1Gi"}}}}}],
        "template":{"spec":{"domain":{"memory":{"guest":"64Mi"},"devices":{}},"volumes":[
        {"name":"root","dataVolume":{"name":"root"}},{"name":"more","persistentVolumeClaim":{"claimName":"more"}},{"name":"tools","containerDisk":{"image":"tiny:1"}}]}}}}
        """;

    private static string Snapshot(string name, string extra = "") => """{"metadata":{"name":"NAME","namespace":"default"},"spec":{"source":{"apiGroup":"kubevirt.io","kind":"VirtualMachine","name":"web"}EXTRA}}""".Replace("NAME", name).Replace("EXTRA", extra);

    private static string Restore(string extra = "", string target = "web") => """{"metadata":{"name":"back","namespace":"default"},"spec":{"target":{"apiGroup":"kubevirt.io","kind":"VirtualMachine","name":"TARGET"},"virtualMachineSnapshotName":"first"EXTRA}}""".Replace("TARGET", target).Replace("EXTRA", extra);

    /// <summary>A machine with two claims, both filled.</summary>
    private static async Task<TestCluster> StartAsync(string strategy)
    {
        var cluster = await PodsByHand.StartAsync();
        await cluster.CreateAsync<DataVolume>("""{"metadata":{"name":"more","namespace":"default"},"spec":{"source":{"blank":{}},"storage":{"resources":{"requests":{"storage":"2Gi"}}}}}""");
        await cluster.CreateAsync<VirtualMachine>(Machine.Replace("STRATEGY", strategy));
        foreach (var name in (string[])["more", "root"])
        {
            await PodsByHand.DoneAsync(cluster, "importer-" + name);
            await cluster.UntilAsync<DataVolume>("default", name, v => v?.Status.Phase == "Succeeded");
        }
        return cluster;
    }

    private static async Task<Pod> CopierAsync(TestCluster cluster, string? not = null) =>
        (await cluster.UntilAsync<Pod>("default", all => all.Any(p => p.Metadata.Name!.StartsWith("copier-", StringComparison.Ordinal) && p.Metadata.Name != not && p.Spec.NodeName is { Length: > 0 }))).First(p => p.Metadata.Name!.StartsWith("copier-", StringComparison.Ordinal) && p.Metadata.Name != not);

    private static async Task<VirtualMachineSnapshot> TakenAsync(TestCluster cluster)
    {
        await cluster.CreateAsync<VirtualMachineSnapshot>(Snapshot("first"));
        await PodsByHand.DoneAsync(cluster, (await CopierAsync(cluster)).Metadata.Name!);
        return await cluster.UntilAsync<VirtualMachineSnapshot>("default", "first", s => s?.Status is { Phase: "Succeeded", ReadyToUse: true });
    }

    private static string Shown(IEnumerable<Objects.Snapshot.V1beta1.Condition> conditions, string type) => conditions.Where(c => c.Type == type).Select(c => $"{c.Status} {c.Reason}").Single();

    [Fact]
    public async Task Snapshot_OfAMachine_CopiesAllItsDisksByOnePodAndHoldsItsSpec()
    {
        await using var cluster = await StartAsync("Halted");
        await cluster.CreateAsync<VirtualMachineSnapshot>(Snapshot("first"));
        var pod = await CopierAsync(cluster);
        var uid = (await cluster.Client.GetAsync<VirtualMachineSnapshot>("default", "first")).Metadata.Uid;
        Assert.Equal("kvm", pod.Spec.NodeName);
        Assert.Equal([$"data-0 vmsnapshot-{uid}-volume-root", "source-0 root", $"data-1 vmsnapshot-{uid}-volume-more", "source-1 more"], pod.Spec.Volumes.Select(v => $"{v.Name} {v.PersistentVolumeClaim!.ClaimName}"));
        Assert.Contains(pod.Spec.Containers[0].Env, e => e is { Name: ImportNames.QuiesceVariable, Value: "web" });
        var locked = await cluster.UntilAsync<VirtualMachineSnapshot>("default", "first", s => s?.Status.VirtualMachineSnapshotContentName is not null);
        Assert.Equal(("InProgress", "True Source locked and operation in progress", "False Not ready"), (locked.Status.Phase, Shown(locked.Status.Conditions, "Progressing"), Shown(locked.Status.Conditions, "Ready")));
        Assert.Equal("first", (await cluster.Client.GetAsync<VirtualMachine>("default", "web")).Status.SnapshotInProgress);
        await PodsByHand.DoneAsync(cluster, pod.Metadata.Name!);
        var taken = await cluster.UntilAsync<VirtualMachineSnapshot>("default", "first", s => s?.Status is { Phase: "Succeeded", ReadyToUse: true });
        Assert.Equal(("False Operation complete", "True Ready"), (Shown(taken.Status.Conditions, "Progressing"), Shown(taken.Status.Conditions, "Ready")));
        Assert.Equal((["root", "more"], ["tools"]), (taken.Status.SnapshotVolumes!.IncludedVolumes.ToArray(), taken.Status.SnapshotVolumes.ExcludedVolumes.ToArray()), new ByContent());
        Assert.Empty(taken.Status.Indications);
        var content = await cluster.Client.GetAsync<VirtualMachineSnapshotContent>("default", taken.Status.VirtualMachineSnapshotContentName!);
        Assert.Equal("64Mi", content.Spec.Source!.VirtualMachine!.Spec.Template.Spec.Domain!.Memory!.Guest.ToString());
        Assert.All(content.Status.VolumeSnapshotStatus, s => Assert.True(s.ReadyToUse));
        await cluster.UntilAsync<VirtualMachine>("default", "web", m => m?.Status.SnapshotInProgress is null);
    }

    private sealed class ByContent : IEqualityComparer<(string[], string[])>
    {
        public bool Equals((string[], string[]) x, (string[], string[]) y) => x.Item1.SequenceEqual(y.Item1) && x.Item2.SequenceEqual(y.Item2);
        public int GetHashCode((string[], string[]) obj) => obj.Item1.Length;
    }

    [Fact]
    public async Task Snapshot_OfARunningMachine_SaysHowItWasTaken()
    {
        await using var cluster = await StartAsync("Always");
        await cluster.UntilAsync<VirtualMachineInstance>("default", "web", i => i is not null);
        var taken = await TakenAsync(cluster);
        Assert.Equal(["NoGuestAgent", "Online"], taken.Status.Indications);
        Assert.Equal(["NoGuestAgent", "Online"], taken.Status.SourceIndications.Select(i => i.Indication));
    }

    [Fact]
    public async Task Snapshot_BesideAnother_WaitsForIt()
    {
        await using var cluster = await StartAsync("Halted");
        await cluster.CreateAsync<VirtualMachineSnapshot>(Snapshot("first"));
        var pod = await CopierAsync(cluster);
        await cluster.CreateAsync<VirtualMachineSnapshot>(Snapshot("second"));
        await cluster.UntilAsync<VirtualMachineSnapshot>("default", "second", s => s!.Status.Conditions.Any(c => c is { Type: "Progressing", Status: "False", Reason: "Source not locked snapshot \"first\" in progress" }));
        await PodsByHand.DoneAsync(cluster, pod.Metadata.Name!);
        await PodsByHand.DoneAsync(cluster, (await CopierAsync(cluster, not: pod.Metadata.Name)).Metadata.Name!);
        await cluster.UntilAsync<VirtualMachineSnapshot>("default", "second", s => s?.Status.Phase == "Succeeded");
    }

    [Fact]
    public async Task Snapshot_PastItsDeadline_FailsAndLeavesNothing()
    {
        await using var cluster = await StartAsync("Halted");
        await cluster.CreateAsync<VirtualMachineSnapshot>(Snapshot("first", ",\"failureDeadline\":\"2s\""));
        var failed = await cluster.UntilAsync<VirtualMachineSnapshot>("default", "first", s => s?.Status.Phase == "Failed");
        Assert.Equal(("True snapshot deadline exceeded", "False Operation failed"), (Shown(failed.Status.Conditions, "Failure"), Shown(failed.Status.Conditions, "Progressing")));
        await cluster.UntilAsync<VirtualMachineSnapshotContent>("default", all => all.Count == 0);
        await cluster.UntilAsync<VirtualMachine>("default", "web", m => m?.Status.SnapshotInProgress is null);
    }

    [Fact]
    public async Task Snapshot_WhoseCopyIsRefused_SaysWhy()
    {
        await using var cluster = await StartAsync("Halted");
        await cluster.CreateAsync<VirtualMachineSnapshot>(Snapshot("first"));
        await PodsByHand.SayAsync(cluster, (await CopierAsync(cluster)).Metadata.Name!, "Failed", PodsByHand.Ended(1, "disk.img in the source claim is no plain file"));
        var shown = await cluster.UntilAsync<VirtualMachineSnapshot>("default", "first", s => s?.Status.Error is not null);
        Assert.Equal(("disk.img in the source claim is no plain file", "False In error state"), (shown.Status.Error!.Message, Shown(shown.Status.Conditions, "Progressing")));
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData(",\"deletionPolicy\":\"retain\"", 1)]
    public async Task Snapshot_Deleted_TakesItsContentWithItUnlessRetained(string policy, int kept)
    {
        await using var cluster = await StartAsync("Halted");
        await cluster.CreateAsync<VirtualMachineSnapshot>(Snapshot("first", policy));
        await PodsByHand.DoneAsync(cluster, (await CopierAsync(cluster)).Metadata.Name!);
        await cluster.UntilAsync<VirtualMachineSnapshot>("default", "first", s => s?.Status.Phase == "Succeeded");
        await cluster.Client.DeleteAsync<VirtualMachineSnapshot>("default", "first");
        await cluster.UntilAsync<VirtualMachineSnapshot>("default", "first", s => s is null);
        await cluster.UntilAsync<VirtualMachineSnapshotContent>("default", all => all.Count == kept);
    }

    [Fact]
    public async Task Restore_OfAStoppedMachine_GivesItTheSnapshotsDisks()
    {
        await using var cluster = await StartAsync("Halted");
        await TakenAsync(cluster);
        await cluster.Client.PatchAsync<VirtualMachine>("default", "web", PatchType.Merge, """{"spec":{"template":{"spec":{"domain":{"memory":{"guest":"128Mi"}}}}}}"""u8.ToArray());
        await cluster.CreateAsync<VirtualMachineRestore>(Restore());
        var uid = (await cluster.Client.GetAsync<VirtualMachineRestore>("default", "back")).Metadata.Uid;
        var name = "copier-" + uid;
        var pod = await PodsByHand.PlacedAsync(cluster, name);
        Assert.Equal($"restore-{uid}-root", pod.Spec.Volumes[0].PersistentVolumeClaim!.ClaimName);
        Assert.Equal("back", (await cluster.Client.GetAsync<VirtualMachine>("default", "web")).Status.RestoreInProgress);
        await PodsByHand.DoneAsync(cluster, name);
        var done = await cluster.UntilAsync<VirtualMachineRestore>("default", "back", r => r?.Status.Complete == true);
        Assert.Equal(("False Operation complete", "True Operation complete"), (Shown(done.Status.Conditions, "Progressing"), Shown(done.Status.Conditions, "Ready")));
        Assert.Equal(["root"], done.Status.DeletedDataVolumes);
        var machine = await cluster.UntilAsync<VirtualMachine>("default", "web", m => m?.Status.RestoreInProgress is null);
        Assert.Equal(("Halted", "64Mi", 0), (machine.Spec.RunStrategy, machine.Spec.Template.Spec.Domain!.Memory!.Guest.ToString(), machine.Spec.DataVolumeTemplates.Count));
        Assert.Equal([$"restore-{uid}-root", $"restore-{uid}-more", null], machine.Spec.Template.Spec.Volumes.Select(v => v.PersistentVolumeClaim?.ClaimName));
        var claim = await cluster.UntilAsync<PersistentVolumeClaim>("default", $"restore-{uid}-root", c => c?.Metadata.OwnerReferences.Any(o => o.Kind == "VirtualMachine") == true);
        Assert.Equal(("Succeeded", machine.Metadata.Uid), (claim.Metadata.Annotations[ImportNames.PodPhase], claim.Metadata.OwnerReferences.Single().Uid));
        await cluster.UntilAsync<DataVolume>("default", all => all.All(v => v.Metadata.Name == "more"));
        await cluster.UntilAsync<Event>("default", all => all.Any(e => e.Reason == "VirtualMachineRestoreComplete"));
    }

    [Theory]
    [InlineData("", "Waiting for target VM to be powered off. Please stop the restore target to proceed with restore, or the operation will fail after 5m0s")]
    [InlineData(",\"targetReadinessPolicy\":\"FailImmediate\"", "Restore target VMI must be powered off before restore operation")]
    public async Task Restore_OfARunningMachine_IsRefusedInKubeVirtsWords(string policy, string why)
    {
        await using var cluster = await StartAsync("Always");
        await cluster.UntilAsync<VirtualMachineInstance>("default", "web", i => i is not null);
        await TakenAsync(cluster);
        await cluster.CreateAsync<VirtualMachineRestore>(Restore(policy));
        var shown = await cluster.UntilAsync<VirtualMachineRestore>("default", "back", r => r!.Status.Conditions.Any(c => c.Reason == why));
        Assert.Equal(policy.Length > 0, shown.Status.Conditions.Any(c => c.Type == "Failure"));
        Assert.Null((await cluster.Client.GetAsync<VirtualMachine>("default", "web")).Status.RestoreInProgress);
        Assert.Empty(shown.Status.Restores);
    }

    [Fact]
    public async Task Restore_ToAnotherName_MakesASecondMachine()
    {
        await using var cluster = await StartAsync("Halted");
        await TakenAsync(cluster);
        await cluster.CreateAsync<VirtualMachineRestore>(Restore(",\"volumeRestorePolicy\":\"PrefixTargetName\",\"volumeOwnershipPolicy\":\"None\"", target: "copy"));
        await PodsByHand.DoneAsync(cluster, "copier-" + (await cluster.Client.GetAsync<VirtualMachineRestore>("default", "back")).Metadata.Uid);
        await cluster.UntilAsync<VirtualMachineRestore>("default", "back", r => r?.Status.Complete == true);
        var machine = await cluster.Client.GetAsync<VirtualMachine>("default", "copy");
        Assert.Equal(("Halted", "copy-root"), (machine.Spec.RunStrategy, machine.Spec.Template.Spec.Volumes[0].PersistentVolumeClaim!.ClaimName));
        Assert.Empty((await cluster.Client.GetAsync<PersistentVolumeClaim>("default", "copy-root")).Metadata.OwnerReferences);
        Assert.NotNull(await cluster.Client.FindAsync<DataVolume>("default", "root"));
    }

    [Fact]
    public async Task Restore_OfASnapshotThatIsNotThere_SaysSo()
    {
        await using var cluster = await StartAsync("Halted");
        await cluster.CreateAsync<VirtualMachineRestore>(Restore());
        await cluster.UntilAsync<VirtualMachineRestore>("default", "back", r => r!.Status.Conditions.Any(c => c is { Type: "Progressing", Status: "False", Reason: "VMSnapshot default/first does not exist" }));
    }
}
