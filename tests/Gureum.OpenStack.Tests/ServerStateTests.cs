using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Meta.V1;
using Gureum.OpenStack.Compute;

namespace Gureum.OpenStack.Tests;

public sealed class ServerStateTests
{
    private static VirtualMachine Machine(string? printable, bool launched = false, bool suspended = false, string strategy = "RerunOnFailure")
    {
        var notes = new Dictionary<string, string>();
        if (launched) notes[ServerNames.Launched] = "2026-11-24T18:00:00Z";
        if (suspended) notes[ServerNames.Suspended] = "true";
        return new VirtualMachine { Metadata = new ObjectMeta { Name = "vm", Annotations = notes }, Spec = new VirtualMachineSpec { RunStrategy = strategy }, Status = new VirtualMachineStatus { PrintableStatus = printable } };
    }

    [Theory]
    [InlineData("Running", true, "ACTIVE", "active", null, 1)]
    [InlineData("Paused", true, "PAUSED", "paused", null, 3)]
    [InlineData("Stopping", true, "ACTIVE", "active", "powering-off", 1)]
    [InlineData("Stopped", true, "SHUTOFF", "stopped", null, 4)]
    [InlineData("Stopped", false, "BUILD", "building", "scheduling", 0)]
    [InlineData("Starting", true, "SHUTOFF", "stopped", "powering-on", 4)]
    [InlineData("Starting", false, "BUILD", "building", "scheduling", 0)]
    [InlineData("Provisioning", false, "BUILD", "building", "block_device_mapping", 0)]
    [InlineData("Migrating", true, "MIGRATING", "active", "migrating", 1)]
    [InlineData(null, false, "BUILD", "building", "scheduling", 0)]
    public void Of_KubeVirtsWords_AreNovas(string? printable, bool launched, string status, string state, string? task, int power) =>
        Assert.Equal(new ServerState(status, state, task, power), ServerState.Of(Machine(printable, launched), null));

    [Fact]
    public void Of_PausedBySuspend_IsSuspended() => Assert.Equal("SUSPENDED", ServerState.Of(Machine("Paused", true, suspended: true), null).Status);

    [Fact]
    public void Of_HaltedBeforeItEverRan_IsShutOff() => Assert.Equal("SHUTOFF", ServerState.Of(Machine("Stopped", strategy: "Halted"), null).Status);

    [Fact]
    public void Of_DeletedOne_SaysSo()
    {
        var machine = Machine("Running", true);
        Assert.Equal("deleting", ServerState.Of(machine with { Metadata = machine.Metadata with { DeletionTimestamp = DateTimeOffset.UnixEpoch } }, null).Task);
    }

    [Fact]
    public void Of_UnschedulableOne_IsAnErrorWithItsReason()
    {
        var instance = new VirtualMachineInstance { Status = new VirtualMachineInstanceStatus { Conditions = [new VirtualMachineInstanceCondition { Type = "PodScheduled", Status = "False", Message = "0/1 nodes are available: 1 Insufficient memory." }] } };
        var state = ServerState.Of(Machine("ErrorUnschedulable"), instance);
        Assert.Equal(("ERROR", "error"), (state.Status, state.VmState));
        Assert.Equal("No valid host was found. 0/1 nodes are available: 1 Insufficient memory.", state.Fault);
    }

    private static VirtualMachine Noted(VirtualMachine machine, string note) => machine with { Metadata = machine.Metadata with { Annotations = new Dictionary<string, string>(machine.Metadata.Annotations) { [note] = "{}" } } };

    [Theory]
    [InlineData("Running", "VERIFY_RESIZE", "resized")]
    [InlineData("Stopped", "VERIFY_RESIZE", "resized")]
    [InlineData("Stopping", "RESIZE", "active")]
    [InlineData("Starting", "RESIZE", "active")]
    [InlineData("ErrorUnschedulable", "ERROR", "error")]
    public void Of_ResizedOne_WaitsToBeConfirmedOnceItIsWhatItIsToBe(string printable, string status, string state)
    {
        var found = ServerState.Of(Noted(Machine(printable, true), ServerNames.Resized), null);
        Assert.Equal((status, state), (found.Status, found.VmState));
    }

    [Fact]
    public void Of_ResizedOneThatRunsAsItWas_IsStillBeingResized()
    {
        var machine = Noted(Machine("Running", true), ServerNames.Resized);
        Assert.Equal("RESIZE", ServerState.Of(machine with { Status = machine.Status with { Conditions = [new VirtualMachineCondition { Type = "RestartRequired", Status = "True" }] } }, null).Status);
    }

    [Fact]
    public void Of_ResizedOneWhoseChangeNobodyHasSeenYet_IsStillBeingResized()
    {
        var machine = Noted(Machine("Running", true), ServerNames.Resized);
        machine = machine with { Metadata = machine.Metadata with { Generation = 2 }, Status = machine.Status with { ObservedGeneration = 1 } };
        Assert.Equal("RESIZE", ServerState.Of(machine, null).Status);
        Assert.Equal("VERIFY_RESIZE", ServerState.Of(machine with { Status = machine.Status with { ObservedGeneration = 2 } }, null).Status);
        Assert.Equal("RESIZE", ServerState.Of(machine with { Status = machine.Status with { ObservedGeneration = 2, StateChangeRequests = [Request("Stop"), Request("Start")] } }, null).Status);
    }

    private static VirtualMachineStateChangeRequest Request(string action) => new() { Action = action };

    [Theory]
    [InlineData("Running", "RESCUE", "rescued", null)]
    [InlineData("Stopping", "ACTIVE", "active", "rescuing")]
    [InlineData("Starting", "ACTIVE", "active", "rescuing")]
    [InlineData("Stopped", "SHUTOFF", "stopped", null)]
    public void Of_OneThatStartsFromAnotherDisk_IsRescuedOnceItRuns(string printable, string status, string state, string? task)
    {
        var found = ServerState.Of(Noted(Machine(printable, true), ServerNames.Rescued), null);
        Assert.Equal((status, state, task), (found.Status, found.VmState, found.Task));
    }

    [Theory]
    [InlineData("Running")]
    [InlineData("Stopping")]
    public void Of_OneThatIsToStopAndStart_IsBeingRebooted(string printable)
    {
        var machine = Machine(printable, true);
        Assert.Equal(new ServerState("HARD_REBOOT", "active", "rebooting_hard", 1), ServerState.Of(machine with { Status = machine.Status with { StateChangeRequests = [Request("Stop"), Request("Start")] } }, null));
        Assert.NotEqual("HARD_REBOOT", ServerState.Of(machine with { Status = machine.Status with { StateChangeRequests = [Request("Stop")] } }, null).Status);
    }

    [Theory]
    [InlineData("Stopped", "SHELVED_OFFLOADED", null)]
    [InlineData("Stopping", "ACTIVE", "shelving")]
    [InlineData("Running", "ACTIVE", "shelving")]
    public void Of_ShelvedOne_IsPutAwayOnceItIsOff(string printable, string status, string? task)
    {
        var found = ServerState.Of(Noted(Machine(printable, true), ServerNames.Shelved), null);
        Assert.Equal((status, task), (found.Status, found.Task));
    }

    [Fact]
    public void Of_OneWhoseDiskIsMadeAnew_IsBeingRebuilt()
    {
        Assert.Equal("REBUILD", ServerState.Of(Machine("Provisioning", true), null).Status);
        var disk = new Volume { Name = "root", DataVolume = new DataVolumeSource { Name = "new" } };
        var machine = Machine("Running", true);
        machine = machine with { Spec = machine.Spec with { DataVolumeTemplates = [new DataVolumeTemplateSpec { Metadata = new ObjectMeta { Name = "new" } }], Template = new VirtualMachineInstanceTemplateSpec { Spec = new VirtualMachineInstanceSpec { Volumes = [disk] } } } };
        VirtualMachineInstance Instance(string name) => new() { Spec = new VirtualMachineInstanceSpec { Volumes = [disk with { DataVolume = new DataVolumeSource { Name = name } }] }, Status = new VirtualMachineInstanceStatus { Phase = "Running" } };
        Assert.Equal("REBUILD", ServerState.Of(machine, Instance("old")).Status);
        Assert.Equal("REBUILD", ServerState.Of(machine with { Status = machine.Status with { PrintableStatus = "Stopping", StateChangeRequests = [Request("Stop"), Request("Start")] } }, Instance("old")).Status);
        Assert.Equal("ACTIVE", ServerState.Of(machine, Instance("new")).Status);
    }
}
