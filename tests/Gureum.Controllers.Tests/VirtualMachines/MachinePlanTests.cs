using Gureum.Controllers.VirtualMachines;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Meta.V1;

namespace Gureum.Controllers.Tests.VirtualMachines;

public sealed class MachinePlanTests
{
    [Theory]
    // strategy, what it was acted on as, the instance's phase, the request → what to do
    [InlineData("Always", "Always", null, null, "Start")]
    [InlineData("Always", "Always", "Running", null, "Nothing")]
    [InlineData("Always", "Always", "Succeeded", null, "Stop")]
    [InlineData("Always", "Always", "Failed", null, "Stop")]
    [InlineData("Always", "Always", "Running", "Stop", "Stop")]
    [InlineData("Halted", "Halted", null, null, "Nothing")]
    [InlineData("Halted", "Always", "Running", null, "Stop")]
    [InlineData("Halted", "Halted", null, "Start", "Start")]
    [InlineData("Manual", null, null, null, "Nothing")]
    [InlineData("Manual", "Manual", null, "Start", "Start")]
    [InlineData("Manual", "Manual", "Running", "Stop", "Stop")]
    [InlineData("Manual", "Manual", "Failed", null, "Nothing")]
    [InlineData("Manual", "Manual", "Failed", "Start", "Stop")]
    [InlineData("Once", null, null, null, "Start")]
    [InlineData("Once", "Once", null, null, "Nothing")]
    [InlineData("Once", "Once", "Failed", null, "Nothing")]
    [InlineData("RerunOnFailure", null, null, null, "Start")]
    [InlineData("RerunOnFailure", "RerunOnFailure", null, null, "Nothing")]
    [InlineData("RerunOnFailure", "RerunOnFailure", "Failed", null, "Stop")]
    [InlineData("RerunOnFailure", "RerunOnFailure", "Succeeded", null, "Nothing")]
    public void Next_OfAMachine_IsWhatItsRunStrategySays(string strategy, string? acted, string? phase, string? request, string action)
    {
        var machine = new VirtualMachine { Metadata = new ObjectMeta { Name = "m", Uid = "m" }, Spec = new VirtualMachineSpec { RunStrategy = strategy }, Status = new VirtualMachineStatus { RunStrategy = acted, StateChangeRequests = request is null ? [] : [new VirtualMachineStateChangeRequest { Action = request, Uid = request == "Stop" ? "i" : null }] } };
        var instance = phase is null ? null : new VirtualMachineInstance { Metadata = new ObjectMeta { Name = "m", Uid = "i" }, Status = new VirtualMachineInstanceStatus { Phase = phase } };
        Assert.Equal(action, MachinePlan.Next(machine, instance).Action.ToString());
    }

    [Fact]
    public void Next_OfAFailedRerun_AsksForTheStartThatFollows()
    {
        var machine = new VirtualMachine { Spec = new VirtualMachineSpec { RunStrategy = "RerunOnFailure" }, Status = new VirtualMachineStatus { RunStrategy = "RerunOnFailure" } };
        var step = MachinePlan.Next(machine, new VirtualMachineInstance { Status = new VirtualMachineInstanceStatus { Phase = "Failed" } });
        Assert.Equal("Start", step.Requests.Single().Action);
        Assert.Equal("Start", MachinePlan.Next(machine with { Status = machine.Status with { StateChangeRequests = step.Requests } }, null).Action.ToString());
    }

    [Fact]
    public void Next_OfAStopForAnEarlierInstance_IsForgotten()
    {
        var machine = new VirtualMachine { Spec = new VirtualMachineSpec { RunStrategy = "Always" }, Status = new VirtualMachineStatus { RunStrategy = "Always", StateChangeRequests = [new VirtualMachineStateChangeRequest { Action = "Stop", Uid = "old" }] } };
        var step = MachinePlan.Next(machine, new VirtualMachineInstance { Metadata = new ObjectMeta { Uid = "new" }, Status = new VirtualMachineInstanceStatus { Phase = "Running" } });
        Assert.Equal((MachineAction.Nothing, 0), (step.Action, step.Requests.Count));
    }
}
