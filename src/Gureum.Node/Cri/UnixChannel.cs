using System.Net.Sockets;
using Grpc.Net.Client;

namespace Gureum.Node.Cri;

/// <summary>gRPC over a unix socket.</summary>
internal static class UnixChannel
{
    // containerd itself limits messages to 16 MiB.
    private const int MaxMessage = 16 << 20;

    /// <summary>A channel to the socket; nothing is connected before the first call.</summary>
    internal static GrpcChannel Open(string socketPath)
    {
        var endpoint = new UnixDomainSocketEndPoint(socketPath);
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            // Blocking Wait calls occupy an HTTP/2 stream each: never queue a call behind them.
            EnableMultipleHttp2Connections = true,
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(endpoint, cancel).ConfigureAwait(false);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        return GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = MaxMessage,
            MaxSendMessageSize = MaxMessage,
        });
    }
}
