using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Gureum.Node.Native;

/// <summary>The system calls that .NET does not offer itself. 64-bit Linux only.</summary>
internal static partial class Libc
{
    internal const int O_RDONLY = 0, O_RDWR = 2, O_NONBLOCK = 0x800, O_CLOEXEC = 0x80000, O_NOFOLLOW = 0x20000;
    internal const int CLONE_NEWNET = 0x40000000;
    internal const int SIGKILL = 9, SIGTERM = 15;
    internal const int ENOENT = 2, ESRCH = 3, EBUSY = 16, EEXIST = 17;

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int close(int fd);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int mkfifo(string path, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int kill(int pid, int signal);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setns(int fd, int type);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int rmdir(string path);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int folder, string path, int flags, uint mask, Span<byte> result);

    /// <summary>Whether a path is a plain file: no directory, link, device or pipe. A missing one is none.</summary>
    internal static bool IsRegularFile(string path)
    {
        const int here = -100, noFollow = 0x100, modeAt = 28;
        const uint type = 1;
        var result = new byte[256];
        return statx(here, path, noFollow, type, result) == 0 && (BitConverter.ToUInt16(result, modeAt) & 0xF000) == 0x8000;
    }

    /// <summary>Whether what is open is a plain file.</summary>
    internal static bool IsRegularFile(Microsoft.Win32.SafeHandles.SafeFileHandle file)
    {
        const int emptyPath = 0x1000, modeAt = 28;
        const uint type = 1;
        var result = new byte[256];
        return statx((int)file.DangerousGetHandle(), "", emptyPath, type, result) == 0 && (BitConverter.ToUInt16(result, modeAt) & 0xF000) == 0x8000;
    }

    /// <summary>The text of the last failed call's errno, e.g. "No such file or directory".</summary>
    internal static string LastError() => new Win32Exception(Marshal.GetLastPInvokeError()).Message;
}
