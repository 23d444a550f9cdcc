using Grpc.Core;
using Grpc.Net.Client;
using Gureum.Store.Etcd.Wire;

namespace Gureum.Store.Etcd;

/// <summary>One connection for each member, and which of them is in use. State: thread-safe.</summary>
internal sealed class EtcdChannels : IDisposable
{
    private readonly EtcdOptions options;
    private readonly GrpcChannel[] channels;
    private int current;

    public EtcdChannels(EtcdOptions options)
    {
        this.options = options;
        channels = [.. options.Endpoints.Select(Open)];
    }

    /// <summary>Does one call on the member in use. A read that finds it dead is tried on each other member in turn.</summary>
    /// <param name="call">Gets the connection and the call's options.</param>
    /// <param name="repeatable">The call changes nothing: it may be sent twice.</param>
    /// <exception cref="StoreUnavailableException">No member answered, or etcd refused for a reason of its own.</exception>
    /// <exception cref="RpcException">Revision out of range; the caller knows which.</exception>
    public async Task<TResponse> CallAsync<TResponse>(
        Func<CallInvoker, CallOptions, AsyncUnaryCall<TResponse>> call, bool repeatable, CancellationToken cancel)
    {
        for (var attempt = 1; ; attempt++)
        {
            var (invoker, index) = Current();
            try
            {
                using var pending = call(invoker, new CallOptions(deadline: DateTime.UtcNow + options.Timeout, cancellationToken: cancel));
                return await pending.ResponseAsync.ConfigureAwait(false);
            }
            catch (RpcException) when (cancel.IsCancellationRequested)
            {
                throw new OperationCanceledException(cancel);
            }
            catch (RpcException failure) when (failure.StatusCode != StatusCode.OutOfRange)
            {
                var dead = failure.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded;
                if (dead)
                {
                    Leave(index);
                }
                if (!dead || !repeatable || attempt >= channels.Length)
                {
                    throw Explain(index, failure);
                }
            }
        }
    }

    /// <summary>Opens a watch stream on the member in use.</summary>
    public (AsyncDuplexStreamingCall<WatchRequest, WatchResponse> Call, int Index) Watch(CancellationToken cancel)
    {
        var (invoker, index) = Current();
        return (new Watch.WatchClient(invoker).Watch(cancellationToken: cancel), index);
    }

    /// <summary>Moves on from a member that failed, unless somebody did already.</summary>
    public void Leave(int index) => Interlocked.CompareExchange(ref current, (index + 1) % channels.Length, index);

    private (CallInvoker Invoker, int Index) Current()
    {
        var index = Volatile.Read(ref current);
        return (channels[index].CreateCallInvoker(), index);
    }

    private StoreUnavailableException Explain(int index, RpcException failure)
    {
        var mend = failure switch
        {
            { StatusCode: StatusCode.ResourceExhausted } when failure.Status.Detail.Contains("space", StringComparison.Ordinal) =>
                "its database is full: compact and defragment it, then `etcdctl alarm disarm`",
            { StatusCode: StatusCode.Unauthenticated or StatusCode.PermissionDenied } => "see that the client certificate is one that it trusts",
            { StatusCode: StatusCode.Unavailable or StatusCode.DeadlineExceeded } =>
                "see that it runs, has a leader and can be reached; calls work again as soon as it does",
            { StatusCode: StatusCode.InvalidArgument } when failure.Status.Detail.Contains("too large", StringComparison.Ordinal) =>
                "the value is larger than its --max-request-bytes allows",
            _ => "see its log",
        };
        return new StoreUnavailableException($"etcd {options.Endpoints[index]}: {failure.StatusCode}: {failure.Status.Detail}; {mend}", failure);
    }

    private GrpcChannel Open(Uri endpoint)
    {
        var handler = new SocketsHttpHandler
        {
            // Notices a member that vanished without a word, also under a silent watch.
            KeepAlivePingDelay = TimeSpan.FromSeconds(10),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(5),
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = TimeSpan.FromSeconds(3),
        };
        if (options.Tls is { } tls)
        {
            handler.SslOptions = tls;
        }
        return GrpcChannel.ForAddress(endpoint, new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = null,
            MaxSendMessageSize = null,
        });
    }

    public void Dispose() => Array.ForEach(channels, channel => channel.Dispose());
}
