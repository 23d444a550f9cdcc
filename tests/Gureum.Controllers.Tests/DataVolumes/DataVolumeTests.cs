using Gureum.Client;
using Gureum.Controllers.Tests.Support;
using Gureum.Objects;
using Gureum.Objects.Cdi.V1beta1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;
using DataVolume = Gureum.Objects.Cdi.V1beta1.DataVolume;
using PersistentVolumeClaim = Gureum.Objects.Core.V1.PersistentVolumeClaim;

namespace Gureum.Controllers.Tests.DataVolumes;

public sealed class DataVolumeTests
{
    private static string Volume(string name, string source, string? size = null) =>
        """{"metadata":{"name":"NAME","namespace":"default"},"spec":{"source":SOURCE,"storage":{SIZE}}}""".Replace("NAME", name).Replace("SOURCE", source).Replace("SIZE", size ?? "\"resources\":{\"requests\":{\"storage\":\"1Gi\"}}");

    private const string Http = """{"http":{"url":"http://images.example/disk.qcow2","checksum":"sha256:00"}}""", Blank = """{"blank":{}}""";

    private static Task<DataVolume> PhaseAsync(TestCluster cluster, string name, string phase) => cluster.UntilAsync<DataVolume>("default", name, v => v?.Status.Phase == phase);

    private static string Condition(DataVolume volume, string type) => volume.Status.Conditions.Where(c => c.Type == type).Select(c => $"{c.Status} {c.Reason} {c.Message}".Trim()).Single();

    [Fact]
    public async Task Volume_WithAnHttpSource_GetsAClaimAndAPodThatFillsItWhereGuestsRun()
    {
        await using var cluster = await PodsByHand.StartAsync();
        await cluster.CreateAsync<DataVolume>(Volume("root", Http));
        var pod = await PodsByHand.PlacedAsync(cluster, "importer-root");
        Assert.Equal("kvm", pod.Spec.NodeName);
        var claim = await cluster.UntilAsync<PersistentVolumeClaim>("default", "root", c => c?.Status.Phase == "Bound");
        Assert.Equal(("ReadWriteOnce", "1Gi"), (claim.Spec.AccessModes.Single(), claim.Spec.Resources!.Requests["storage"].ToString()));
        Assert.Equal(("Pending", "http", "http://images.example/disk.qcow2"), (claim.Metadata.Annotations[ImportNames.PodPhase], claim.Metadata.Annotations[ImportNames.ImportSource], claim.Metadata.Annotations[ImportNames.ImportEndpoint]));
        Assert.Equal(("DataVolume", "root"), (claim.Metadata.OwnerReferences.Single().Kind, claim.Metadata.OwnerReferences.Single().Name));
        Assert.Equal(["http", "http://images.example/disk.qcow2", "sha256:00"], pod.Spec.Containers[0].Env.Select(e => e.Value));
        var scheduled = await PhaseAsync(cluster, "root", "ImportScheduled");
        Assert.Equal(("root", "N/A"), (scheduled.Status.ClaimName, scheduled.Status.Progress));
        await PodsByHand.SayAsync(cluster, "importer-root", "Running", PodsByHand.Runs, progress: "45.20%");
        var running = await cluster.UntilAsync<DataVolume>("default", "root", v => v?.Status is { Phase: "ImportInProgress", Progress: "45.20%" });
        Assert.Equal(("True Bound PVC root Bound", "True Pod is running", "False TransferRunning"), (Condition(running, "Bound"), Condition(running, "Running"), Condition(running, "Ready")));
        await PodsByHand.DoneAsync(cluster, "importer-root");
        var done = await cluster.UntilAsync<DataVolume>("default", "root", v => v?.Status is { Phase: "Succeeded", Progress: "100.0%" });
        Assert.Equal(("False Completed Import Complete", "True"), (Condition(done, "Running"), Condition(done, "Ready")));
        Assert.Equal("Succeeded", (await cluster.Client.GetAsync<PersistentVolumeClaim>("default", "root")).Metadata.Annotations[ImportNames.PodPhase]);
        await cluster.UntilAsync<Pod>("default", "importer-root", p => p is null || p.Metadata.DeletionTimestamp is not null);
        await cluster.UntilAsync<Event>("default", all => all.Any(e => e is { Reason: "ImportSucceeded", Message: "Successfully imported into PVC root" }));
    }

    [Fact]
    public async Task Volume_WhoseImportIsRefused_IsFailedAndSaysWhy()
    {
        await using var cluster = await PodsByHand.StartAsync();
        await cluster.CreateAsync<DataVolume>(Volume("root", Http));
        await PodsByHand.SayAsync(cluster, "importer-root", "Failed", PodsByHand.Ended(1, "http://images.example/disk.qcow2 has a backing file"));
        var failed = await PhaseAsync(cluster, "root", "Failed");
        Assert.Equal("False Error http://images.example/disk.qcow2 has a backing file", Condition(failed, "Running"));
        await cluster.UntilAsync<Event>("default", all => all.Any(e => e is { Reason: "ImportFailed", Type: "Warning" }) && all.Any(e => e is { Reason: "Error", Message: "http://images.example/disk.qcow2 has a backing file" }));
        Assert.NotEqual("Succeeded", (await cluster.Client.GetAsync<PersistentVolumeClaim>("default", "root")).Metadata.Annotations[ImportNames.PodPhase]);
        // That its pod is taken away changes nothing.
        await cluster.Client.DeleteAsync<Pod>("default", "importer-root", new() { GracePeriodSeconds = 0 });
        await cluster.UntilAsync<Pod>("default", "importer-root", p => p is null);
        await cluster.Client.PatchAsync<DataVolume>("default", "root", PatchType.Merge, """{"metadata":{"labels":{"a":"b"}}}"""u8.ToArray());
        Assert.Equal("Failed", (await cluster.Client.GetAsync<DataVolume>("default", "root")).Status.Phase);
        Assert.Equal("False Error http://images.example/disk.qcow2 has a backing file", Condition(await cluster.Client.GetAsync<DataVolume>("default", "root"), "Running"));
    }

    [Fact]
    public async Task Volume_WhoseImportIsTriedAgain_CountsAndSaysWhy()
    {
        await using var cluster = await PodsByHand.StartAsync();
        await cluster.CreateAsync<DataVolume>(Volume("root", Http));
        await PodsByHand.SayAsync(cluster, "importer-root", "Running", new ContainerState { Waiting = new ContainerStateWaiting { Reason = "CrashLoopBackOff", Message = "back-off" } }, PodsByHand.Ended(1, "no route"), restarts: 3);
        var shown = await cluster.UntilAsync<DataVolume>("default", "root", v => v?.Status.RestartCount == 3);
        Assert.Equal(("ImportInProgress", "False Error no route"), (shown.Status.Phase, Condition(shown, "Running")));
    }

    [Fact]
    public async Task Volume_WhosePodIsEvicted_GetsAnother()
    {
        await using var cluster = await PodsByHand.StartAsync();
        await cluster.CreateAsync<DataVolume>(Volume("root", Blank));
        var first = await PodsByHand.PlacedAsync(cluster, "importer-root");
        await cluster.Client.UpdateStatusAsync(first with { Metadata = first.Metadata with { ResourceVersion = null }, Status = first.Status with { Phase = "Failed", Reason = "Evicted" } });
        // Nobody stands for the node: the pod goes when its last second is over.
        await cluster.UntilAsync<Pod>("default", "importer-root", p => p is null || p.Metadata.DeletionTimestamp is not null || p.Metadata.Uid != first.Metadata.Uid);
        try { await cluster.Client.DeleteAsync<Pod>("default", "importer-root", new() { GracePeriodSeconds = 0, Preconditions = new() { Uid = first.Metadata.Uid } }); }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict) { /* gone already */ }
        await cluster.UntilAsync<Pod>("default", "importer-root", p => p is not null && p.Metadata.Uid != first.Metadata.Uid);
        Assert.NotEqual("Failed", (await cluster.Client.GetAsync<DataVolume>("default", "root")).Status.Phase);
    }

    [Fact]
    public async Task Volume_Deleted_TakesClaimAndPodWithIt()
    {
        await using var cluster = await PodsByHand.StartAsync();
        await cluster.CreateAsync<DataVolume>(Volume("root", Blank));
        await PodsByHand.PlacedAsync(cluster, "importer-root");
        await cluster.Client.DeleteAsync<DataVolume>("default", "root");
        await cluster.UntilAsync<Pod>("default", "importer-root", p => p is null || p.Metadata.DeletionTimestamp is not null);
        try { await cluster.Client.DeleteAsync<Pod>("default", "importer-root", new() { GracePeriodSeconds = 0 }); }
        catch (ApiException e) when (e.IsNotFound) { /* gone already */ }
        await cluster.UntilAsync<PersistentVolumeClaim>("default", "root", c => c is null);
    }

    [Fact]
    public async Task Volume_WhoseClaimIsAnothers_SaysSo()
    {
        await using var cluster = await PodsByHand.StartAsync();
        await cluster.CreateAsync<PersistentVolumeClaim>("""{"metadata":{"name":"root","namespace":"default"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}""");
        await cluster.CreateAsync<DataVolume>(Volume("root", Blank));
        var shown = await cluster.UntilAsync<DataVolume>("default", "root", v => v?.Status.Conditions.Count > 0);
        Assert.Equal(("Pending", "False ErrResourceExists Resource \"root\" already exists and is not managed by DataVolume"), (shown.Status.Phase, Condition(shown, "Bound")));
        Assert.Null(await cluster.Client.FindAsync<Pod>("default", "importer-root"));
    }

    [Fact]
    public async Task Clone_OfAClaim_HasItsSizeAndWaitsUntilNobodyWritesToIt()
    {
        await using var cluster = await PodsByHand.StartAsync();
        await cluster.CreateAsync<DataVolume>(Volume("copy", """{"pvc":{"namespace":"default","name":"root"}}""", size: ""));
        var lacking = await cluster.UntilAsync<DataVolume>("default", "copy", v => v?.Status.Conditions.Count > 0);
        Assert.Equal("False CloneWithoutSource The source pvc root doesn't exist", Condition(lacking, "Bound"));
        await cluster.CreateAsync<PersistentVolumeClaim>("""{"metadata":{"name":"root","namespace":"default"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"3Gi"}}}}""");
        await cluster.CreateAsync<Pod>("""{"metadata":{"name":"writer","namespace":"default"},"spec":{"containers":[{"name":"c","image":"i"}],"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"root"}}]}}""");
        await cluster.UntilAsync<Event>("default", all => all.Any(e => e is { Reason: "CloneSourceInUse" }) || all.Any(e => e is { Reason: "CloneScheduled" }));
        await cluster.Client.DeleteAsync<Pod>("default", "writer", new() { GracePeriodSeconds = 0 });
        var pod = await PodsByHand.PlacedAsync(cluster, "importer-copy");
        Assert.Equal(["data copy", "source root"], pod.Spec.Volumes.Select(v => $"{v.Name} {v.PersistentVolumeClaim!.ClaimName}"));
        Assert.Equal("3Gi", (await cluster.Client.GetAsync<PersistentVolumeClaim>("default", "copy")).Spec.Resources!.Requests["storage"].ToString());
        await PodsByHand.SayAsync(cluster, "importer-copy", "Running", PodsByHand.Runs);
        await PhaseAsync(cluster, "copy", "CloneInProgress");
        await PodsByHand.DoneAsync(cluster, "importer-copy");
        await PhaseAsync(cluster, "copy", "Succeeded");
        await cluster.UntilAsync<Event>("default", all => all.Any(e => e is { Reason: "CloneSucceeded", Message: "Successfully cloned from default/root into default/copy" }));
    }

    private const string Instance = """
        {"metadata":{"name":"web","namespace":"default"},"spec":{"domain":{"memory":{"guest":"64Mi"},"devices":{}},"volumes":[VOLUME]}}
        """;

    [Theory]
    [InlineData("""{"name":"root","dataVolume":{"name":"root"}}""")]
    [InlineData("""{"name":"root","persistentVolumeClaim":{"claimName":"root"}}""")]
    public async Task Instance_OnAVolumeThatIsNotFilled_GetsItsPodOnlyAfterwards(string volume)
    {
        await using var cluster = await PodsByHand.StartAsync();
        await cluster.CreateAsync<DataVolume>(Volume("root", Blank));
        await PodsByHand.PlacedAsync(cluster, "importer-root");
        await cluster.CreateAsync<VirtualMachineInstance>(Instance.Replace("VOLUME", volume));
        await cluster.UntilAsync<VirtualMachineInstance>("default", "web", i => i?.Status.Conditions.Any(c => c is { Type: "DataVolumesReady", Status: "False", Reason: "NotAllDVsReady" }) == true);
        Assert.Equal(["importer-root"], (await cluster.Client.ListAsync<Pod>("default")).Items.Select(p => p.Metadata.Name));
        await PodsByHand.DoneAsync(cluster, "importer-root");
        await cluster.UntilAsync<Pod>("default", all => all.Any(p => p.Metadata.Name!.StartsWith("virt-launcher-web-", StringComparison.Ordinal)));
        await cluster.UntilAsync<VirtualMachineInstance>("default", "web", i => i?.Status.Conditions.Any(c => c is { Type: "DataVolumesReady", Status: "True" }) == true);
    }

    [Fact]
    public async Task Machine_WithATemplate_StartsOnceItsVolumeIsFilledWhereItMayRun()
    {
        await using var cluster = await PodsByHand.StartAsync();
        await cluster.AddNodeAsync("other", labels: new Dictionary<string, string> { [MachineNames.Schedulable] = "true", ["disk"] = "fast" });
        await cluster.CreateAsync<VirtualMachine>("""
            {"metadata":{"name":"web","namespace":"default"},"spec":{"runStrategy":"Always","dataVolumeTemplates":[{"metadata":{"name":"root"},"spec":{"source":{"blank":{}},"storage":{"resources":{"requests":{"storage":"1Gi"}}}}}],
            "template":{"spec":{"nodeSelector":{"disk":"fast"},"domain":{"memory":{"guest":"64Mi"},"devices":{}},"volumes":[{"name":"root","dataVolume":{"name":"root"}}]}}}}
            """);
        Assert.Equal("other", (await PodsByHand.PlacedAsync(cluster, "importer-root")).Spec.NodeName);
        Assert.Null(await cluster.Client.FindAsync<VirtualMachineInstance>("default", "web"));
        await PodsByHand.DoneAsync(cluster, "importer-root");
        await cluster.UntilAsync<VirtualMachineInstance>("default", "web", i => i is not null);
    }
}
