namespace Gureum.Node.Runtime;

/// <summary>A write-only stream that does something more when it is closed.</summary>
internal sealed class ClosingStream(Stream inner, Func<Task> afterClose) : WriteOnlyStream
{
    private int _closed;

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.WriteAsync(buffer, cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0) return;
        await inner.DisposeAsync().ConfigureAwait(false);
        await afterClose().ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }
}
