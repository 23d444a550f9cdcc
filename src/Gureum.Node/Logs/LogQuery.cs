namespace Gureum.Node.Logs;

/// <summary>Which streams of a log are wanted.</summary>
public enum LogStream
{
    /// <summary>Both.</summary>
    All,
    /// <summary>Standard output.</summary>
    Stdout,
    /// <summary>Standard error.</summary>
    Stderr,
}

/// <summary>Which part of a log is wanted (the options of Kubernetes' PodLogOptions). Immutable.</summary>
public sealed record LogQuery
{
    /// <summary>Goes on with what is written later, until the container ends.</summary>
    public bool Follow { get; init; }

    /// <summary>Only this many lines from the end; null for all.</summary>
    public long? TailLines { get; init; }

    /// <summary>Only lines from this time on.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Puts each line's time in front of it.</summary>
    public bool Timestamps { get; init; }

    /// <summary>Ends after this many bytes of output, even inside a line.</summary>
    public long? LimitBytes { get; init; }

    /// <summary>Streams wanted.</summary>
    public LogStream Stream { get; init; }
}
