using System.Text;
using Gureum.Client;
using Gureum.Controllers.Tests.Support;
using Gureum.Objects;
using Gureum.Objects.Apps.V1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Instancetype.V1beta1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;

namespace Gureum.Controllers.Tests.VirtualMachines;

/// <summary>Machines that are changed while their guests run; the test stands for the guest's node.</summary>
public sealed class LiveUpdateTests
{
    private const string Machine = """
        {"metadata":{"name":"web","namespace":"default"},"spec":{"runStrategy":"Always","template":{
        "spec":{"domain":{"cpu":{"sockets":1},"memory":{"guest":"1Gi"},"devices":{}},"volumes":[{"name":"root","containerDisk":{"image":"tiny:1"}}]}}}}
        """;

    private static async Task<TestCluster> StartAsync(string machine)
    {
        var cluster = await TestCluster.StartAsync(nodes: 0);
        await cluster.AddNodeAsync("kvm", labels: new Dictionary<string, string> { [MachineNames.Schedulable] = "true" });
        await cluster.CreateAsync<VirtualMachine>(machine);
        return cluster;
    }

    private static Task<VirtualMachineInstance> InstanceAsync(TestCluster cluster, Func<VirtualMachineInstance, bool> wanted) => cluster.UntilAsync<VirtualMachineInstance>("default", "web", i => i is not null && wanted(i));

    private static Task<VirtualMachine> ChangeAsync(TestCluster cluster, string domain) =>
        cluster.Client.PatchAsync<VirtualMachine>("default", "web", PatchType.Merge, Encoding.UTF8.GetBytes("""{"spec":{"template":{"spec":{"domain":DOMAIN}}}}""".Replace("DOMAIN", domain)));

    private static async Task ReportAsync(TestCluster cluster, Func<VirtualMachineInstanceStatus, VirtualMachineInstanceStatus> change)
    {
        while (true)
        {
            var instance = await cluster.Client.GetAsync<VirtualMachineInstance>("default", "web");
            try { await cluster.Client.UpdateStatusAsync(instance with { Status = change(instance.Status) }); return; }
            catch (ApiException e) when (e.IsConflict) { /* the controller wrote as well */ }
        }
    }

    private static CPUTopology Sockets(long sockets) => new() { Sockets = sockets, Cores = 1, Threads = 1 };

    [Fact]
    public async Task Sockets_Raised_GrowInstanceAndPodUntilTheNodeHasPluggedThem()
    {
        await using var cluster = await StartAsync(Machine);
        var instance = await InstanceAsync(cluster, i => i.Status.Phase == "Running");
        Assert.Equal((4L, "4Gi"), (instance.Spec.Domain!.Cpu!.MaxSockets, instance.Spec.Domain.Memory!.MaxGuest.ToString()));
        await ReportAsync(cluster, s => s with { CurrentCPUTopology = Sockets(1) });
        var before = (await cluster.Client.ListAsync<Pod>("default")).Items.Single();

        await ChangeAsync(cluster, """{"cpu":{"sockets":3}}""");

        var growing = await InstanceAsync(cluster, i => i.Status.Conditions.Any(c => c is { Type: "HotVCPUChange", Status: "True" }));
        Assert.Equal(3L, growing.Spec.Domain!.Cpu!.Sockets);
        var pod = (await cluster.UntilAsync<Pod>("default", all => all.Single().Spec.Containers[0].Resources!.Requests["cpu"] == Quantity.Parse("300m"))).Single();
        Assert.Equal(before.Metadata.Uid, pod.Metadata.Uid);
        await ReportAsync(cluster, s => s with { CurrentCPUTopology = Sockets(3) });
        await InstanceAsync(cluster, i => i.Status.Conditions.All(c => c.Type != "HotVCPUChange"));
        var machine = await cluster.Client.GetAsync<VirtualMachine>("default", "web");
        Assert.DoesNotContain(machine.Status.Conditions, c => c.Type == "RestartRequired");
    }

    [Fact]
    public async Task Memory_Raised_IsAskedOfTheNodeWithAPodThatAsksForIt()
    {
        await using var cluster = await StartAsync(Machine);
        var instance = await InstanceAsync(cluster, i => i.Status.Phase == "Running");
        var before = GuestSize.Of(instance.Spec);

        await ChangeAsync(cluster, """{"memory":{"guest":"2Gi"}}""");

        await InstanceAsync(cluster, i => i.Spec.Domain!.Memory!.Guest == Quantity.Parse("2Gi") && i.Status.Conditions.Any(c => c is { Type: "HotMemoryChange", Status: "True" }));
        await cluster.UntilAsync<Pod>("default", all => all.Single().Spec.Containers[0].Resources!.Requests["memory"].Whole == (2L << 30) + (before with { Memory = 2L << 30 }).Overhead);
        await ReportAsync(cluster, s => s with { Memory = s.Memory! with { GuestRequested = Quantity.Parse("2Gi") } });
        await InstanceAsync(cluster, i => i.Status.Conditions.All(c => c.Type != "HotMemoryChange"));
    }

    [Theory]
    [InlineData("""{"cpu":{"sockets":5}}""", "CPU sockets updated in template spec to a value higher than what's available")]
    [InlineData("""{"memory":{"guest":"512Mi"}}""", "memory updated in template spec to a value lower than what the VM started with")]
    [InlineData("""{"memory":{"guest":"8Gi"}}""", "memory updated in template spec to a value higher than what's available")]
    [InlineData("""{"cpu":{"cores":2}}""", "a non-live-updatable field was changed in the template spec")]
    [InlineData("""{"devices":{"rng":{}}}""", "a non-live-updatable field was changed in the template spec")]
    public async Task Machine_ChangedBeyondWhatRuns_SaysThatItMustStartAnewUntilItHas(string domain, string why)
    {
        await using var cluster = await StartAsync(Machine);
        var first = await InstanceAsync(cluster, i => i.Status.Phase == "Running");

        await ChangeAsync(cluster, domain);

        var machine = await cluster.UntilAsync<VirtualMachine>("default", "web", m => m!.Status.Conditions.Any(c => c is { Type: "RestartRequired", Status: "True" }));
        Assert.Equal(why, machine.Status.Conditions.Single(c => c.Type == "RestartRequired").Message);
        Assert.Equal(first.Spec, (await cluster.Client.GetAsync<VirtualMachineInstance>("default", "web")).Spec);
        await cluster.Client.DeleteAsync<VirtualMachineInstance>("default", "web");
        await InstanceAsync(cluster, i => i.Metadata.Uid != first.Metadata.Uid && i.Status.Phase == "Running");
        await cluster.UntilAsync<VirtualMachine>("default", "web", m => m!.Status.Conditions.All(c => c.Type != "RestartRequired"));
        // Of the specs that it started from the newest is kept.
        Assert.Equal($"revision-start-vm-{machine.Metadata.Uid}-{machine.Metadata.Generation}", Assert.Single((await cluster.UntilAsync<ControllerRevision>("default", all => all.Count == 1))).Metadata.Name);
    }

    [Fact]
    public async Task Pod_ThatAQuotaDoesNotLetGrow_LeavesTheGuestAsItIsAndSaysWhy()
    {
        await using var cluster = await StartAsync(Machine);
        await InstanceAsync(cluster, i => i.Status.Phase == "Running");
        await cluster.CreateAsync<ResourceQuota>("""{"metadata":{"name":"small","namespace":"default"},"spec":{"hard":{"requests.memory":"1500Mi"}}}""");

        await ChangeAsync(cluster, """{"memory":{"guest":"2Gi"}}""");

        var events = await cluster.UntilAsync<Event>("default", all => all.Any(e => e.Reason == "FailedResize"));
        Assert.Contains("exceeded quota: small", events.First(e => e.Reason == "FailedResize").Message);
        Assert.True((await cluster.Client.ListAsync<Pod>("default")).Items.Single().Spec.Containers[0].Resources!.Requests["memory"] < Quantity.Parse("1500Mi"));
    }

    [Fact]
    public async Task Machine_WhoseVolumeFailed_SaysSo()
    {
        await using var cluster = await StartAsync("""
            {"metadata":{"name":"web","namespace":"default"},"spec":{"runStrategy":"Always","dataVolumeTemplates":[{"metadata":{"name":"d"},"spec":{"source":{"upload":{}},"storage":{"resources":{"requests":{"storage":"8Mi"}}}}}],"template":{
            "spec":{"domain":{"memory":{"guest":"64Mi"},"devices":{}},"volumes":[{"name":"root","dataVolume":{"name":"d"}}]}}}}
            """);
        await cluster.UntilAsync<VirtualMachine>("default", "web", m => m?.Status.PrintableStatus == "Provisioning");
        var volume = await cluster.UntilAsync<Objects.Cdi.V1beta1.DataVolume>("default", "d", v => v?.Status.Phase is { Length: > 0 });
        while (true)
        {
            try { await cluster.Client.UpdateStatusAsync(volume with { Status = volume.Status with { Phase = "Failed" } }); break; }
            catch (ApiException e) when (e.IsConflict) { volume = await cluster.Client.GetAsync<Objects.Cdi.V1beta1.DataVolume>("default", "d"); }
        }
        await cluster.UntilAsync<VirtualMachine>("default", "web", m => m?.Status.PrintableStatus == "DataVolumeError");
    }

    [Fact]
    public async Task Instancetype_Edited_LeavesItsMachineAsItWas()
    {
        await using var cluster = await TestCluster.StartAsync(nodes: 0);
        await cluster.AddNodeAsync("kvm", labels: new Dictionary<string, string> { [MachineNames.Schedulable] = "true" });
        await cluster.CreateAsync<VirtualMachineClusterInstancetype>("""{"metadata":{"name":"small"},"spec":{"cpu":{"guest":1},"memory":{"guest":"64Mi"}}}""");
        await cluster.CreateAsync<VirtualMachine>("""
            {"metadata":{"name":"web","namespace":"default"},"spec":{"runStrategy":"Halted","instancetype":{"name":"small"},"template":{"spec":{"domain":{"devices":{"disks":[{"name":"root","disk":{}}]}},"volumes":[{"name":"root","containerDisk":{"image":"tiny:1"}}]}}}}
            """);
        var kept = await cluster.UntilAsync<VirtualMachine>("default", "web", m => m?.Status.InstancetypeRef?.ControllerRevisionRef?.Name is { Length: > 0 });
        Assert.Equal(("small", "VirtualMachineClusterInstancetype"), (kept.Status.InstancetypeRef!.Name, kept.Status.InstancetypeRef.Kind));

        await cluster.Client.PatchAsync<VirtualMachineClusterInstancetype>(null, "small", PatchType.Merge, """{"spec":{"cpu":{"guest":2},"memory":{"guest":"128Mi"}}}"""u8.ToArray());
        await cluster.Client.PatchAsync<VirtualMachine>("default", "web", PatchType.Merge, """{"spec":{"runStrategy":"Always"}}"""u8.ToArray());

        var instance = await InstanceAsync(cluster, i => i.Status.Phase == "Running");
        Assert.Equal((1, 64L << 20), (GuestSize.Of(instance.Spec).Processors, GuestSize.Of(instance.Spec).Memory));
        // Another machine takes it as it is by now.
        await cluster.CreateAsync<VirtualMachine>("""
            {"metadata":{"name":"next","namespace":"default"},"spec":{"runStrategy":"Always","instancetype":{"name":"small"},"template":{"spec":{"domain":{"devices":{"disks":[{"name":"root","disk":{}}]}},"volumes":[{"name":"root","containerDisk":{"image":"tiny:1"}}]}}}}
            """);
        var next = await cluster.UntilAsync<VirtualMachineInstance>("default", "next", i => i is not null);
        Assert.Equal((2, 128L << 20), (GuestSize.Of(next.Spec).Processors, GuestSize.Of(next.Spec).Memory));
    }
}
