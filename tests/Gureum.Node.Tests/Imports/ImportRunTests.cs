using Gureum.Node.Imports;

namespace Gureum.Node.Tests.Imports;

public sealed class ImportRunTests
{
    private readonly SemaphoreSlim woken = new(0);

    private ImportRun Run(int restarts = 0) => new(restarts, () => woken.Release(), TimeProvider.System);

    private async Task<ImportState> OverAsync(ImportRun run)
    {
        while (run.State.Stage == ImportStage.Running) Assert.True(await woken.WaitAsync(TimeSpan.FromSeconds(60)), "the run neither ended nor said anything");
        return run.State;
    }

    [Fact]
    public async Task Start_OfAJobThatFails_IsOverAndCountsTheNext()
    {
        await using var run = Run(restarts: 2);
        run.Start((_, _) => throw new ImportFailedException("no route"));
        Assert.Equal((ImportStage.Failed, 2, "no route"), (await OverAsync(run) is var failed ? (failed.Stage, failed.Restarts, failed.Message) : default));
        run.Start((progress, _) => { progress(1); return Task.CompletedTask; });
        var done = await OverAsync(run);
        Assert.Equal((ImportStage.Done, 3, null, 1.0), (done.Stage, done.Restarts, done.Message, done.Part));
    }

    [Fact]
    public async Task Start_AfterARefusal_DoesNothing()
    {
        await using var run = Run();
        run.Start((_, _) => throw new ImportRefusedException("it is a VMDK file"));
        Assert.Equal(ImportStage.Refused, (await OverAsync(run)).Stage);
        run.Start((_, _) => Task.CompletedTask);
        Assert.Equal((ImportStage.Refused, "it is a VMDK file"), (run.State.Stage, run.State.Message));
    }

    [Fact]
    public async Task DisposeAsync_OfAJobUnderWay_InterruptsItAndWaits()
    {
        var run = Run();
        var ended = false;
        run.Start(async (_, cancel) =>
        {
            try { await Task.Delay(Timeout.Infinite, cancel); }
            finally { ended = true; }
        });
        await Task.WhenAll(run.DisposeAsync().AsTask(), run.DisposeAsync().AsTask());
        await run.DisposeAsync();
        Assert.Equal((true, ImportStage.Failed, "it was interrupted"), (ended, run.State.Stage, run.State.Message));
    }
}
