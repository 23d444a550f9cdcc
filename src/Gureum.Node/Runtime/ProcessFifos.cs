using System.IO.Pipes;
using Gureum.Node.Native;
using Microsoft.Win32.SafeHandles;

namespace Gureum.Node.Runtime;

/// <summary>
/// The FIFOs over which a shim passes the streams of one process. Readers are opened before the shim opens its ends, or
/// it would wait for ever; reading starts only after it has, or the streams would seem to end at once. Dispose removes
/// the files.
/// </summary>
internal sealed class ProcessFifos : IAsyncDisposable
{
    private readonly string _directory;

    private ProcessFifos(string directory) => _directory = directory;

    // What the shim may write to, where it insists on a file.
    private const string Nowhere = "/dev/null";

    /// <summary>Paths for the shim. Unwanted input has none, unwanted output goes nowhere.</summary>
    internal string StdinPath { get; private init; } = "";

    internal string StdoutPath { get; private init; } = "";

    internal string StderrPath { get; private init; } = "";

    internal Stream? Stdin { get; private set; }

    internal Stream? Stdout { get; private set; }

    internal Stream? Stderr { get; private set; }

    /// <summary>Makes the FIFOs in a new directory and opens our ends.</summary>
    internal static async Task<ProcessFifos> CreateAsync(string directory, bool stdin, bool stdout, bool stderr)
    {
        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var fifos = new ProcessFifos(directory)
        {
            StdinPath = stdin ? Path.Combine(directory, "stdin") : "",
            StdoutPath = stdout ? Path.Combine(directory, "stdout") : Nowhere,
            StderrPath = stderr ? Path.Combine(directory, "stderr") : Nowhere,
        };
        try
        {
            // Opened for reading too, it neither waits for the shim's end nor fails without one.
            if (stdin) fifos.Stdin = Open(fifos.StdinPath, PipeDirection.Out, Libc.O_RDWR);
            if (stdout) fifos.Stdout = Open(fifos.StdoutPath, PipeDirection.In, Libc.O_RDONLY);
            if (stderr) fifos.Stderr = Open(fifos.StderrPath, PipeDirection.In, Libc.O_RDONLY);
            return fifos;
        }
        catch
        {
            await fifos.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Stream? stream in new[] { Stdin, Stdout, Stderr })
        {
            if (stream is not null) await stream.DisposeAsync().ConfigureAwait(false);
        }

        if (Directory.Exists(_directory)) Directory.Delete(_directory, recursive: true);
    }

    private static AnonymousPipeClientStream Open(string path, PipeDirection direction, int mode)
    {
        if (Libc.mkfifo(path, 0x180) != 0) throw new IOException($"cannot make the FIFO {path}: {Libc.LastError()}");
        int file = Libc.open(path, mode | Libc.O_NONBLOCK | Libc.O_CLOEXEC, 0);
        if (file < 0) throw new IOException($"cannot open the FIFO {path}: {Libc.LastError()}");
        // This stream type waits by epoll, where a FileStream would hold a thread of the pool for each stream.
        return new AnonymousPipeClientStream(direction, new SafePipeHandle(file, ownsHandle: true));
    }
}
