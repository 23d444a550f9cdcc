using Gureum.ApiServer.Fairness;
using Gureum.ApiServer.Metrics;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Flowcontrol.V1;

namespace Gureum.ApiServer.Tests.Fairness;

/// <summary>Queues, seats and flows by themselves: what is counted is order, never time.</summary>
public sealed class SeatPoolTests
{
    private static readonly FlowCounts Counts = new("schema", "level");

    private static LevelLimits Limits(int nominal, int lower, int upper, int queues = 8, int length = 50) => new(nominal, lower, upper, queues, 2, length);

    private static Task<Seats> Enter(SeatPool pool, PriorityLevel level, ulong flow, int seats = 1) =>
        pool.TryEnter(level, Counts, seats, out var taken) ? Task.FromResult(taken) : pool.EnterAsync(level, Counts, seats, flow, TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken).AsTask();

    [Fact]
    public void Deal_GivesDifferentQueuesWithinTheDeck()
    {
        var seen = new HashSet<int>();
        for (var flow = 0; flow < 1000; flow++)
        {
            var hand = new int[6];
            ShuffleShard.Deal(ShuffleShard.Hash("schema", "user" + flow), 64, hand);
            Assert.Equal(6, hand.Distinct().Count());
            Assert.All(hand, card => Assert.InRange(card, 0, 63));
            seen.UnionWith(hand);
        }
        Assert.Equal(64, seen.Count);
    }

    [Fact]
    public void FairQueues_ServeAFlowOfFewBeforeTheRestOfAFlowOfMany()
    {
        var queues = new FairQueues(64, 1, 1000);
        for (var i = 0; i < 500; i++) Assert.True(queues.Add(new WaitingRequest(1, 1, Counts)));
        for (var i = 0; i < 3; i++) Assert.True(queues.Add(new WaitingRequest(1, 2, Counts)));
        var order = new List<ulong>();
        while (queues.Next() is { } next) { queues.Dispatch(next); order.Add(next.Hash); }
        Assert.Equal(503, order.Count);
        Assert.True(order.LastIndexOf(2) < 7, $"the third request of the small flow was number {order.LastIndexOf(2)}");
    }

    [Fact]
    public void FairQueues_CountSeats_NotRequests()
    {
        var queues = new FairQueues(64, 1, 1000);
        for (var i = 0; i < 10; i++) queues.Add(new WaitingRequest(10, 1, Counts));
        for (var i = 0; i < 40; i++) queues.Add(new WaitingRequest(1, 2, Counts));
        var wide = 0;
        for (var i = 0; i < 24; i++)
        {
            var next = queues.Next()!;
            queues.Dispatch(next);
            if (next.Hash == 1) wide++;
        }
        Assert.InRange(wide, 2, 4);
    }

    [Fact]
    public void FairQueues_Full_TakeNoMore()
    {
        var queues = new FairQueues(1, 1, 2);
        Assert.True(queues.Add(new WaitingRequest(1, 1, Counts)) && queues.Add(new WaitingRequest(1, 1, Counts)));
        Assert.False(queues.Add(new WaitingRequest(1, 1, Counts)));
    }

    [Fact]
    public async Task Level_RunsSoManyAtOnce_AndTheNextWhenOneEnds()
    {
        var pool = new SeatPool(TimeProvider.System);
        var level = pool.Configure(new Dictionary<string, LevelLimits> { ["a"] = Limits(2, 2, 2) })["a"];
        var (first, second, third) = (await Enter(pool, level, 1), await Enter(pool, level, 1), Enter(pool, level, 1));
        Assert.False(third.IsCompleted);
        Assert.Equal(1, pool.Waiting);
        first.Leave();
        (await third).Leave();
        second.Leave();
        Assert.Equal((0, 0), (level.Used, pool.Waiting));
    }

    [Fact]
    public async Task Level_BorrowsIdleSeats_AndTheLenderComesFirstWhenItWantsThemBack()
    {
        var pool = new SeatPool(TimeProvider.System);
        var levels = pool.Configure(new Dictionary<string, LevelLimits> { ["lender"] = Limits(4, 1, 10), ["borrower"] = Limits(2, 2, 10) });
        var borrowed = new List<Seats>();
        for (var i = 0; i < 5; i++) borrowed.Add(await Enter(pool, levels["borrower"], 1));
        var more = Enter(pool, levels["borrower"], 1);
        var own = await Enter(pool, levels["lender"], 2);
        var lent = Enter(pool, levels["lender"], 2);
        Assert.False(more.IsCompleted || lent.IsCompleted);
        borrowed[0].Leave();
        var back = await lent;
        Assert.False(more.IsCompleted);
        foreach (var seats in borrowed.Skip(1).Append(own).Append(back)) seats.Leave();
        (await more).Leave();
        Assert.All(levels.Values, l => Assert.Equal(0, l.Used));
    }

    [Fact]
    public async Task Level_ThatMayNotBorrow_DoesNot()
    {
        var pool = new SeatPool(TimeProvider.System);
        var levels = pool.Configure(new Dictionary<string, LevelLimits> { ["lender"] = Limits(4, 0, 4), ["modest"] = Limits(1, 1, 1) });
        (await Enter(pool, levels["modest"], 1)).ToString();
        Assert.False(Enter(pool, levels["modest"], 1).IsCompleted);
    }

    [Fact]
    public async Task Request_WiderThanTheLevel_RunsAlone()
    {
        var pool = new SeatPool(TimeProvider.System);
        var level = pool.Configure(new Dictionary<string, LevelLimits> { ["a"] = Limits(2, 2, 2) })["a"];
        var wide = await Enter(pool, level, 1, 10);
        var next = Enter(pool, level, 1);
        Assert.False(next.IsCompleted);
        wide.Leave();
        (await next).Leave();
    }

    [Fact]
    public async Task Level_WithoutQueues_RefusesAtOnce()
    {
        var pool = new SeatPool(TimeProvider.System);
        var level = pool.Configure(new Dictionary<string, LevelLimits> { ["a"] = Limits(1, 1, 1, queues: 0) })["a"];
        await Enter(pool, level, 1);
        Assert.Equal(Rejection.ConcurrencyLimit, (await Assert.ThrowsAsync<RejectedException>(() => Enter(pool, level, 1))).Why);
    }

    [Fact]
    public async Task Client_ThatGoes_LeavesItsPlaceInTheQueue()
    {
        var pool = new SeatPool(TimeProvider.System);
        var level = pool.Configure(new Dictionary<string, LevelLimits> { ["a"] = Limits(1, 1, 1) })["a"];
        var first = await Enter(pool, level, 1);
        using var gone = new CancellationTokenSource();
        var waiting = pool.EnterAsync(level, Counts, 1, 1, TimeSpan.FromMinutes(1), gone.Token).AsTask();
        var next = Enter(pool, level, 1);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        first.Leave();
        (await next).Leave();
        Assert.Equal((0, 0), (level.Used, pool.Waiting));
    }

    [Fact]
    public async Task Waits_AreCounted_OfThoseThatRanAndOfThoseThatGaveUp()
    {
        var (time, counts) = (new ManualTime(), new FlowCounts("schema", "level"));
        var pool = new SeatPool(time);
        var level = pool.Configure(new Dictionary<string, LevelLimits> { ["a"] = Limits(1, 1, 1) })["a"];
        var first = await Enter(pool, level, 1);
        var late = pool.EnterAsync(level, counts, 1, 1, TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken).AsTask();
        var patient = pool.EnterAsync(level, counts, 1, 1, TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken).AsTask();
        time.Advance(TimeSpan.FromSeconds(3));
        await Assert.ThrowsAsync<RejectedException>(() => late);
        first.Leave();
        (await patient).Leave();
        var text = new MetricText();
        text.Begin("w", "histogram", "");
        counts.Waited.Write(text, ("execute", "true"));
        counts.WaitedInVain.Write(text, ("execute", "false"));
        var page = System.Text.Encoding.UTF8.GetString(text.ToResult().Body.Span);
        Assert.Contains("w_bucket{execute=\"true\",le=\"2\"} 0\nw_bucket{execute=\"true\",le=\"5\"} 1\n", page);
        Assert.Contains("w_sum{execute=\"true\"} 3\n", page);
        Assert.Contains("w_count{execute=\"false\"} 1\n", page);
    }

    [Fact]
    public async Task Configure_WithFewerLimits_LetsThoseInThatWait()
    {
        var pool = new SeatPool(TimeProvider.System);
        var level = pool.Configure(new Dictionary<string, LevelLimits> { ["a"] = Limits(1, 1, 1) })["a"];
        var first = await Enter(pool, level, 1);
        var second = Enter(pool, level, 1);
        pool.Configure(new Dictionary<string, LevelLimits> { ["a"] = Limits(2, 2, 2, queues: 4) });
        (await second).Leave();
        first.Leave();
        Assert.Equal(0, level.Used);
    }

    [Fact]
    public async Task ManyAtOnce_NeverExceedTheirSeats_AndAllComeThrough()
    {
        var pool = new SeatPool(TimeProvider.System);
        var level = pool.Configure(new Dictionary<string, LevelLimits> { ["a"] = Limits(3, 3, 3, length: 10_000) })["a"];
        var (running, most, done) = (0, 0, 0);
        await Task.WhenAll(Enumerable.Range(0, 2000).Select(i => Task.Run(async () =>
        {
            var seats = await Enter(pool, level, (ulong)(i % 7));
            var now = Interlocked.Increment(ref running);
            for (int seen; now > (seen = Volatile.Read(ref most)) && Interlocked.CompareExchange(ref most, now, seen) != seen;) { }
            await Task.Yield();
            Interlocked.Decrement(ref running);
            seats.Leave();
            Interlocked.Increment(ref done);
        })));
        Assert.Equal((2000, 0, 0), (done, level.Used, pool.Waiting));
        Assert.InRange(most, 1, 3);
    }

    [Fact]
    public void Enter_WhileSeatsAreFree_AllocatesNothing()
    {
        var pool = new SeatPool(TimeProvider.System);
        var level = pool.Configure(new Dictionary<string, LevelLimits> { ["a"] = Limits(10, 10, 10) })["a"];
        EnterAndLeave();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) EnterAndLeave();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void EnterAndLeave()
        {
            Assert.True(pool.TryEnter(level, Counts, 1, out var seats));
            seats.Leave();
        }
    }

    [Fact]
    public void Share_DividesTheSeatsAsUpstream()
    {
        var limits = LevelLimits.Share(FairnessDefaults.Levels, 600);
        Assert.Equal((245, 25, 845), (limits["workload-low"].Nominal, limits["workload-low"].Lower, limits["workload-low"].Upper));
        Assert.Equal((13, 13, 0), (limits["catch-all"].Nominal, limits["catch-all"].Lower, limits["catch-all"].Queues));
        Assert.True(limits["exempt"].IsExempt);
        Assert.Equal(8, limits["global-default"].MostSeats);
    }

    [Theory]
    [InlineData("GET", "/api/v1/pods", "admin", "system:masters", "exempt")]
    [InlineData("GET", "/healthz", "", "system:unauthenticated", "probes")]
    [InlineData("GET", "/livez/ping", "", "system:unauthenticated", "probes")]
    [InlineData("GET", "/healthzz", "", "system:unauthenticated", "global-default")]
    [InlineData("PUT", "/api/v1/nodes/n/status", "system:node:n", "system:nodes", "system-node-high")]
    [InlineData("GET", "/api/v1/namespaces/a/secrets/s", "system:node:n", "system:nodes", "system-nodes")]
    [InlineData("GET", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/x", "system:serviceaccount:kube-system:c", "system:serviceaccounts", "system-leader-election")]
    [InlineData("DELETE", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/x", "system:serviceaccount:kube-system:c", "system:serviceaccounts", "kube-system-service-accounts")]
    [InlineData("GET", "/api/v1/pods", "system:serviceaccount:kube-systemx:c", "system:serviceaccounts", "service-accounts")]
    [InlineData("GET", "/api/v1/pods", "system:kube-scheduler", "system:authenticated", "kube-scheduler")]
    [InlineData("GET", "/api/v1/pods", "jane", "system:authenticated", "global-default")]
    public void Matches_FindsTheFlowOfARequest(string method, string path, string user, string group, string flow) =>
        Assert.Equal(flow, FairnessDefaults.Schemas.OrderBy(s => s.Spec.MatchingPrecedence).First(s => new FlowMatcher(s).Matches(new UserInfo(user, [group]), RequestTarget.Parse(method, path, false))).Metadata.Name);
}
