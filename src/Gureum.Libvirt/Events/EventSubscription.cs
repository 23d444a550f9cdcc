using System.Threading.Channels;

namespace Gureum.Libvirt.Events;

/// <summary>
/// One watcher of a connection's events, with a queue of its own without limit: read it steadily. After a
/// <see cref="ConnectionClosedEvent"/> the reader ends. Disposal stops watching.
/// </summary>
public sealed class EventSubscription : IDisposable
{
    private readonly EventSource _source;
    private readonly Channel<HypervisorEvent> _channel;

    internal EventSubscription(EventSource source) => (_source, _channel) = (source, source.Watch());

    /// <summary>What happened since the subscription began, in order.</summary>
    public ChannelReader<HypervisorEvent> Reader => _channel.Reader;

    /// <inheritdoc/>
    public void Dispose() => _source.Leave(_channel);
}
