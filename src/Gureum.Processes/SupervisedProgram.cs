namespace Gureum.Processes;

/// <summary>A program that runs for as long as the node does, and how to deal with it. Immutable.</summary>
/// <param name="Name">Its name for logs and errors, e.g. <c>containerd</c>.</param>
/// <param name="Launch">Starts it, detached, and says which process it is.</param>
/// <param name="CheckHealth">Null if it answers within the given time, else what went wrong.</param>
/// <param name="IdentityPath">File that names its process, for whoever comes after us.</param>
/// <param name="LogPath">File that its output goes to.</param>
/// <param name="Address">Where it serves, for logs.</param>
/// <param name="StartTimeout">How long a start may take.</param>
public sealed record SupervisedProgram(
    string Name, Func<ProcessIdentity> Launch, Func<TimeSpan, CancellationToken, Task<string?>> CheckHealth,
    string IdentityPath, string LogPath, string Address, TimeSpan StartTimeout);

/// <summary>A program could not be started, reached or stopped. The message says why and what to do.</summary>
public sealed class SupervisionException(string message) : Exception(message);
