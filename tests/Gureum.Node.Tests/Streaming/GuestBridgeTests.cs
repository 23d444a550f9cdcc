using System.IO.Pipelines;
using System.Text;
using Gureum.Node.Streaming;

namespace Gureum.Node.Tests.Streaming;

public sealed class GuestBridgeTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Run_GuestEnds_TheClientGetsAllAndAFarewell(bool mayDrop)
    {
        using var guest = new Ends();
        var client = new Client();
        await guest.ToUs.WriteAsync("last words"u8.ToArray());
        guest.ToUs.Complete();

        await GuestBridge.RunAsync(guest, client, mayDrop, CancellationToken.None);

        Assert.Equal(("last words", true), (client.Heard, client.ToldGoodbye));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Run_ClientHangsUp_EndsAfterWhatItSaid(bool mayDrop)
    {
        using var guest = new Ends();
        var client = new Client();
        await client.Says.Writer.WriteAsync("reboot\r"u8.ToArray());
        client.Says.Writer.Complete();

        await GuestBridge.RunAsync(guest, client, mayDrop, CancellationToken.None);

        Assert.Equal(("reboot\r", true), (guest.Heard, client.ToldGoodbye));
    }

    [Fact]
    public async Task Run_ClientThatReadsNothing_DoesNotHoldUpTheConsole()
    {
        using var guest = new Ends();
        var client = new Client { Stuck = new TaskCompletionSource() };
        Task bridge = GuestBridge.RunAsync(guest, client, mayDrop: true, CancellationToken.None);

        // Far more than any buffer on the way: it is taken all the same.
        for (var i = 0; i < 64; i++) await guest.ToUs.WriteAsync(Encoding.ASCII.GetBytes(new string((char)('a' + i % 26), 64 << 10)));
        await guest.ToUs.WriteAsync("the newest"u8.ToArray());
        await guest.WaitReadAsync();
        client.Stuck.SetResult();
        guest.ToUs.Complete();
        await bridge;

        Assert.EndsWith("the newest", client.Heard);
        Assert.InRange(client.Heard.Length, 256 << 10, 512 << 10);
    }

    [Fact]
    public async Task Run_GuestThatRefusesToHear_IsStillHeardToItsEnd()
    {
        using var guest = new Ends { Deaf = true };
        var client = new Client();
        await client.Says.Writer.WriteAsync("x"u8.ToArray());
        await guest.ToUs.WriteAsync("closing"u8.ToArray());
        guest.ToUs.Complete();

        await GuestBridge.RunAsync(guest, client, mayDrop: false, CancellationToken.None);

        Assert.Equal(("closing", true), (client.Heard, client.ToldGoodbye));
    }

    [Fact]
    public async Task RecentBytes_MoreThanItHolds_KeepsTheNewest()
    {
        using var recent = new RecentBytes(8);
        recent.Write("abcdef"u8);
        recent.Write("ghij"u8);
        recent.End();

        var (buffer, text) = (new byte[100], "");
        int read;
        while ((read = await recent.ReadAsync(buffer, CancellationToken.None)) > 0) text += Encoding.ASCII.GetString(buffer, 0, read);

        Assert.Equal(("cdefghij", 2L), (text, recent.Dropped));
        recent.Write("0123456789abc"u8);
        Assert.Equal(7L, recent.Dropped);
    }

    /// <summary>A client in memory.</summary>
    private sealed class Client : IGuestClient
    {
        private readonly StringBuilder heard = new();

        internal Pipe Says { get; } = new();
        internal bool ToldGoodbye { get; private set; }
        internal TaskCompletionSource? Stuck { get; init; }
        internal string Heard => heard.ToString();

        public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancel) => Says.Reader.AsStream(leaveOpen: true).ReadAsync(buffer, cancel);

        public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel)
        {
            if (Stuck is not null) await Stuck.Task.WaitAsync(cancel);
            heard.Append(Encoding.ASCII.GetString(data.Span));
        }

        public Task EndAsync(CancellationToken cancel)
        {
            ToldGoodbye = true;
            Says.Writer.Complete();
            return Task.CompletedTask;
        }
    }

    /// <summary>A guest's stream in memory.</summary>
    private sealed class Ends : Stream
    {
        private readonly Pipe said = new(new PipeOptions(pauseWriterThreshold: 128 << 10, resumeWriterThreshold: 64 << 10, useSynchronizationContext: false));
        private readonly StringBuilder heard = new();
        private long read, written;

        internal Writer ToUs => new(this);
        internal string Heard => heard.ToString();
        internal bool Deaf { get; init; }

        private void Count(int bytes) => Interlocked.Add(ref written, bytes);

        internal async Task WaitReadAsync()
        {
            while (Interlocked.Read(ref read) < Interlocked.Read(ref written)) await Task.Delay(5);
        }

        public override bool CanRead => true;
        public override bool CanWrite => true;
        public override bool CanSeek => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await said.Reader.AsStream(leaveOpen: true).ReadAsync(buffer, cancellationToken);
            Interlocked.Add(ref read, count);
            return count;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Deaf) throw new IOException("the other side has hung up");
            heard.Append(Encoding.ASCII.GetString(buffer.Span));
            return ValueTask.CompletedTask;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();

        internal readonly struct Writer(Ends ends)
        {
            internal async Task WriteAsync(byte[] data)
            {
                ends.Count(data.Length);
                await ends.said.Writer.WriteAsync(data);
            }

            internal void Complete() => ends.said.Writer.Complete();
        }
    }
}
