using System.Runtime.InteropServices;
using Gureum.Libvirt.Native;

namespace Gureum.Libvirt.Streams;

/// <summary>
/// A libvirt stream as a .NET stream for reading and writing at the same time (one reader, one writer). It never blocks a
/// thread: libvirt's event loop says when there is something to read or room to write, and is asked only while somebody waits.
/// Reading ends with 0 when the other side has hung up. Disposal aborts the stream. Thread-safe for one reader and one writer.
/// </summary>
internal sealed class DomainStream : Stream
{
    private const int WouldBlock = -2;

    private readonly StreamHandle _handle;
    private readonly string _what;
    private readonly Lock _gate = new();
    private TaskCompletionSource? _readable, _writable;
    private int _watched;
    private bool _hungUp, _disposed;

    private DomainStream(StreamHandle handle, string what) => (_handle, _what) = (handle, what);

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Opens a stream. Blocks: it runs in <see cref="BlockingCalls"/>.</summary>
    /// <param name="hypervisor">The connection.</param>
    /// <param name="open">Connects the stream with something of a machine's.</param>
    /// <param name="what">What is attempted.</param>
    internal static unsafe DomainStream Open(Hypervisor hypervisor, Func<StreamHandle, int> open, string what)
    {
        StreamHandle handle = LibvirtException.Check(Virt.virStreamNew(hypervisor.Handle, Virt.StreamNonBlocking), what);
        try
        {
            LibvirtException.Check(open(handle), what);
            var stream = new DomainStream(handle, what);
            var self = GCHandle.ToIntPtr(GCHandle.Alloc(stream));
            LibvirtException.Check(Virt.virStreamEventAddCallback(handle, Virt.StreamError | Virt.StreamHangup, &OnEvent, self, &OnFree), what);
            return stream;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty) return 0;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Task wait;
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                int count = Receive(buffer.Span);
                if (count >= 0) return count;
                if (_hungUp) return 0;
                _readable ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                wait = _readable.Task;
                Ask();
            }

            await wait.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Task wait;
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (_hungUp) throw new IOException($"{_what}: the other side has hung up");
                int count = Send(buffer.Span);
                if (_hungUp) continue;
                if (count >= 0)
                {
                    buffer = buffer[count..];
                    continue;
                }

                _writable ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                wait = _writable.Task;
                Ask();
            }

            await wait.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            lock (_gate)
            {
                if (_disposed) return;
                _disposed = true;
                _readable?.TrySetException(new ObjectDisposedException(_what));
                _writable?.TrySetException(new ObjectDisposedException(_what));
            }

            // Aborting waits for libvirtd: not on the caller's thread.
            _ = BlockingCalls.Shared.RunAsync(HangUpOurSide, CancellationToken.None);
        }

        base.Dispose(disposing);
    }

    private int HangUpOurSide()
    {
        _ = Virt.virStreamEventRemoveCallback(_handle);
        _ = Virt.virStreamAbort(_handle);
        Virt.virResetLastError();
        _handle.Dispose();
        return 0;
    }

    private unsafe int Receive(Span<byte> buffer)
    {
        fixed (byte* start = buffer) return Result(Virt.virStreamRecv(_handle, start, (nuint)buffer.Length));
    }

    private unsafe int Send(ReadOnlySpan<byte> buffer)
    {
        fixed (byte* start = buffer) return Result(Virt.virStreamSend(_handle, start, (nuint)buffer.Length));
    }

    /// <summary>What was moved, or <see cref="WouldBlock"/>.</summary>
    private int Result(int count)
    {
        if (count is >= 0 or WouldBlock) return count;
        // libvirt has no other end of a stream than an error: the machine ended, somebody took the console over, libvirtd died.
        Virt.virResetLastError();
        HangUp();
        return 0;
    }

    /// <summary>Asks to be told of what somebody waits for. Holds the gate.</summary>
    private void Ask()
    {
        int wanted = Virt.StreamError | Virt.StreamHangup | (_readable is null ? 0 : Virt.StreamReadable) | (_writable is null ? 0 : Virt.StreamWritable);
        if (wanted == _watched) return;
        _watched = wanted;
        if (Virt.virStreamEventUpdateCallback(_handle, wanted) >= 0) return;
        Virt.virResetLastError(); // the callback is gone with the connection
        HangUp();
    }

    private void Happened(int events)
    {
        lock (_gate)
        {
            if (_disposed) return;
            if ((events & (Virt.StreamError | Virt.StreamHangup)) != 0)
            {
                HangUp();
                return;
            }

            TaskCompletionSource? readable = null, writable = null;
            if ((events & Virt.StreamReadable) != 0) (readable, _readable) = (_readable, null);
            if ((events & Virt.StreamWritable) != 0) (writable, _writable) = (_writable, null);
            Ask();
            readable?.TrySetResult();
            writable?.TrySetResult();
        }
    }

    private void HangUp()
    {
        _hungUp = true;
        _readable?.TrySetResult();
        _writable?.TrySetResult();
        (_readable, _writable) = (null, null);
    }

    [UnmanagedCallersOnly]
    private static void OnEvent(IntPtr stream, int events, IntPtr opaque) => ((DomainStream)GCHandle.FromIntPtr(opaque).Target!).Happened(events);

    [UnmanagedCallersOnly]
    private static void OnFree(IntPtr opaque) => GCHandle.FromIntPtr(opaque).Free();
}
