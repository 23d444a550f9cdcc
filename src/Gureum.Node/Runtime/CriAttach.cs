using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Gureum.Node.Streaming.Spdy;

namespace Gureum.Node.Runtime;

/// <summary>
/// Attaches by way of the runtime's streaming server (the URL from CRI's Attach), over SPDY/3.1: unlike the WebSocket
/// protocol that older containerds know, it can end the input and leave the output open.
/// </summary>
internal sealed class CriAttach : IAttachSession
{
    private readonly SpdyConnection _connection;
    private readonly Task _pump;
    private readonly SpdyStream? _resize;
    private readonly Task _ended;
    private int _disposed;

    private CriAttach(SpdyConnection connection, Task pump, SpdyStream error, SpdyStream? stdin, SpdyStream? stdout, SpdyStream? stderr, SpdyStream? resize)
    {
        _connection = connection;
        _pump = pump;
        _resize = resize;
        Stdin = stdin is null ? null : new ClosingStream(stdin, () => Task.CompletedTask);
        Stdout = stdout;
        Stderr = stderr;
        _ended = AwaitStatusAsync(error);
    }

    public Stream? Stdin { get; }

    public Stream? Stdout { get; }

    public Stream? Stderr { get; }

    internal static async Task<IAttachSession> OpenAsync(Uri url, AttachRequest request, CancellationToken cancel)
    {
        Stream transport = await UpgradeAsync(url, cancel).ConfigureAwait(false);
        var connection = new SpdyConnection(transport, isServer: false);
        Task pump = connection.RunAsync(CancellationToken.None);
        try
        {
            SpdyStream error = await Open("error").ConfigureAwait(false);
            SpdyStream? stdin = request.Stdin ? await Open("stdin").ConfigureAwait(false) : null;
            SpdyStream? stdout = request.Stdout ? await Open("stdout").ConfigureAwait(false) : null;
            SpdyStream? stderr = request.Stderr && !request.Tty ? await Open("stderr").ConfigureAwait(false) : null;
            SpdyStream? resize = request.Tty ? await Open("resize").ConfigureAwait(false) : null;
            return new CriAttach(connection, pump, error, stdin, stdout, stderr, resize);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            await pump.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        Task<SpdyStream> Open(string type) => connection.OpenAsync(new Dictionary<string, string> { ["streamtype"] = type }, cancel);
    }

    public async Task ResizeAsync(TerminalSize size, CancellationToken cancel)
    {
        if (_resize is null) return;
        await _resize.WriteAsync(Encoding.UTF8.GetBytes($$"""{"Width":{{size.Width}},"Height":{{size.Height}}}""" + "\n"), cancel).ConfigureAwait(false);
    }

    public Task WaitAsync(CancellationToken cancel) => _ended.WaitAsync(cancel);

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await _connection.DisposeAsync().ConfigureAwait(false);
        await _pump.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // The server's last word: a metav1.Status, or nothing but the end.
    private static async Task AwaitStatusAsync(SpdyStream error)
    {
        using var buffer = new MemoryStream();
        try
        {
            await error.CopyToAsync(buffer).ConfigureAwait(false);
        }
        catch (SpdyException)
        {
            return; // the connection ended with the process
        }

        string text = Encoding.UTF8.GetString(buffer.ToArray());
        if (text.Length == 0) return;
        JsonNode? status = text.StartsWith('{') ? JsonNode.Parse(text) : null;
        if ((string?)status?["status"] != "Success")
            throw new ContainerRuntimeException(RuntimeFailure.Failed, $"attach: {(string?)status?["message"] ?? text}");
    }

    private static async Task<Stream> UpgradeAsync(Uri url, CancellationToken cancel)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(url.Host, url.Port, cancel).ConfigureAwait(false);
            var stream = new NetworkStream(socket, ownsSocket: true);
            string head = $"POST {url.PathAndQuery} HTTP/1.1\r\nHost: {url.Authority}\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
                + "X-Stream-Protocol-Version: v4.channel.k8s.io\r\nContent-Length: 0\r\n\r\n";
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head), cancel).ConfigureAwait(false);
            string answer = await ReadHeadAsync(stream, cancel).ConfigureAwait(false);
            if (answer.StartsWith("HTTP/1.1 101", StringComparison.Ordinal)) return stream;
            throw new ContainerRuntimeException(RuntimeFailure.Failed, $"attach: the runtime's streaming server refused: {answer.Split("\r\n")[0]}");
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new ContainerRuntimeException(RuntimeFailure.Unavailable, $"attach: the runtime's streaming server at {url.Authority} does not answer: {e.Message}", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // Byte by byte, since what follows the head belongs to SPDY already.
    private static async Task<string> ReadHeadAsync(NetworkStream stream, CancellationToken cancel)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (head.Length < 16 << 10)
        {
            if (await stream.ReadAsync(one, cancel).ConfigureAwait(false) == 0) break;
            head.Append((char)one[0]);
            if (one[0] == '\n' && head.Length >= 4 && head.ToString(head.Length - 4, 4) == "\r\n\r\n") break;
        }

        return head.ToString();
    }
}
