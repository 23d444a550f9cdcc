using Gureum.Client.Tests.Support;

namespace Gureum.Client.Tests;

public sealed class EventBudgetTests
{
    private static readonly EventSubject Web = new("default", "apps/v1", "ReplicaSet", "web", "uid-1");
    private readonly ManualTime time = new();
    private readonly EventBudget budget;

    public EventBudgetTests() => budget = new EventBudget(time);

    private int TakeAll(EventSubject subject)
    {
        var taken = 0;
        while (taken < 1000 && budget.TryTake(subject)) taken++;
        return taken;
    }

    [Fact]
    public void TryTake_ManyAtOnce_GrantsTwentyFive() => Assert.Equal(25, TakeAll(Web));

    [Fact]
    public void TryTake_AfterFiveMinutes_GrantsOneMore()
    {
        TakeAll(Web);
        time.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromSeconds(1));
        Assert.False(budget.TryTake(Web));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(budget.TryTake(Web));
        Assert.False(budget.TryTake(Web));
    }

    [Fact]
    public void TryTake_RefusedMeanwhile_TheWaitGoesOn()
    {
        TakeAll(Web);
        for (var i = 0; i < 300; i++)
        {
            Assert.False(budget.TryTake(Web));
            time.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.True(budget.TryTake(Web));
    }

    [Fact]
    public void TryTake_LongPause_NeverGrantsMoreThanTheBurst()
    {
        TakeAll(Web);
        time.Advance(TimeSpan.FromDays(30));
        Assert.Equal(25, TakeAll(Web));
    }

    [Fact]
    public void TryTake_AnotherObject_HasItsOwn()
    {
        TakeAll(Web);
        Assert.True(budget.TryTake(Web with { Uid = "uid-2" }));
        Assert.True(budget.TryTake(Web with { Name = "db" }));
    }

    [Fact]
    public void TryTake_PartOfAnObject_SharesItsBudget()
    {
        TakeAll(Web with { Field = "spec.containers{a}" });
        Assert.False(budget.TryTake(Web with { Field = "spec.containers{b}" }));
        Assert.False(budget.TryTake(Web));
    }

    [Fact]
    public void TryTake_ClockStepsBack_GrantsNothing()
    {
        TakeAll(Web);
        time.Advance(TimeSpan.FromHours(-1));
        Assert.False(budget.TryTake(Web));
    }

    [Fact]
    public void TryTake_MoreObjectsThanRemembered_ForgetsTheLeastRecent()
    {
        TakeAll(Web);
        for (var i = 0; i < 4096; i++) budget.TryTake(Web with { Name = "other-" + i });
        Assert.True(budget.TryTake(Web));
    }
}
