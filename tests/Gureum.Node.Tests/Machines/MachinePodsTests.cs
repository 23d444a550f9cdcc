using Gureum.Node.Machines;
using Gureum.Node.Server;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;

namespace Gureum.Node.Tests.Machines;

public sealed class MachinePodsTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("gureum-mpods-").FullName;
    private readonly MachineStore store;
    private readonly MachinePods pods;
    private readonly MachineRecord record = new("uid", "prod", "virt-launcher-web-abcde", "web", Guid.NewGuid());

    public MachinePodsTests() => pods = new MachinePods(store = new MachineStore(directory));

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private static Pod Pod => new()
    {
        Metadata = new ObjectMeta { Uid = "uid", Namespace = "prod", Name = "virt-launcher-web-abcde", OwnerReferences = [new OwnerReference { Kind = "VirtualMachineInstance", Name = "web", Controller = true }] },
        Status = new PodStatus { ContainerStatuses = [new ContainerStatus { Name = "compute", State = new ContainerState { Waiting = new ContainerStateWaiting { Reason = "FailedDisk" } } }] },
    };

    [Fact]
    public async Task Find_GuestThatRuns_IsItsConsoleUntilItEnds()
    {
        store.Put(record with { Started = DateTimeOffset.UtcNow });
        File.WriteAllText(Path.Combine(store.Directory("uid"), "console.log"), "hello");

        LogTarget log = pods.Find(Pod, "compute", previous: false);

        Assert.Equal((Path.Combine(store.Directory("uid"), "console.log"), true), (log.Path, log.Raw));
        Assert.True(await log.IsRunning(CancellationToken.None));
        store.Put(record with { Started = DateTimeOffset.UtcNow, Ended = DateTimeOffset.UtcNow });
        Assert.False(await log.IsRunning(CancellationToken.None));
    }

    [Fact]
    public void Find_WhatThereIsNot_SaysWhy()
    {
        Assert.Equal("container \"compute\" in pod \"virt-launcher-web-abcde\" is waiting to start: FailedDisk", Refused("compute", previous: false));
        Assert.Equal("previous terminated container \"compute\" in pod \"virt-launcher-web-abcde\" not found", Refused("compute", previous: true));
        Assert.Equal("container sidecar is not valid for pod virt-launcher-web-abcde", Refused("sidecar", previous: false));
        store.Put(record with { Started = DateTimeOffset.UtcNow });
        Assert.Equal("the guest of pod \"virt-launcher-web-abcde\" has no serial console", Refused("compute", previous: false));
    }

    [Fact]
    public void NoContainer_NamesTheCommandsThatDo() =>
        Assert.Equal("pod virt-launcher-web-abcde is a virtual machine and has no containers; use `gureum vm console -n prod web` or `gureum vm ssh -n prod web`", MachinePods.NoContainer(Pod).Message);

    private string Refused(string container, bool previous) => Assert.Throws<NodeRequestException>(() => pods.Find(Pod, container, previous)).Message;
}
