using Gureum.OpenStack.Consoles;

namespace Gureum.OpenStack.Tests;

public sealed class ConsoleGrantsTests
{
    private sealed class Clock : TimeProvider
    {
        internal DateTimeOffset Now { get; set; } = new(2026, 12, 1, 12, 0, 0, TimeSpan.Zero);
        public override DateTimeOffset GetUtcNow() => Now;
    }

    [Fact]
    public void Find_WithinTenMinutes_FindsWhatTheSecretOpens()
    {
        var clock = new Clock();
        var grants = new ConsoleGrants(clock);
        var (one, other) = (grants.Add("/one", "t1"), grants.Add("/other", "t2"));
        Assert.NotEqual(one, other);
        Assert.Equal(64, one.Length);
        clock.Now += TimeSpan.FromMinutes(9);
        Assert.Equal(("/one", "t1"), (grants.Find(one)!.Path, grants.Find(one)!.Token));
        Assert.Equal("/other", grants.Find(other)!.Path);
        clock.Now += TimeSpan.FromMinutes(1);
        Assert.Null(grants.Find(one));
        grants.Add("/third", "t3");
        Assert.Null(grants.Find(one));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("0")]
    public void Find_WhatIsNoSecret_FindsNothing(string? secret)
    {
        var grants = new ConsoleGrants(new Clock());
        grants.Add("/one", "t");
        Assert.Null(grants.Find(secret));
    }
}
