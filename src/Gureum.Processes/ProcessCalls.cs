using System.Runtime.InteropServices;

namespace Gureum.Processes;

/// <summary>The system calls about processes that .NET does not offer itself. 64-bit Linux only.</summary>
internal static partial class ProcessCalls
{
    internal const int O_RDONLY = 0;
    internal const int SIGKILL = 9, SIGTERM = 15;
    internal const int WNOHANG = 1;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int kill(int pid, int signal);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int waitpid(int pid, out int status, int options);

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
}
