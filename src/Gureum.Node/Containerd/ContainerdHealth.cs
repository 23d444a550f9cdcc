using System.Net.Sockets;
using Grpc.Core;
using Gureum.Node.Cri;
using Gureum.Node.Cri.V1;

namespace Gureum.Node.Containerd;

/// <summary>Asks a containerd whether it serves CRI.</summary>
internal static class ContainerdHealth
{
    /// <summary>Null if the socket answers CRI's Version call within <paramref name="timeout"/>; else what went wrong.</summary>
    internal static async Task<string?> CheckAsync(string socketPath, TimeSpan timeout, CancellationToken cancel)
    {
        if (!File.Exists(socketPath)) return $"the socket {socketPath} does not exist";
        using var channel = UnixChannel.Open(socketPath);
        try
        {
            var client = new RuntimeService.RuntimeServiceClient(channel);
            VersionResponse version = await client.VersionAsync(
                new VersionRequest { Version = "v1" }, deadline: DateTime.UtcNow + timeout, cancellationToken: cancel).ConfigureAwait(false);
            return version.RuntimeName.Length > 0 ? null : $"{socketPath} answered without a name";
        }
        catch (RpcException e) when (!cancel.IsCancellationRequested)
        {
            return $"{socketPath}: {e.Status.Detail}";
        }
        catch (SocketException e)
        {
            return $"{socketPath}: {e.Message}";
        }
    }
}
