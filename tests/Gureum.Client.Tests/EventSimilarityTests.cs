using Gureum.Client.Tests.Support;

namespace Gureum.Client.Tests;

public sealed class EventSimilarityTests
{
    private static readonly EventSubject Web = new("default", "apps/v1", "ReplicaSet", "web", "uid-1");
    private readonly ManualTime time = new();
    private readonly EventSimilarity similarity;

    public EventSimilarityTests() => similarity = new EventSimilarity(time);

    private bool Tell(string message, string reason = "SuccessfulCreate") => similarity.IsOneOfMany(Web, "Normal", reason, message);

    [Fact]
    public void IsOneOfMany_TenthMessage_IsTheFirstCombined()
    {
        for (var i = 1; i < 10; i++) Assert.False(Tell("Created pod: web-" + i));
        Assert.True(Tell("Created pod: web-10"));
        Assert.True(Tell("Created pod: web-11"));
    }

    [Fact]
    public void IsOneOfMany_SameMessage_NeverCombined()
    {
        for (var i = 0; i < 100; i++) Assert.False(Tell("Created pod: web-1"));
    }

    [Fact]
    public void IsOneOfMany_AnotherReason_CountsByItself()
    {
        for (var i = 1; i < 20; i++) Tell("Created pod: web-" + i);
        Assert.False(Tell("Created pod: web-20", "FailedCreate"));
    }

    [Fact]
    public void IsOneOfMany_PauseOfTenMinutes_CountsAnew()
    {
        for (var i = 1; i < 20; i++) Tell("Created pod: web-" + i);
        time.Advance(TimeSpan.FromMinutes(10));
        Assert.True(Tell("Created pod: web-20"));
        time.Advance(TimeSpan.FromMinutes(10) + TimeSpan.FromSeconds(1));
        Assert.False(Tell("Created pod: web-21"));
    }
}
