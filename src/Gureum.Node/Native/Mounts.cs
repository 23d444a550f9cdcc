using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Gureum.Node.Native;

/// <summary>mount(2) and umount2(2), with errors that name the place.</summary>
internal static partial class Mounts
{
    private const ulong ReadOnlyFlag = 1, NoSuid = 2, NoDev = 4, NoExec = 8, Remount = 32, Bind = 4096, Recursive = 16384;
    private const int Detach = 2, InvalidArgument = 22, NoEntry = 2;

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MountRaw(string source, string target, string type, ulong flags, string? data);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int UnmountRaw(string target, int flags);

    /// <exception cref="IOException">The kernel refuses.</exception>
    internal static void Tmpfs(string target, long? bytes)
    {
        var options = "mode=0777" + (bytes is > 0 ? $",size={bytes}" : "");
        if (MountRaw("tmpfs", target, "tmpfs", NoSuid | NoDev, options) != 0) throw new IOException($"a tmpfs cannot be mounted at {target}: {Reason()}");
    }

    /// <summary>Mounts what containerd names, read-only, without devices and without programs that could be run from it.</summary>
    /// <param name="type">"bind", or a type of file system.</param>
    /// <param name="options">As containerd gives them; those that only concern the mount point are ours to choose.</param>
    /// <exception cref="IOException">The kernel refuses.</exception>
    internal static void ReadOnly(string type, string source, string target, IEnumerable<string> options)
    {
        const ulong Flags = ReadOnlyFlag | NoSuid | NoDev | NoExec;
        var bind = type == "bind";
        var data = string.Join(',', options.Where(o => o is not ("ro" or "rw" or "bind" or "rbind")));
        var failed = MountRaw(source, target, type, bind ? Bind | Recursive : Flags, bind ? null : data) != 0;
        // A bind takes its flags in a second step.
        if (!failed && bind && MountRaw("none", target, "", Bind | Remount | Flags, null) != 0)
        {
            var why = Reason();
            Unmount(target);
            throw new IOException($"{source} cannot be mounted read-only at {target}: {why}");
        }
        if (failed) throw new IOException($"{source} cannot be mounted at {target}: {Reason()}");
    }

    /// <summary>Whether something is mounted right there.</summary>
    internal static bool IsMounted(string target) => Targets().Contains(target.TrimEnd('/'));

    /// <summary>Takes one mount away; one that is gone is no error.</summary>
    internal static void Unmount(string target)
    {
        if (UnmountRaw(target, Detach) != 0 && Marshal.GetLastPInvokeError() is not (InvalidArgument or NoEntry)) throw new IOException($"{target} cannot be unmounted: {Reason()}");
    }

    private static IEnumerable<string> Targets() => File.ReadLines("/proc/self/mountinfo").Select(l => l.Split(' ')).Where(p => p.Length > 4).Select(p => p[4].Replace("\\040", " "));

    /// <summary>Takes away every mount below a directory, the deepest first.</summary>
    internal static void UnmountBelow(string directory)
    {
        var prefix = directory.TrimEnd('/') + "/";
        var targets = Targets().Where(t => t.StartsWith(prefix, StringComparison.Ordinal)).ToList();
        foreach (var target in targets.OrderByDescending(t => t.Length)) Unmount(target);
    }

    private static string Reason() => new Win32Exception(Marshal.GetLastPInvokeError()).Message;
}
