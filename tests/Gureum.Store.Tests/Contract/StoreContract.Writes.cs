namespace Gureum.Store.Tests.Contract;

public abstract partial class StoreContract
{
    [Fact]
    public async Task Write_NewKey_HasTheNextRevisionAsCreationAndModification()
    {
        var before = Store.Revision;
        var result = await Store.WriteAsync(new Write("a", Bytes("1"), Expected: 0), Cancel);
        Assert.True(result.Succeeded);
        Assert.Equal(before + 1, result.Revision);
        Assert.Equal(before + 1, Store.Revision);
        Assert.Equal(("a", before + 1, before + 1, "1"), Shape(result.Current));
        Assert.Equal(("a", before + 1, before + 1, "1"), Shape(await Store.GetAsync("a", Cancel)));
    }

    [Fact]
    public async Task Write_ExistingKey_KeepsCreationRevision()
    {
        var created = await PutAsync("a", "1");
        await PutAsync("b", "1");
        var updated = await PutAsync("a", "2", created);
        Assert.Equal(("a", created, updated, "2"), Shape(await Store.GetAsync("a", Cancel)));
    }

    [Fact]
    public async Task Write_ExpectedAbsentButThere_ChangesNothingAndShowsTheEntryInTheWay()
    {
        var there = await PutAsync("a", "1");
        var result = await Store.WriteAsync(new Write("a", Bytes("2"), Expected: 0), Cancel);
        Assert.False(result.Succeeded);
        Assert.Equal(there, result.Revision);
        Assert.Equal(("a", there, there, "1"), Shape(result.Current));
        Assert.Equal("1", Text(await Store.GetAsync("a", Cancel)));
        Assert.Equal(there, Store.Revision);
    }

    [Fact]
    public async Task Write_ExpectedOlderRevision_ChangesNothingAndShowsTheNewerEntry()
    {
        var first = await PutAsync("a", "1");
        var second = await PutAsync("a", "2");
        var result = await Store.WriteAsync(new Write("a", Bytes("3"), first), Cancel);
        Assert.False(result.Succeeded);
        Assert.Equal(("a", first, second, "2"), Shape(result.Current));
    }

    [Fact]
    public async Task Write_ExpectedThereButAbsent_FailsWithoutEntry()
    {
        var before = await PutAsync("b", "1");
        var result = await Store.WriteAsync(new Write("a", Bytes("1"), before), Cancel);
        Assert.False(result.Succeeded);
        Assert.Null(result.Current);
        Assert.Null(await Store.GetAsync("a", Cancel));
    }

    [Fact]
    public async Task Delete_ExistingKey_TakesARevisionAndRemovesIt()
    {
        var created = await PutAsync("a", "1");
        var result = await Store.WriteAsync(new Write("a", null, created), Cancel);
        Assert.True(result.Succeeded);
        Assert.Equal(created + 1, result.Revision);
        Assert.Null(result.Current);
        Assert.Null(await Store.GetAsync("a", Cancel));
    }

    [Fact]
    public async Task Delete_ExpectedOlderRevision_KeepsTheKey()
    {
        var first = await PutAsync("a", "1");
        await PutAsync("a", "2");
        Assert.False((await Store.WriteAsync(new Write("a", null, first), Cancel)).Succeeded);
        Assert.Equal("2", Text(await Store.GetAsync("a", Cancel)));
    }

    [Fact]
    public async Task Delete_AbsentKey_SucceedsWithoutARevision()
    {
        var before = await PutAsync("b", "1");
        var result = await Store.WriteAsync(new Write("a", null), Cancel);
        Assert.True(result.Succeeded);
        Assert.Equal((before, null), (result.Revision, result.Current));
        Assert.Equal(before, Store.Revision);
    }

    [Fact]
    public async Task Write_AfterDelete_StartsANewLife()
    {
        await PutAsync("a", "1");
        await DeleteAsync("a");
        var again = await PutAsync("a", "2", expected: 0);
        Assert.Equal(("a", again, again, "2"), Shape(await Store.GetAsync("a", Cancel)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5000)]
    [InlineData(1_000_000)]
    public async Task Write_ValueOfAnySize_ReadsBackTheSameBytes(int size)
    {
        var value = new byte[size];
        new Random(size).NextBytes(value);
        await Store.WriteAsync(new Write("a", value), Cancel);
        var entry = await Store.GetAsync("a", Cancel);
        Assert.NotNull(entry);
        Assert.True(entry.Value.Span.SequenceEqual(value));
        Assert.True((await Store.RangeAsync("a", "b", cancel: Cancel)).Entries[0].Value.Span.SequenceEqual(value));
    }

    [Theory]
    [InlineData("")]
    [InlineData("schlüssel")]
    [InlineData("nul\0")]
    public async Task Write_KeyThatIsNotAscii_IsRefused(string key) =>
        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.WriteAsync(new Write(key, Bytes("1")), Cancel));

    [Fact]
    public async Task Write_NegativeExpectationOrNoTimeToLive_IsRefused()
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () =>
            await Store.WriteAsync(new Write("a", Bytes("1"), Expected: -1), Cancel));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () =>
            await Store.WriteAsync(new Write("a", Bytes("1"), TimeToLive: TimeSpan.Zero), Cancel));
    }

    [Fact]
    public async Task Write_CancelledBefore_ChangesNothing()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await Store.WriteAsync(new Write("a", Bytes("1")), new CancellationToken(canceled: true)));
        Assert.Null(await Store.GetAsync("a", Cancel));
    }

    /// <summary>Optimistic writers that retry on refusal never lose an increment.</summary>
    [Fact]
    public async Task Write_ManyWritersCompareAndSwap_NoIncrementIsLost()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            for (var done = 0; done < 25;)
            {
                var now = await Store.GetAsync("counter", Cancel);
                var next = now is null ? 1 : int.Parse(Text(now), null) + 1;
                var result = await Store.WriteAsync(new Write("counter", Bytes($"{next}"), now?.ModRevision ?? 0), Cancel);
                done += result.Succeeded ? 1 : 0;
            }
        })));
        Assert.Equal("200", Text(await Store.GetAsync("counter", Cancel)));
    }

    [Fact]
    public async Task Write_ManyWriters_EachGetsARevisionOfItsOwn()
    {
        var before = Store.Revision;
        var revisions = await Task.WhenAll(Enumerable.Range(0, 300).Select(n => Task.Run(() => PutAsync($"k{n % 40}", $"{n}"))));
        Assert.Equal(Enumerable.Range(1, 300).Select(n => before + n), revisions.Order());
    }

    private static (string Key, long Created, long Modified, string Value) Shape(Entry? entry)
    {
        Assert.NotNull(entry);
        return (entry.Key, entry.CreateRevision, entry.ModRevision, Text(entry));
    }
}
