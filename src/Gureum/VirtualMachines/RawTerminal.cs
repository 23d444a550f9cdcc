using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Gureum.VirtualMachines;

/// <summary>
/// The terminal of this process without any meaning of its own: each key goes through as it is. Disposal gives it back as it was; so does the end of the
/// process, by whatever signal a process can hear.
/// </summary>
internal sealed unsafe partial class RawTerminal : IDisposable
{
    private const int Input = 0, AfterOutput = 1;

    // Larger than any system's struct termios.
    private readonly byte[] before = new byte[256];
    private readonly Lock gate = new();
    private bool restored;

    private RawTerminal()
    {
    }

    /// <summary>Whether standard input is a terminal.</summary>
    internal static bool IsTerminal => isatty(Input) == 1;

    /// <exception cref="IOException">Standard input is no terminal.</exception>
    internal static RawTerminal Enter()
    {
        var terminal = new RawTerminal();
        var raw = new byte[256];
        fixed (byte* old = terminal.before, settings = raw)
        {
            if (tcgetattr(Input, old) != 0) throw Failed("reading the terminal's settings");
            terminal.before.CopyTo(raw, 0);
            cfmakeraw(settings);
            AppDomain.CurrentDomain.ProcessExit += terminal.OnExit;
            if (tcsetattr(Input, AfterOutput, settings) != 0) throw Failed("changing the terminal's settings");
        }

        return terminal;
    }

    /// <summary>
    /// Keys as they come. .NET's own stream of a terminal reads whole lines, edits and echoes them: no key would pass before the line's end.
    /// </summary>
    internal static FileStream OpenKeys() => new(new SafeFileHandle(Input, ownsHandle: false), FileAccess.Read, bufferSize: 0);

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        Restore();
    }

    private void OnExit(object? sender, EventArgs e) => Restore();

    private void Restore()
    {
        lock (gate)
        {
            if (restored) return;
            restored = true;
            fixed (byte* old = before) _ = tcsetattr(Input, AfterOutput, old);
        }
    }

    private static IOException Failed(string what) => new($"{what}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");

    [LibraryImport("libc", SetLastError = true)]
    private static partial int isatty(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int tcgetattr(int descriptor, byte* settings);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int tcsetattr(int descriptor, int when, byte* settings);

    [LibraryImport("libc")]
    private static partial void cfmakeraw(byte* settings);
}
