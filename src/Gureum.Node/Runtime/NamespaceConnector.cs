using System.Net;
using System.Net.Sockets;
using Gureum.Node.Native;

namespace Gureum.Node.Runtime;

/// <summary>
/// Connects from inside a network namespace. A socket belongs to the namespace of the thread that made it and can be
/// used from any thread afterwards, so only the making happens on a thread that has entered the namespace.
/// </summary>
internal static class NamespaceConnector
{
    /// <summary>Connects to a port of the namespace's loopback, IPv4 first, then IPv6.</summary>
    /// <param name="namespacePath">The namespace's file; null for our own namespace.</param>
    /// <param name="port">TCP port, 1 to 65535.</param>
    /// <param name="cancel">Gives up.</param>
    internal static async Task<Stream> ConnectAsync(string? namespacePath, int port, CancellationToken cancel)
    {
        if (port is < 1 or > 65535)
            throw new ContainerRuntimeException(RuntimeFailure.Refused, $"port {port}: a port is between 1 and 65535");

        SocketException? refused = null;
        foreach (IPAddress address in new[] { IPAddress.Loopback, IPAddress.IPv6Loopback })
        {
            Socket socket = await CreateAsync(namespacePath, address.AddressFamily).ConfigureAwait(false);
            try
            {
                await socket.ConnectAsync(new IPEndPoint(address, port), cancel).ConfigureAwait(false);
                socket.NoDelay = true;
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException e)
            {
                socket.Dispose();
                refused ??= e;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        throw new ContainerRuntimeException(RuntimeFailure.Failed, $"port {port} of the pod: {refused!.Message} on 127.0.0.1 and ::1", refused);
    }

    private static Task<Socket> CreateAsync(string? namespacePath, AddressFamily family)
    {
        if (namespacePath is null) return Task.FromResult(new Socket(family, SocketType.Stream, ProtocolType.Tcp));
        var result = new TaskCompletionSource<Socket>(TaskCreationOptions.RunContinuationsAsynchronously);
        // The thread ends here, so it never needs to find its way back.
        new Thread(() =>
        {
            try
            {
                Enter(namespacePath);
                result.SetResult(new Socket(family, SocketType.Stream, ProtocolType.Tcp));
            }
            catch (Exception e)
            {
                result.SetException(e);
            }
        })
        { IsBackground = true, Name = "netns socket" }.Start();
        return result.Task;
    }

    private static void Enter(string path)
    {
        int file = Libc.open(path, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        if (file < 0) throw new ContainerRuntimeException(RuntimeFailure.NotFound, $"network namespace {path}: {Libc.LastError()}");
        int entered = Libc.setns(file, Libc.CLONE_NEWNET);
        string problem = entered < 0 ? Libc.LastError() : "";
        _ = Libc.close(file);
        if (entered < 0) throw new ContainerRuntimeException(RuntimeFailure.Failed, $"cannot enter network namespace {path}: {problem}");
    }
}
