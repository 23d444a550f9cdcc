using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Gureum.Node.Native;

/// <summary>mount(2) and umount2(2), with errors that name the place.</summary>
internal static partial class Mounts
{
    private const ulong NoSuid = 2, NoDev = 4;
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

    /// <summary>Takes away every mount below a directory, the deepest first.</summary>
    internal static void UnmountBelow(string directory)
    {
        var prefix = directory.TrimEnd('/') + "/";
        var targets = File.ReadLines("/proc/self/mountinfo").Select(l => l.Split(' ')).Where(p => p.Length > 4).Select(p => p[4].Replace("\\040", " ")).Where(t => t.StartsWith(prefix, StringComparison.Ordinal)).ToList();
        foreach (var target in targets.OrderByDescending(t => t.Length))
            if (UnmountRaw(target, Detach) != 0 && Marshal.GetLastPInvokeError() is not (InvalidArgument or NoEntry)) throw new IOException($"{target} cannot be unmounted: {Reason()}");
    }

    private static string Reason() => new Win32Exception(Marshal.GetLastPInvokeError()).Message;
}
