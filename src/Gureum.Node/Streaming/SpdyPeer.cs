using System.Threading.Channels;
using Gureum.Node.Runtime;
using Gureum.Node.Streaming.Spdy;

namespace Gureum.Node.Streaming;

/// <summary>A remotecommand client over SPDY/3.1 (protocol v4): older clients, and those that fall back.</summary>
internal sealed class SpdyPeer : IRemotePeer
{
    internal const string V4 = "v4.channel.k8s.io";

    private static readonly TimeSpan StreamsTimeout = TimeSpan.FromSeconds(30);

    private readonly SpdyConnection _connection;
    private readonly Task _pump;
    private readonly SpdyStream _error;
    private readonly SpdyStream? _stdout, _stderr;
    private readonly Channel<TerminalSize> _resizes = Channel.CreateBounded<TerminalSize>(
        new BoundedChannelOptions(8) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly CancellationTokenSource _gone = new();

    private SpdyPeer(SpdyConnection connection, Task pump, IReadOnlyDictionary<string, SpdyStream> streams)
    {
        _connection = connection;
        _error = streams["error"];
        Stdin = streams.GetValueOrDefault("stdin");
        _stdout = streams.GetValueOrDefault("stdout");
        _stderr = streams.GetValueOrDefault("stderr");
        _pump = WatchAsync(pump);
        _ = ReadResizesAsync(streams.GetValueOrDefault("resize"));
    }

    public Stream? Stdin { get; }

    public Stream? Stdout => _stdout;

    public Stream? Stderr => _stderr;

    public ChannelReader<TerminalSize> Resizes => _resizes.Reader;

    public CancellationToken Gone => _gone.Token;

    /// <summary>Waits until the client has opened the streams that its request promised.</summary>
    /// <exception cref="SpdyException">It opened others, none in time, or hung up.</exception>
    internal static async Task<SpdyPeer> AcceptAsync(Stream transport, bool stdin, bool stdout, bool stderr, bool tty, CancellationToken cancel)
    {
        var connection = new SpdyConnection(transport, isServer: true);
        Task pump = connection.RunAsync(cancel);
        try
        {
            HashSet<string> missing = ["error"];
            if (stdin) missing.Add("stdin");
            if (stdout) missing.Add("stdout");
            if (stderr && !tty) missing.Add("stderr");
            if (tty) missing.Add("resize");
            var streams = new Dictionary<string, SpdyStream>();
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            deadline.CancelAfter(StreamsTimeout);
            while (missing.Count > 0)
            {
                SpdyStream stream = await connection.Incoming.ReadAsync(deadline.Token).ConfigureAwait(false);
                string type = stream.Headers.GetValueOrDefault("streamtype", "");
                if (!missing.Remove(type)) throw new SpdyException($"a stream of type \"{type}\": still expected are {string.Join(", ", missing)}");
                streams[type] = stream;
            }

            return new SpdyPeer(connection, pump, streams);
        }
        catch (Exception e)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            await pump.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (e is ChannelClosedException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
                throw new SpdyException("the client did not open its streams", e);
            throw;
        }
    }

    public async Task SendStatusAsync(byte[] status)
    {
        // Outputs end first: clients take the last word for the end of everything.
        if (_stdout is not null) await _stdout.CloseWriteAsync().ConfigureAwait(false);
        if (_stderr is not null) await _stderr.CloseWriteAsync().ConfigureAwait(false);
        await _error.WriteAsync(status, Gone).ConfigureAwait(false);
        await _error.CloseWriteAsync().ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync().ConfigureAwait(false);
        await _pump.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task WatchAsync(Task pump)
    {
        await pump.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _gone.CancelAsync().ConfigureAwait(false);
    }

    private async Task ReadResizesAsync(SpdyStream? stream)
    {
        if (stream is null) return;
        byte[] buffer = new byte[1024];
        try
        {
            while (await stream.ReadAsync(buffer, Gone).ConfigureAwait(false) is var read and > 0)
            {
                // Several messages may have arrived at once: only the last size counts.
                ReadOnlySpan<byte> text = buffer.AsSpan(0, read).TrimEnd((byte)'\n');
                if (ResizeMessage.Parse(text[(text.LastIndexOf((byte)'\n') + 1)..]) is { } size) _resizes.Writer.TryWrite(size);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // the client is gone
        }

        _resizes.Writer.TryComplete();
    }
}
