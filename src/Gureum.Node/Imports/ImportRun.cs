using Gureum.Images.Disks;
using Gureum.Client;

namespace Gureum.Node.Imports;

/// <summary>How far a run is: no run yet, under way, over.</summary>
internal enum ImportStage { Waiting, Running, Done, Refused, Failed }

/// <summary>What is known of the runs of one pod's job, at one moment. Immutable.</summary>
/// <param name="Restarts">Runs before this one.</param>
/// <param name="Part">How much is done, from 0 to 1.</param>
/// <param name="Message">Why it ended, when that was not well.</param>
internal sealed record ImportState(ImportStage Stage, int Restarts, DateTimeOffset? Started = null, DateTimeOffset? Ended = null, double Part = 0, string? Message = null);

/// <summary>The runs of one pod's job, one after the other (thread-safe state).</summary>
/// <param name="wake">Has the pod looked at.</param>
internal sealed class ImportRun(int restarts, Action wake, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan Tell = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource stop = new();
    private readonly Lock gate = new();
    private ImportState state = new(ImportStage.Waiting, restarts);
    private Task run = Task.CompletedTask;
    private Task? ending;
    private long told;

    internal ImportState State { get { lock (gate) return state; } }

    /// <summary>Begins a run, the first or the next.</summary>
    internal void Start(Func<Action<double>, CancellationToken, Task> job)
    {
        lock (gate)
        {
            if (state.Stage is ImportStage.Running or ImportStage.Done or ImportStage.Refused) return;
            state = new ImportState(ImportStage.Running, state.Stage == ImportStage.Failed ? state.Restarts + 1 : state.Restarts, time.GetUtcNow());
            run = Task.Run(() => RunAsync(job), CancellationToken.None);
        }
    }

    /// <summary>It ends here: nothing of it can be done.</summary>
    internal void Refuse(string message)
    {
        lock (gate) state = state with { Stage = ImportStage.Refused, Started = state.Started ?? time.GetUtcNow(), Ended = time.GetUtcNow(), Message = message };
    }

    private async Task RunAsync(Func<Action<double>, CancellationToken, Task> job)
    {
        try
        {
            await job(Note, stop.Token);
            End(ImportStage.Done, null);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested) { End(ImportStage.Failed, "it was interrupted"); }
        catch (ImportRefusedException e) { End(ImportStage.Refused, e.Message); }
        catch (Exception e) when (e is ImportFailedException or IOException or UnauthorizedAccessException or Gureum.Images.Disks.DiskException) { End(ImportStage.Failed, e.Message); }
        catch (Exception e)
        {
            Log.Current.Error("imports", "an import failed", e);
            End(ImportStage.Failed, e.Message);
        }
        wake();
    }

    private void Note(double part)
    {
        lock (gate)
        {
            state = state with { Part = part };
            if (told != 0 && time.GetElapsedTime(told) < Tell) return;
            told = time.GetTimestamp();
        }
        wake();
    }

    private void End(ImportStage stage, string? message)
    {
        lock (gate) state = state with { Stage = stage, Ended = time.GetUtcNow(), Message = message };
    }

    /// <summary>Interrupts what is under way, and waits until it has stopped. Whoever comes second waits as well.</summary>
    public async ValueTask DisposeAsync()
    {
        Task stopped;
        lock (gate) stopped = ending ??= StopAsync();
        await stopped;
    }

    private async Task StopAsync()
    {
        await stop.CancelAsync();
        await run;
        stop.Dispose();
    }
}
