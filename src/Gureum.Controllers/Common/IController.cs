namespace Gureum.Controllers.Common;

/// <summary>
/// One control loop. Its constructor registers with the shared informers; <see cref="RunAsync"/> starts after they have
/// listed once, works until cancelled and never throws for a single object's sake.
/// </summary>
public interface IController
{
    /// <summary>Short name as in logs and events: "replicaset-controller".</summary>
    string Name { get; }

    Task RunAsync(CancellationToken cancel);
}
