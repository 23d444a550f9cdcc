using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Gureum.Node.Tests.Imports;

/// <summary>A web server on loopback whose answers are given byte by byte, so that it can lie. It notes the paths that it was asked for.</summary>
internal sealed class SourceServer : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly Func<string, NetworkStream, CancellationToken, Task> answer;
    private readonly List<Task> connections = [];
    private readonly Task accepting;

    private SourceServer(Func<string, NetworkStream, CancellationToken, Task> answer)
    {
        this.answer = answer;
        listener.Start();
        accepting = AcceptAsync();
    }

    internal List<string> Asked { get; } = [];

    internal string Url(string path) => $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}{path}";

    /// <summary>Answers every request by writing to its connection, which is closed afterwards.</summary>
    internal static SourceServer Raw(Func<string, NetworkStream, CancellationToken, Task> answer) => new(answer);

    internal static SourceServer Serving(byte[] content) => new(async (_, stream, cancel) =>
    {
        await stream.WriteAsync(Head($"200 OK\r\nContent-Length: {content.Length}"), cancel);
        await stream.WriteAsync(content, cancel);
    });

    internal static byte[] Head(string status) => Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nConnection: close\r\n\r\n");

    private async Task AcceptAsync()
    {
        try
        {
            while (true) connections.Add(ServeAsync(await listener.AcceptTcpClientAsync(stop.Token)));
        }
        catch (OperationCanceledException) { /* the end of the test */ }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
                var path = (await reader.ReadLineAsync(stop.Token))!.Split(' ')[1];
                lock (Asked) Asked.Add(path);
                while (await reader.ReadLineAsync(stop.Token) is { Length: > 0 }) { }
                await answer(path, stream, stop.Token);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException) { /* the client has seen enough */ }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await accepting;
        await Task.WhenAll(connections);
        listener.Dispose();
        stop.Dispose();
    }
}
