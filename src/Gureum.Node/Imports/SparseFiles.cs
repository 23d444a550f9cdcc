using System.ComponentModel;
using System.Runtime.InteropServices;
using Gureum.Node.Native;
using Microsoft.Win32.SafeHandles;

namespace Gureum.Node.Imports;

/// <summary>Files with holes, copied without reading the holes; in no time where the file system shares blocks (lseek(2), ioctl_ficlone(2)).</summary>
internal static partial class SparseFiles
{
    private const int SeekData = 3, SeekHole = 4, NoSuchPlace = 6, Block = 1 << 20;
    private const nuint Clone = 0x40049409;
    private const int O_DIRECTORY = 0x10000;

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(SafeFileHandle file, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(SafeFileHandle file, nuint request, nint argument);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags, uint mode);

    /// <summary>Opens a plain file for reading, and nothing that a link at its place leads to.</summary>
    /// <exception cref="ImportRefusedException">It is missing, a link, or no plain file.</exception>
    internal static FileStream OpenPlain(string path, string what)
    {
        var handle = Open(path, Libc.O_RDONLY | Libc.O_NOFOLLOW | Libc.O_NONBLOCK | Libc.O_CLOEXEC, 0);
        if (handle.IsInvalid) throw new ImportRefusedException($"{what} cannot be read: {Libc.LastError()}");
        if (!Libc.IsRegularFile(handle))
        {
            handle.Dispose();
            throw new ImportRefusedException($"{what} is no plain file");
        }
        return new FileStream(handle, FileAccess.Read, bufferSize: 0);
    }

    /// <summary>Copies all of a file's content.</summary>
    /// <param name="progress">Is told how much of it is there, from 0 to 1.</param>
    internal static void Copy(FileStream source, FileStream target, Action<double> progress, CancellationToken cancel)
    {
        var length = source.Length;
        if (Shares(source, target)) return;
        target.SetLength(length);
        var buffer = new byte[Block];
        for (long at = 0; at < length;)
        {
            var data = Seek(source.SafeFileHandle, at, SeekData);
            if (data < 0 && Marshal.GetLastPInvokeError() == NoSuchPlace) break;
            if (data < 0) data = at;
            var hole = Seek(source.SafeFileHandle, data, SeekHole);
            if (hole < 0) hole = length;
            for (at = data; at < hole;)
            {
                cancel.ThrowIfCancellationRequested();
                var read = RandomAccess.Read(source.SafeFileHandle, buffer.AsSpan(0, (int)Math.Min(Block, hole - at)), at);
                if (read == 0) return;
                if (buffer.AsSpan(0, read).IndexOfAnyExcept((byte)0) >= 0) RandomAccess.Write(target.SafeFileHandle, buffer.AsSpan(0, read), at);
                at += read;
                progress((double)at / length);
            }
        }
    }

    private static bool Shares(FileStream source, FileStream target) => Control(target.SafeFileHandle, Clone, source.SafeFileHandle.DangerousGetHandle()) == 0;

    /// <summary>Makes names in a directory safe from a crash of the machine.</summary>
    internal static void SyncDirectory(string path)
    {
        using var handle = Open(path, Libc.O_RDONLY | O_DIRECTORY | Libc.O_CLOEXEC, 0);
        if (handle.IsInvalid || Sync(handle) != 0) throw new IOException($"{path} cannot be made safe: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
    }
}
