using Gureum.Client;
using Gureum.Controllers.Tests.Support;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Instancetype.V1beta1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;

namespace Gureum.Controllers.Tests.VirtualMachines;

public sealed class MachineTests
{
    private static readonly Dictionary<string, string> Hypervisor = new() { [MachineNames.Schedulable] = "true" };

    private static string Machine(string strategy, string annotations = "") => """
        {"metadata":{"name":"web","namespace":"default"},"spec":{"runStrategy":"STRATEGY","template":{"metadata":{"labels":{"app":"web"},"annotations":{ANNOTATIONS}},
        "spec":{"domain":{"cpu":{"cores":2},"memory":{"guest":"256Mi"},"devices":{}},"volumes":[{"name":"root","containerDisk":{"image":"tiny:1"}}]}}}}
        """.Replace("STRATEGY", strategy).Replace("ANNOTATIONS", annotations);

    private static async Task<TestCluster> StartAsync()
    {
        var cluster = await TestCluster.StartAsync(nodes: 0);
        await cluster.AddNodeAsync("plain");
        await cluster.AddNodeAsync("kvm", labels: Hypervisor);
        return cluster;
    }

    private static Task<VirtualMachineInstance> RunningAsync(TestCluster cluster, string? not = null) =>
        cluster.UntilAsync<VirtualMachineInstance>("default", "web", i => i?.Status.Phase == "Running" && i.Metadata.Uid != not);

    [Fact]
    public async Task Machine_RunAlways_BecomesAPodOnANodeWithAHypervisor()
    {
        await using var cluster = await StartAsync();
        var machine = await cluster.CreateAsync<VirtualMachine>(Machine("Always"));
        var shown = await cluster.UntilAsync<VirtualMachine>("default", "web", m => m?.Status is { PrintableStatus: "Running", Ready: true });
        Assert.Contains(shown.Status.Conditions, c => c is { Type: "Ready", Status: "True" });
        var instance = await cluster.Client.GetAsync<VirtualMachineInstance>("default", "web");
        Assert.Equal((machine.Metadata.Uid, "kvm"), (instance.Spec.Domain!.Firmware!.Uuid, instance.Status.NodeName));
        var pod = (await cluster.Client.ListAsync<Pod>("default")).Items.Single();
        Assert.Equal(pod.Status.PodIP, instance.Status.Interfaces.Single().IpAddress);
        Assert.StartsWith("virt-launcher-web-", pod.Metadata.Name);
        Assert.Equal(("web", "virt-launcher", instance.Metadata.Uid), (pod.Metadata.Labels["app"], pod.Metadata.Labels["kubevirt.io"], pod.Metadata.Labels["kubevirt.io/created-by"]));
        Assert.Equal("libvirt", pod.Spec.RuntimeClassName);
        Assert.Equal("200m", pod.Spec.Containers.Single().Resources!.Requests["cpu"].ToString());
        Assert.Equal(GuestSize.Of(instance.Spec).Overhead + 256 * 1024 * 1024, pod.Spec.Containers.Single().Resources!.Requests["memory"].Whole);
    }

    [Fact]
    public async Task Machine_Deleted_TakesInstanceAndPodWithIt()
    {
        await using var cluster = await StartAsync();
        await cluster.CreateAsync<VirtualMachine>(Machine("Always"));
        await RunningAsync(cluster);
        await cluster.Client.DeleteAsync<VirtualMachine>("default", "web");
        await cluster.UntilAsync<VirtualMachine>("default", "web", m => m is null);
        Assert.Empty((await cluster.Client.ListAsync<VirtualMachineInstance>("default")).Items);
        Assert.Empty((await cluster.Client.ListAsync<Pod>("default")).Items);
    }

    [Fact]
    public async Task Machine_SetToHalted_EndsItsInstanceAndStartsAgainWhenAlways()
    {
        await using var cluster = await StartAsync();
        await cluster.CreateAsync<VirtualMachine>(Machine("Always"));
        var first = await RunningAsync(cluster);
        await cluster.Client.PatchAsync<VirtualMachine>("default", "web", PatchType.Merge, """{"spec":{"runStrategy":"Halted"}}"""u8.ToArray());
        await cluster.UntilAsync<VirtualMachine>("default", "web", m => m?.Status.PrintableStatus == "Stopped");
        Assert.Null(await cluster.Client.FindAsync<VirtualMachineInstance>("default", "web"));
        await cluster.Client.PatchAsync<VirtualMachine>("default", "web", PatchType.Merge, """{"spec":{"runStrategy":"Always"}}"""u8.ToArray());
        await RunningAsync(cluster, not: first.Metadata.Uid);
    }

    [Fact]
    public async Task Instance_WhosePodIsLost_IsReplacedByTheMachineAndNeverStartedTwice()
    {
        await using var cluster = await StartAsync();
        await cluster.CreateAsync<VirtualMachine>(Machine("Always"));
        var first = await RunningAsync(cluster);
        await cluster.Client.DeleteAsync<Pod>("default", (await cluster.Client.ListAsync<Pod>("default")).Items.Single().Metadata.Name!);
        var second = await RunningAsync(cluster, not: first.Metadata.Uid);
        var pods = await cluster.UntilAsync<Pod>("default", all => all.Count == 1);
        Assert.Equal(second.Metadata.Uid, pods.Single().Metadata.OwnerReferences.Single().Uid);
    }

    [Fact]
    public async Task Machine_WhoseGuestFails_WaitsLongerBeforeEachStart()
    {
        await using var cluster = await StartAsync();
        await cluster.CreateAsync<VirtualMachine>(Machine("Always", "\"test/exit\":\"1\""));
        var shown = await cluster.UntilAsync<VirtualMachine>("default", "web", m => m?.Status is { StartFailure.ConsecutiveFailCount: 1, PrintableStatus: "CrashLoopBackOff" });
        Assert.True(shown.Status.StartFailure!.RetryAfterTimestamp > DateTimeOffset.UtcNow);
    }

    [Fact]
    public async Task Machine_RunOnce_KeepsItsEndedInstance()
    {
        await using var cluster = await StartAsync();
        await cluster.CreateAsync<VirtualMachine>(Machine("Once", "\"test/exit\":\"0\""));
        var ended = await cluster.UntilAsync<VirtualMachineInstance>("default", "web", i => i?.Status.Phase == "Succeeded");
        await cluster.UntilAsync<VirtualMachine>("default", "web", m => m?.Status.PrintableStatus == "Stopped");
        Assert.Equal(ended.Metadata.Uid, (await cluster.Client.GetAsync<VirtualMachineInstance>("default", "web")).Metadata.Uid);
    }

    [Fact]
    public async Task Instance_WithNowhereToRun_SaysWhy()
    {
        await using var cluster = await TestCluster.StartAsync(nodes: 1);
        await cluster.CreateAsync<VirtualMachine>(Machine("Always"));
        await cluster.UntilAsync<VirtualMachine>("default", "web", m => m?.Status.PrintableStatus == "ErrorUnschedulable");
        var instance = await cluster.UntilAsync<VirtualMachineInstance>("default", "web", i => i?.Status.Conditions.Any(c => c.Type == "PodScheduled") == true);
        Assert.Contains("0/1 nodes are available", instance.Status.Conditions.Single(c => c.Type == "PodScheduled").Message);
    }

    [Fact]
    public async Task Machine_OfAnInstancetype_HasItsSizeAndItsPreference()
    {
        await using var cluster = await StartAsync();
        await cluster.CreateAsync<VirtualMachineClusterInstancetype>("""{"metadata":{"name":"small"},"spec":{"cpu":{"guest":3},"memory":{"guest":"512Mi"}}}""");
        await cluster.CreateAsync<VirtualMachineClusterPreference>("""{"metadata":{"name":"linux"},"spec":{"cpu":{"preferredCPUTopology":"cores"},"devices":{"preferredDiskBus":"virtio"}}}""");
        await cluster.CreateAsync<VirtualMachine>("""{"metadata":{"name":"web","namespace":"default"},"spec":{"runStrategy":"Always","instancetype":{"name":"small"},"preference":{"name":"linux"},"template":{"spec":{"domain":{"devices":{"disks":[{"name":"root","disk":{}}]}},"volumes":[{"name":"root","containerDisk":{"image":"tiny:1"}}]}}}}""");
        var instance = await RunningAsync(cluster);
        Assert.Equal((1, 3, "512Mi", "virtio"), (instance.Spec.Domain!.Cpu!.Sockets, instance.Spec.Domain.Cpu.Cores, instance.Spec.Domain.Memory!.Guest.ToString(), instance.Spec.Domain.Devices!.Disks.Single().DiskValue!.Bus));
    }

    [Fact]
    public async Task Machine_OfAMissingInstancetype_SaysSoAndStartsOnceItIsThere()
    {
        await using var cluster = await StartAsync();
        await cluster.CreateAsync<VirtualMachine>("""{"metadata":{"name":"web","namespace":"default"},"spec":{"runStrategy":"Always","instancetype":{"name":"small"},"template":{"spec":{"domain":{"devices":{}}}}}}""");
        var shown = await cluster.UntilAsync<VirtualMachine>("default", "web", m => m?.Status.Conditions.Any(c => c.Type == "Failure") == true);
        Assert.Contains("\"small\" not found", shown.Status.Conditions.Single(c => c.Type == "Failure").Message);
        await cluster.CreateAsync<VirtualMachineClusterInstancetype>("""{"metadata":{"name":"small"},"spec":{"cpu":{"guest":1},"memory":{"guest":"64Mi"}}}""");
        await RunningAsync(cluster);
    }
}
