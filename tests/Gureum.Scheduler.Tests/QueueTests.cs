using Gureum.Scheduler.Queue;
using Gureum.Scheduler.Snapshots;
using Gureum.Scheduler.Tests.Support;

namespace Gureum.Scheduler.Tests;

public sealed class QueueTests
{
    private sealed class ManualTime : TimeProvider
    {
        internal DateTimeOffset Now = DateTimeOffset.UnixEpoch;
        public override DateTimeOffset GetUtcNow() => Now;
    }

    private static readonly HashSet<string> Fit = ["NodeResourcesFit"];
    private readonly ManualTime time = new();

    [Fact]
    public async Task Take_HigherPriority_ComesFirst()
    {
        var queue = new SchedulingQueue(time);
        queue.Set(Cluster.Pod("low"), false);
        queue.Set(Cluster.Pod("high", priority: 5), false);
        Assert.Equal("high", (await queue.TakeAsync(default)).Key.Name);
        Assert.Equal("low", (await queue.TakeAsync(default)).Key.Name);
    }

    [Fact]
    public async Task Move_ChangeThatHelps_BringsBackAfterBackOff()
    {
        var queue = new SchedulingQueue(time);
        var pod = Cluster.Pod("p");
        queue.Set(pod, false);
        queue.Refuse(await queue.TakeAsync(default), Fit);
        var next = queue.TakeAsync(default);
        queue.Move(ClusterChange.Volume);
        time.Now += TimeSpan.FromSeconds(2);
        queue.Tick();
        Assert.False(next.IsCompleted);
        queue.Move(ClusterChange.PodGone);
        Assert.Equal("p", (await next).Key.Name);
    }

    [Fact]
    public async Task Refuse_ChangeCameMeanwhile_DoesNotWaitForAnother()
    {
        var queue = new SchedulingQueue(time);
        queue.Set(Cluster.Pod("p"), false);
        var taken = await queue.TakeAsync(default);
        queue.Move(ClusterChange.PodGone);
        queue.Refuse(taken, Fit);
        time.Now += TimeSpan.FromSeconds(2);
        queue.Tick();
        Assert.Equal("p", (await queue.TakeAsync(default)).Key.Name);
    }

    [Fact]
    public void Forget_ConfirmedMeanwhile_KeepsThePod()
    {
        var cache = new ClusterCache(new Cluster());
        cache.Set(Cluster.Node("a").Node);
        var (assumed, forgotten) = (Cluster.Pod("p").On("a"), Cluster.Pod("q").On("a"));
        cache.Assume(assumed);
        cache.Assume(forgotten);
        cache.Set(assumed);
        cache.Forget(assumed);
        cache.Forget(forgotten);
        Assert.Equal("p", Assert.Single(cache.Current().Find("a")!.Pods).Key.Name);
    }
}
