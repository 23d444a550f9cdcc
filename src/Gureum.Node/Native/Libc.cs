using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Gureum.Node.Native;

/// <summary>The system calls that .NET does not offer itself. 64-bit Linux only.</summary>
internal static partial class Libc
{
    internal const int O_RDONLY = 0, O_RDWR = 2, O_NONBLOCK = 0x800, O_CLOEXEC = 0x80000, O_NOFOLLOW = 0x20000;
    internal const int CLONE_NEWNET = 0x40000000;
    internal const int SIGKILL = 9, SIGTERM = 15;
    internal const int WNOHANG = 1;
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

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int waitpid(int pid, out int status, int options);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int rmdir(string path);

    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_init(IntPtr attributes);

    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_destroy(IntPtr attributes);

    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_setflags(IntPtr attributes, short flags);

    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_setsigdefault(IntPtr attributes, IntPtr set);

    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_setsigmask(IntPtr attributes, IntPtr set);

    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_init(IntPtr actions);

    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_destroy(IntPtr actions);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int posix_spawn_file_actions_addopen(IntPtr actions, int fd, string path, int flags, uint mode);

    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_adddup2(IntPtr actions, int fd, int newFd);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int posix_spawn(out int pid, string path, IntPtr actions, IntPtr attributes, IntPtr argv, IntPtr envp);

    [LibraryImport("libc")]
    internal static partial int sigfillset(IntPtr set);

    [LibraryImport("libc")]
    internal static partial int sigemptyset(IntPtr set);

    /// <summary>The text of the last failed call's errno, e.g. "No such file or directory".</summary>
    internal static string LastError() => new Win32Exception(Marshal.GetLastPInvokeError()).Message;
}
