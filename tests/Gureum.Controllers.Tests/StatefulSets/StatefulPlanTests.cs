using Gureum.Controllers.StatefulSets;
using Gureum.Objects.Apps.V1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;

namespace Gureum.Controllers.Tests.StatefulSets;

/// <summary>Which pod goes next when an ordered set gets smaller, as upstream has it.</summary>
public sealed class StatefulPlanTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <param name="ready">For each ordinal, whether its pod is ready.</param>
    [Theory]
    [InlineData("yes yes yes", "2")]
    [InlineData("yes yes no", "2")] // the only one that is not ready is the one to go
    [InlineData("yes no yes", "2")]
    [InlineData("no yes no", "")] // another one in front of it is not ready either
    [InlineData("no no no", "")]
    [InlineData("no", "0")]
    public void Next_OrderedSetToZero_HaltsAtOneThatIsNotReady(string ready, string deleted)
    {
        var pods = ready.Split(' ').Select((r, i) => Pod(i, r == "yes")).Index().ToDictionary(p => p.Index, p => p.Item);

        StatefulSteps steps = StatefulPlan.Next(Set("OrderedReady"), pods, "a", "a", Now);

        Assert.Equal(deleted, string.Join(' ', steps.Delete.Select(p => p.Metadata.Name![^1])));
    }

    [Fact]
    public void Next_ParallelSetToZero_DeletesAllAtOnce()
    {
        var pods = Enumerable.Range(0, 3).ToDictionary(i => i, i => Pod(i, ready: false));

        Assert.Equal(3, StatefulPlan.Next(Set("Parallel"), pods, "a", "a", Now).Delete.Count);
    }

    private static StatefulSet Set(string policy) => new() { Metadata = new() { Name = "ss" }, Spec = new() { Replicas = 0, PodManagementPolicy = policy } };

    private static Pod Pod(int ordinal, bool ready) => new()
    {
        Metadata = new() { Name = $"ss-{ordinal}" },
        Status = new() { Phase = "Running", Conditions = [new() { Type = "Ready", Status = ready ? "True" : "False", LastTransitionTime = Now.AddMinutes(-1) }] },
    };
}
