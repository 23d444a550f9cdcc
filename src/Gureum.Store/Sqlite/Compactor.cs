namespace Gureum.Store.Sqlite;

/// <summary>Removes superfluous rows in steps that travel with other writes' commits. One compaction runs at a time.</summary>
internal sealed class Compactor(Writer writer) : IDisposable
{
    /// <summary>Rows for each step: a millisecond or so of the writer's time.</summary>
    private const int Step = 256;

    private readonly SemaphoreSlim turn = new(1);

    /// <summary>Moves the mark, then removes what it makes superfluous.</summary>
    public async Task CompactAsync(long revision, CancellationToken cancel)
    {
        await turn.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (revision > writer.State.Compacted)
            {
                await writer.Submit(new CompactRequest(revision)).ConfigureAwait(false);
            }
            foreach (var rows in Superfluous.At(writer.State).Chunk(Step))
            {
                cancel.ThrowIfCancellationRequested();
                await writer.Submit(new ForgetRequest(rows)).ConfigureAwait(false);
            }
        }
        finally
        {
            turn.Release();
        }
    }

    public void Dispose() => turn.Dispose();
}
