namespace Gureum.Store.Tests.Contract;

public abstract partial class StoreContract
{
    [Fact]
    public async Task Get_AbsentKey_IsNull() => Assert.Null(await Store.GetAsync("nothing", Cancel));

    [Fact]
    public async Task Range_Bounds_IncludeFromExcludeToInOrdinalOrder()
    {
        foreach (var key in (string[])["b", "a/2", "a/10", "a/1", "a", "A", "a0"])
        {
            await PutAsync(key, key);
        }
        var result = await Store.RangeAsync("a/", "a0", cancel: Cancel);
        Assert.Equal(["a/1", "a/10", "a/2"], result.Entries.Select(entry => entry.Key));
        Assert.Equal((Store.Revision, false), (result.Revision, result.More));
        Assert.All(result.Entries, entry => Assert.Equal(entry.Key, Text(entry)));
        Assert.Equal(["A", "a", "a/1"], (await Store.RangeAsync("A", "a/10", cancel: Cancel)).Entries.Select(entry => entry.Key));
    }

    [Fact]
    public async Task Range_EmptyOrInverted_HasNoEntries()
    {
        await PutAsync("b", "1");
        Assert.Empty((await Store.RangeAsync("c", "d", cancel: Cancel)).Entries);
        Assert.Empty((await Store.RangeAsync("c", "a", cancel: Cancel)).Entries);
        Assert.Empty((await Store.RangeAsync("b", "b", cancel: Cancel)).Entries);
    }

    [Fact]
    public async Task Range_Limit_CutsAndSaysSo()
    {
        foreach (var key in (string[])["a", "b", "c"])
        {
            await PutAsync(key, "1");
        }
        var two = await Store.RangeAsync("a", "z", limit: 2, cancel: Cancel);
        Assert.Equal((2, true), (two.Entries.Count, two.More));
        var three = await Store.RangeAsync("a", "z", limit: 3, cancel: Cancel);
        Assert.Equal((3, false), (three.Entries.Count, three.More));
    }

    [Fact]
    public async Task Range_AtOlderRevision_ShowsTheStateOfThen()
    {
        var first = await PutAsync("a", "1");
        var second = await PutAsync("b", "1");
        var third = await PutAsync("a", "2");
        var fourth = await DeleteAsync("b");
        var fifth = await PutAsync("b", "2");
        Assert.Equal("a=1", await StateAsync(first));
        Assert.Equal("a=1 b=1", await StateAsync(second));
        Assert.Equal("a=2 b=1", await StateAsync(third));
        Assert.Equal("a=2", await StateAsync(fourth));
        Assert.Equal("a=2 b=2", await StateAsync(fifth));
        Assert.Equal("a=2 b=2", await StateAsync(0));
    }

    [Fact]
    public async Task Range_AtAFutureRevision_IsRefusedWithTheNewest()
    {
        var newest = await PutAsync("a", "1");
        var refusal = await Assert.ThrowsAsync<RevisionInFutureException>(async () =>
            await Store.RangeAsync("a", "z", newest + 7, cancel: Cancel));
        Assert.Equal((newest + 7, newest), (refusal.Asked, refusal.Newest));
    }

    [Fact]
    public async Task Range_ManyKeys_ComesComplete()
    {
        await Task.WhenAll(Enumerable.Range(0, 700).Select(n => PutAsync($"many/{n:d4}", $"{n}")));
        await Task.WhenAll(Enumerable.Range(0, 60).Select(n => PutAsync($"many/{n * 10:d4}", $"new {n * 10}")));
        var all = await Store.RangeAsync("many/", "many0", cancel: Cancel);
        Assert.Equal(
            Enumerable.Range(0, 700).Select(n => n % 10 == 0 && n < 600 ? $"new {n}" : $"{n}"),
            all.Entries.Select(Text));
    }

    /// <summary>Any history of writes reads back, at every revision, as a model has it.</summary>
    [Fact]
    public async Task Range_AfterRandomHistory_EqualsAModelAtEveryRevision()
    {
        var random = new Random(20);
        var model = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var states = new Dictionary<long, string>();
        for (var step = 0; step < 300; step++)
        {
            var key = $"k{random.Next(12)}";
            if (random.Next(3) == 0)
            {
                model.Remove(key);
                await DeleteAsync(key);
            }
            else
            {
                model[key] = $"{step}";
                await PutAsync(key, $"{step}");
            }
            states[Store.Revision] = string.Join(' ', model.Select(pair => $"{pair.Key}={pair.Value}"));
        }
        foreach (var (revision, state) in states)
        {
            Assert.Equal(state, await StateAsync(revision));
        }
    }

    private async Task<string> StateAsync(long revision)
    {
        var range = await Store.RangeAsync("a", "z", revision, cancel: Cancel);
        Assert.Equal(revision == 0 ? Store.Revision : revision, range.Revision);
        return string.Join(' ', range.Entries.Select(entry => $"{entry.Key}={Text(entry)}"));
    }
}
