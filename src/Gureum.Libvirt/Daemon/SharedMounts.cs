using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Gureum.Libvirt.Daemon;

/// <summary>Directories whose later mounts reach other mount namespaces: bound to themselves and marked as shared (mount_namespaces(7)).</summary>
internal static partial class SharedMounts
{
    private const ulong Bind = 0x1000, Shared = 1UL << 20;
    private const int Detach = 2;

    /// <summary>Makes a directory shared, unless it is.</summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    internal static void Ensure(string directory)
    {
        Directory.CreateDirectory(directory);
        string path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        if (Find(path) is not { } mounted)
        {
            Check(mount(path, path, null, Bind, IntPtr.Zero), "bound to itself", path);
            mounted = false;
        }

        if (!mounted) Check(mount(null, path, null, Shared, IntPtr.Zero), "shared with libvirtd", path);
    }

    /// <summary>Undoes <see cref="Ensure"/> where it did something.</summary>
    internal static void Undo(string directory)
    {
        string path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        if (Find(path) is not null) Check(umount2(path, Detach), "unmounted", path);
    }

    /// <summary>Whether the mount at exactly this place is shared; null if there is none.</summary>
    private static bool? Find(string path)
    {
        bool? shared = null;
        foreach (string line in File.ReadLines("/proc/self/mountinfo"))
        {
            string[] parts = line.Split(' ');
            if (parts.Length > 6 && parts[4].Replace("\\040", " ", StringComparison.Ordinal) == path)
                shared = parts.Skip(6).TakeWhile(p => p != "-").Any(p => p.StartsWith("shared:", StringComparison.Ordinal));
        }

        return shared;
    }

    private static void Check(int result, string what, string path)
    {
        if (result != 0) throw new IOException($"{path} cannot be {what}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mount(string? source, string target, string? type, ulong flags, IntPtr data);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int umount2(string target, int flags);
}
