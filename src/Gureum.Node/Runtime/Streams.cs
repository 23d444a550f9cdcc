namespace Gureum.Node.Runtime;

/// <summary>A terminal's size in characters.</summary>
public readonly record struct TerminalSize(ushort Width, ushort Height);

/// <summary>A process to start in a container.</summary>
/// <param name="Command">Program and arguments; not empty.</param>
/// <param name="Stdin">We shall write to its standard input; else it is empty.</param>
/// <param name="Stdout">We want its output.</param>
/// <param name="Stderr">We want its errors; not with a terminal, which has one stream.</param>
/// <param name="Tty">Give it a terminal.</param>
public sealed record ExecRequest(IReadOnlyList<string> Command, bool Stdin, bool Stdout, bool Stderr, bool Tty);

/// <summary>A running container's streams to take part in; the meaning is that of <see cref="ExecRequest"/>.</summary>
public sealed record AttachRequest(bool Stdin, bool Stdout, bool Stderr, bool Tty);

/// <summary>The streams of a process in a container. Disposing gives them up.</summary>
public interface IProcessStreams : IAsyncDisposable
{
    /// <summary>Writes to standard input; null if not asked for. Disposing it is the end of input for the process.</summary>
    Stream? Stdin { get; }

    /// <summary>Reads standard output (with a terminal: all output); null if not asked for. Ends with the process.</summary>
    Stream? Stdout { get; }

    /// <summary>Reads standard error; null if not asked for, and with a terminal.</summary>
    Stream? Stderr { get; }

    /// <summary>Tells the process's terminal its size; without a terminal nothing happens.</summary>
    Task ResizeAsync(TerminalSize size, CancellationToken cancel);
}

/// <summary>A process that we started in a container. Disposing kills it if it still runs.</summary>
public interface IExecSession : IProcessStreams
{
    /// <summary>Waits for its end; 128 plus the signal if one killed it. Its output may still be read afterwards.</summary>
    Task<int> WaitAsync(CancellationToken cancel);
}

/// <summary>A share in the streams of a container's first process. Disposing leaves the container running.</summary>
public interface IAttachSession : IProcessStreams
{
    /// <summary>Waits until the runtime ends the session (the process ended).</summary>
    /// <exception cref="ContainerRuntimeException">The runtime ended it for another reason.</exception>
    Task WaitAsync(CancellationToken cancel);
}
