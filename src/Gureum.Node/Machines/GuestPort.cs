using System.Net;
using System.Net.Sockets;

namespace Gureum.Node.Machines;

/// <summary>Connections to guests over the pod network.</summary>
internal static class GuestPort
{
    /// <exception cref="IOException">The guest refused, or did not answer within the limit.</exception>
    internal static async Task<Stream> ConnectAsync(IPAddress address, int port, TimeSpan limit, CancellationToken cancel)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            end.CancelAfter(limit);
            await socket.ConnectAsync(address, port, end.Token);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (Exception e)
        {
            socket.Dispose();
            throw e switch
            {
                SocketException refused => new IOException($"cannot connect to port {port} of the guest at {address}: {refused.Message}", refused),
                OperationCanceledException when !cancel.IsCancellationRequested => new IOException($"cannot connect to port {port} of the guest at {address}: no answer within {limit.TotalSeconds:0} s"),
                _ => e,
            };
        }
    }
}
