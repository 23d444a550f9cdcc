namespace Gureum.Client;

/// <summary>Where the process writes what it does: one line for each event, to standard error by default.</summary>
public sealed class Log(TextWriter writer, TimeProvider time)
{
    private readonly Lock gate = new();

    /// <summary>The log of this process.</summary>
    public static Log Current { get; set; } = new(Console.Error, TimeProvider.System);

    /// <summary>Also write what only a maintainer wants to see.</summary>
    public bool Verbose { get; set; } = Environment.GetEnvironmentVariable("GUREUM_VERBOSE") == "1";

    public void Info(string room, string message) => Write("info", room, message);
    public void Warn(string room, string message) => Write("warn", room, message);
    public void Error(string room, string message, Exception? exception = null) =>
        Write("error", room, exception is null ? message : $"{message}: {(Verbose ? exception.ToString() : exception.Message)}");
    public void Debug(string room, string message)
    {
        if (Verbose) Write("debug", room, message);
    }

    internal void Retry(string what, Exception exception, TimeSpan delay) =>
        Debug("informer", $"{what}: {exception.Message}; again in {delay.TotalMilliseconds:0} ms");

    private void Write(string level, string room, string message)
    {
        lock (gate) writer.WriteLine($"{time.GetUtcNow():yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {level} {room}: {message}");
    }
}
