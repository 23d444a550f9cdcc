using Grpc.Core;

namespace Gureum.Node.Runtime;

/// <summary>What kind of failure a runtime reports.</summary>
public enum RuntimeFailure
{
    /// <summary>The runtime tried and could not; the message has its words.</summary>
    Failed,
    /// <summary>The sandbox, container or image does not exist.</summary>
    NotFound,
    /// <summary>The name is taken.</summary>
    AlreadyExists,
    /// <summary>The request makes no sense or comes at the wrong time, e.g. exec in a container that does not run.</summary>
    Refused,
    /// <summary>The runtime does not answer; trying again later may help.</summary>
    Unavailable,
    /// <summary>It took longer than allowed.</summary>
    TimedOut,
}

/// <summary>A container runtime's refusal or failure.</summary>
/// <param name="failure">The kind.</param>
/// <param name="message">What was tried, on what, and the runtime's words.</param>
/// <param name="inner">The cause.</param>
public sealed class ContainerRuntimeException(RuntimeFailure failure, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The kind of failure.</summary>
    public RuntimeFailure Failure { get; } = failure;

    internal static ContainerRuntimeException From(RpcException e, string action) => new(
        e.StatusCode switch
        {
            StatusCode.NotFound => RuntimeFailure.NotFound,
            StatusCode.AlreadyExists => RuntimeFailure.AlreadyExists,
            StatusCode.InvalidArgument or StatusCode.FailedPrecondition or StatusCode.OutOfRange => RuntimeFailure.Refused,
            StatusCode.Unavailable => RuntimeFailure.Unavailable,
            StatusCode.DeadlineExceeded => RuntimeFailure.TimedOut,
            _ => RuntimeFailure.Failed,
        },
        $"{action}: {e.Status.Detail}", e);
}
