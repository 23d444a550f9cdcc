using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Gureum.Network.Netlink;

namespace Gureum.Network.Tenants;

/// <summary>What a guest asks of 169.254.169.254.</summary>
/// <param name="Networks">Ids of the networks that it may be on.</param>
/// <param name="Source">Its address there.</param>
/// <param name="Path">As it came, with the question mark and what follows.</param>
public sealed record MetadataRequest(ImmutableArray<string> Networks, IPAddress Source, string Method, string Path);

/// <summary>What it is told.</summary>
public sealed record MetadataAnswer(int Status, string ContentType, ReadOnlyMemory<byte> Body)
{
    /// <summary>There is no such thing.</summary>
    public static MetadataAnswer NotFound { get; } = Text(404, "404 Not Found\n");

    /// <summary>Plain text.</summary>
    public static MetadataAnswer Text(int status, string text) => new(status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(text));
}

/// <summary>Answers a guest.</summary>
public delegate Task<MetadataAnswer> MetadataHandler(MetadataRequest request, CancellationToken cancel);

/// <summary>
/// The listener at 169.254.169.254:80 of one namespace: HTTP/1.1 as far as its clients speak it, one request for each connection. Whoever
/// is on the network may connect, so that everything has a limit. Thread-safe.
/// </summary>
internal sealed class MetadataListener : IAsyncDisposable
{
    internal static readonly IPAddress Address = new([169, 254, 169, 254]);
    private const int Port = 80, LongestHead = 16 * 1024, MostBody = 64 * 1024, MostConnections = 64;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Socket listener;
    private readonly Func<ImmutableArray<string>> networks;
    private readonly MetadataHandler handler;
    private readonly Action<Exception>? onFault;
    private readonly SemaphoreSlim connections = new(MostConnections);
    private readonly CancellationTokenSource stop = new();
    private readonly Task loop;

    private MetadataListener(Socket listener, Func<ImmutableArray<string>> networks, MetadataHandler handler, Action<Exception>? onFault)
    {
        (this.listener, this.networks, this.handler, this.onFault) = (listener, networks, handler, onFault);
        loop = Task.Run(AcceptAsync);
    }

    /// <exception cref="SocketException">The address is not there, or another program listens.</exception>
    internal static MetadataListener Start(NetNamespace where, Func<ImmutableArray<string>> networks, MetadataHandler handler, Action<Exception>? onFault) => new(where.Run(() =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(Address, Port));
            socket.Listen(MostConnections);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }), networks, handler, onFault);

    private async Task AcceptAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await connections.WaitAsync(stop.Token);
                var client = await listener.AcceptAsync(stop.Token);
                _ = ServeAsync(client);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException) { return; }
            catch (SocketException) { connections.Release(); }
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using (client)
        {
            try
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
                limit.CancelAfter(Patience);
                var answer = await ReadAsync(client, limit.Token) is not var (method, path) ? MetadataAnswer.Text(400, "400 Bad Request: this is no HTTP request\n")
                    : await AnswerAsync(new MetadataRequest(networks(), ((IPEndPoint)client.RemoteEndPoint!).Address, method, path), limit.Token);
                await WriteAsync(client, answer, limit.Token);
                client.Shutdown(SocketShutdown.Both);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException) { /* it went, or took too long */ }
            finally { connections.Release(); }
        }
    }

    private async Task<MetadataAnswer> AnswerAsync(MetadataRequest request, CancellationToken cancel)
    {
        try { return await handler(request, cancel); }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            onFault?.Invoke(e);
            return MetadataAnswer.Text(500, "500 Internal Server Error\n");
        }
    }

    // The request's line; its head and its body are read and left aside.
    private static async Task<(string Method, string Path)?> ReadAsync(Socket client, CancellationToken cancel)
    {
        var (buffer, have, end) = (new byte[LongestHead], 0, -1);
        while (end < 0)
        {
            if (have == buffer.Length) return null;
            var got = await client.ReceiveAsync(buffer.AsMemory(have), cancel);
            if (got == 0) return null;
            have += got;
            end = buffer.AsSpan(0, have).IndexOf("\r\n\r\n"u8);
        }
        var lines = Encoding.Latin1.GetString(buffer, 0, end).Split("\r\n");
        if (lines[0].Split(' ') is not [{ Length: > 0 } method, ['/', ..] path, ['H', 'T', 'T', 'P', '/', '1', '.', ..]]) return null;
        var length = lines.Skip(1).Select(l => l.Split(':', 2)).Where(p => p.Length == 2 && p[0].Equals("content-length", StringComparison.OrdinalIgnoreCase)).Select(p => int.TryParse(p[1], CultureInfo.InvariantCulture, out var n) ? n : 0).FirstOrDefault();
        if (length is < 0 or > MostBody) return null;
        for (var left = length - (have - end - 4); left > 0;)
        {
            var got = await client.ReceiveAsync(buffer, cancel);
            if (got == 0) return null;
            left -= got;
        }
        return (method, path);
    }

    private static async Task WriteAsync(Socket client, MetadataAnswer answer, CancellationToken cancel)
    {
        var reason = answer.Status switch { 200 => "OK", 400 => "Bad Request", 404 => "Not Found", 405 => "Method Not Allowed", _ => "Internal Server Error" };
        var head = string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {answer.Status} {reason}\r\nContent-Type: {answer.ContentType}\r\nContent-Length: {answer.Body.Length}\r\nConnection: close\r\n\r\n");
        ReadOnlyMemory<byte> rest = (byte[])[.. Encoding.ASCII.GetBytes(head), .. answer.Body.Span];
        while (rest.Length > 0) rest = rest[(await client.SendAsync(rest, cancel))..];
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Dispose();
        await loop;
        stop.Dispose();
    }
}
