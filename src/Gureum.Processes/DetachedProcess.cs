using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Gureum.Processes;

/// <summary>
/// Starts a program in a session of its own, so that it outlives this process: no shared terminal, no shared
/// process group, default signal dispositions (.NET ignores SIGPIPE, and a child would inherit that).
/// </summary>
public static class DetachedProcess
{
    private const short SetSignalDefaults = 0x04, SetSignalMask = 0x08, SetSession = 0x80;
    private const int O_WRONLY = 1, O_CREAT = 0x40, O_APPEND = 0x400;

    // glibc's posix_spawnattr_t is 336 bytes, its file actions 80, sigset_t 128; musl's are smaller.
    private const int ScratchSize = 512;

    /// <summary>Starts <paramref name="path"/>; its input is empty and its output is appended to a file.</summary>
    /// <param name="path">Absolute path of the program.</param>
    /// <param name="arguments">Arguments, without the program's own name.</param>
    /// <param name="environment">The whole environment of the new process.</param>
    /// <param name="outputPath">File to which standard output and standard error are appended.</param>
    /// <returns>The new process.</returns>
    /// <exception cref="IOException">The program could not be started; the message has the path and the reason.</exception>
    public static ProcessIdentity Start(
        string path, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, string outputPath)
    {
        IntPtr scratch = Marshal.AllocHGlobal(4 * ScratchSize);
        IntPtr attributes = scratch, actions = scratch + ScratchSize, all = scratch + (2 * ScratchSize), none = scratch + (3 * ScratchSize);
        IntPtr argv = StringArray([path, .. arguments]);
        IntPtr envp = StringArray([.. environment.Select(e => $"{e.Key}={e.Value}")]);
        try
        {
            Check(ProcessCalls.posix_spawnattr_init(attributes), path);
            Check(ProcessCalls.posix_spawn_file_actions_init(actions), path);
            try
            {
                ProcessCalls.sigfillset(all);
                ProcessCalls.sigemptyset(none);
                Check(ProcessCalls.posix_spawnattr_setsigdefault(attributes, all), path);
                Check(ProcessCalls.posix_spawnattr_setsigmask(attributes, none), path);
                Check(ProcessCalls.posix_spawnattr_setflags(attributes, SetSession | SetSignalDefaults | SetSignalMask), path);
                Check(ProcessCalls.posix_spawn_file_actions_addopen(actions, 0, "/dev/null", ProcessCalls.O_RDONLY, 0), path);
                Check(ProcessCalls.posix_spawn_file_actions_addopen(actions, 1, outputPath, O_WRONLY | O_CREAT | O_APPEND, 0x180), path);
                Check(ProcessCalls.posix_spawn_file_actions_adddup2(actions, 1, 2), path);
                Check(ProcessCalls.posix_spawn(out int pid, path, actions, attributes, argv, envp), path);
                return ProcessIdentity.OfChild(pid)
                    ?? throw new IOException($"{path} started as process {pid} and was gone at once; see {outputPath}");
            }
            finally
            {
                _ = ProcessCalls.posix_spawn_file_actions_destroy(actions);
                _ = ProcessCalls.posix_spawnattr_destroy(attributes);
            }
        }
        finally
        {
            FreeStringArray(argv);
            FreeStringArray(envp);
            Marshal.FreeHGlobal(scratch);
        }
    }

    /// <summary>Collects the exit status of a child, if it is ours and has ended; else does nothing.</summary>
    public static void Reap(int pid) => _ = ProcessCalls.waitpid(pid, out _, ProcessCalls.WNOHANG);

    private static void Check(int error, string path)
    {
        if (error != 0) throw new IOException($"cannot start {path}: {new Win32Exception(error).Message}");
    }

    private static IntPtr StringArray(string[] values)
    {
        IntPtr array = Marshal.AllocHGlobal((values.Length + 1) * IntPtr.Size);
        for (int i = 0; i < values.Length; i++)
            Marshal.WriteIntPtr(array, i * IntPtr.Size, Marshal.StringToCoTaskMemUTF8(values[i]));
        Marshal.WriteIntPtr(array, values.Length * IntPtr.Size, IntPtr.Zero);
        return array;
    }

    private static void FreeStringArray(IntPtr array)
    {
        for (int i = 0; Marshal.ReadIntPtr(array, i * IntPtr.Size) is var item && item != IntPtr.Zero; i++)
            Marshal.FreeCoTaskMem(item);
        Marshal.FreeHGlobal(array);
    }
}
