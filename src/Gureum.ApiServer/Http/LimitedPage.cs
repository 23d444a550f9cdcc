using System.Text;

namespace Gureum.ApiServer.Http;

/// <summary>Gathers what is written while it is as small as a page; from then on everything goes to another stream unchanged. Not thread-safe.</summary>
internal sealed class LimitedPage(Stream beyond) : Stream
{
    private const int MostBytes = 4 * 1024 * 1024;

    private MemoryStream? gathered = new();

    /// <summary>The page as UTF-8 text; null when it was too large and has been sent on.</summary>
    internal string? Whole => gathered is null ? null : Encoding.UTF8.GetString(gathered.GetBuffer(), 0, (int)gathered.Length);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (gathered is not null && gathered.Length + buffer.Length <= MostBytes) { gathered.Write(buffer.Span); return; }
        if (gathered is not null)
        {
            var before = gathered.GetBuffer().AsMemory(0, (int)gathered.Length);
            gathered = null;
            await beyond.WriteAsync(before, cancellationToken);
        }
        await beyond.WriteAsync(buffer, cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    public override Task FlushAsync(CancellationToken cancellationToken) => gathered is null ? beyond.FlushAsync(cancellationToken) : Task.CompletedTask;
    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
    public override void Flush() { }
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
