using Grpc.Core;
using Grpc.Net.Client;
using Gureum.Node.Containerd.V1;
using Gureum.Node.Cri;
using Gureum.Node.Cri.V1;

namespace Gureum.Node.Runtime;

/// <summary>
/// The gRPC clients of one containerd, over one channel, which reconnects by itself when containerd comes back.
/// Thread-safe. Dispose after all that uses it.
/// </summary>
public sealed class CriConnection : IDisposable
{
    /// <summary>The namespace in which containerd's CRI plugin keeps its containers.</summary>
    internal const string ContainerdNamespace = "k8s.io";

    internal static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(2);

    private const int EndAttempts = 4;
    private static readonly TimeSpan EndRetryDelay = TimeSpan.FromMilliseconds(250);

    private readonly GrpcChannel _channel;

    /// <summary>Opens a connection to the socket; nothing is sent yet.</summary>
    public CriConnection(string socketPath)
    {
        _channel = UnixChannel.Open(socketPath);
        Runtime = new RuntimeService.RuntimeServiceClient(_channel);
        Images = new ImageService.ImageServiceClient(_channel);
        Tasks = new Tasks.TasksClient(_channel);
        Containers = new Containers.ContainersClient(_channel);
        Snapshots = new Snapshots.SnapshotsClient(_channel);
        Events = new Events.EventsClient(_channel);
    }

    internal RuntimeService.RuntimeServiceClient Runtime { get; }

    internal ImageService.ImageServiceClient Images { get; }

    internal Tasks.TasksClient Tasks { get; }

    internal Containers.ContainersClient Containers { get; }

    internal Snapshots.SnapshotsClient Snapshots { get; }

    internal Events.EventsClient Events { get; }

    /// <summary>containerd's own services want their namespace named with each call.</summary>
    internal static Metadata NamespaceHeader() => new() { { "containerd-namespace", ContainerdNamespace } };

    /// <inheritdoc/>
    public void Dispose() => _channel.Dispose();

    /// <summary>Runs one call, turning gRPC's errors into ours. <paramref name="action"/> starts the message.</summary>
    internal static async Task<T> CallAsync<T>(
        string action, Func<CallOptions, AsyncUnaryCall<T>> call, CancellationToken cancel, TimeSpan? timeout = null, Metadata? headers = null)
    {
        DateTime? deadline = timeout == Timeout.InfiniteTimeSpan ? null : DateTime.UtcNow + (timeout ?? DefaultTimeout);
        try
        {
            using AsyncUnaryCall<T> pending = call(new CallOptions(headers, deadline, cancel));
            return await pending.ResponseAsync.ConfigureAwait(false);
        }
        catch (RpcException e)
        {
            cancel.ThrowIfCancellationRequested();
            throw ContainerRuntimeException.From(e, action);
        }
    }

    /// <summary>
    /// Stops or removes something: "it is not there" means done already. containerd fails such a call now and then when a
    /// process ends by itself at the same moment ("ttrpc: closed"), so a failure counts only if it repeats itself.
    /// </summary>
    internal static async Task CallIfPresentAsync<T>(
        string action, Func<CallOptions, AsyncUnaryCall<T>> call, CancellationToken cancel, TimeSpan? timeout = null, Metadata? headers = null)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                _ = await CallAsync(action, call, cancel, timeout, headers).ConfigureAwait(false);
                return;
            }
            catch (ContainerRuntimeException e) when (e.Failure == RuntimeFailure.NotFound)
            {
                return; // gone already, which is what was asked for
            }
            catch (ContainerRuntimeException e) when (e.Failure == RuntimeFailure.Failed && attempt < EndAttempts)
            {
                await Task.Delay(EndRetryDelay, cancel).ConfigureAwait(false);
            }
        }
    }
}
