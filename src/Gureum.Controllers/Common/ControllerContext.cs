using Gureum.Client;

namespace Gureum.Controllers.Common;

/// <summary>What every controller is given: the API, the shared local copies and the clock (immutable).</summary>
public sealed record ControllerContext(InformerFactory Informers, ControllerOptions Options)
{
    public ApiClient Client => Informers.Client;
    public TimeProvider Time => Informers.Time;
    public DateTimeOffset Now => Time.GetUtcNow();

    /// <summary>A recorder whose events name this component.</summary>
    public EventRecorder Events(string component) => new(Client, component, null, Time);
}
