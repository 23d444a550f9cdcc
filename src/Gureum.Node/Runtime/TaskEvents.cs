using Grpc.Core;
using Gureum.Node.Containerd.V1;

namespace Gureum.Node.Runtime;

/// <summary>Tells of containers that started, ended or ran out of memory, as containerd's own events say.</summary>
public sealed class TaskEvents(CriConnection connection)
{
    /// <summary>The id of each container that something happened to, until the stream ends.</summary>
    /// <exception cref="ContainerRuntimeException">containerd does not answer, or ended the stream.</exception>
    public async IAsyncEnumerable<string> ReadAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        using var call = connection.Events.Subscribe(new SubscribeRequest { Filters = { "topic==\"/tasks/exit\"", "topic==\"/tasks/oom\"" } }, cancellationToken: cancel);
        while (true)
        {
            string? id;
            try
            {
                if (!await call.ResponseStream.MoveNext(cancel)) throw new ContainerRuntimeException(RuntimeFailure.Unavailable, "containerd ended the stream of events");
                var envelope = call.ResponseStream.Current;
                id = envelope.Topic == "/tasks/exit" ? Ended(TaskExit.Parser.ParseFrom(envelope.Event.Value)) : TaskOOM.Parser.ParseFrom(envelope.Event.Value).ContainerId;
            }
            catch (RpcException e) when (!cancel.IsCancellationRequested) { throw ContainerRuntimeException.From(e, "listening to containerd's events"); }
            if (id is not null) yield return id;
        }
    }

    // Each exec, a probe's for example, ends with an event as well: only the end of the first process, whose id is the container's, is the container's.
    private static string? Ended(TaskExit exit) => exit.Id == exit.ContainerId ? exit.ContainerId : null;
}
