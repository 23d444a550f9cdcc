using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Gureum.Store.Sqlite;

/// <summary>
/// Keeps a second server off the same file: a lock file beside it that holds the owner's process id. The lock belongs to the
/// open file, so the kernel drops it with the process, however that ends.
/// </summary>
internal sealed partial class FileLock : IDisposable
{
    private const int Again = 11;

    private readonly FileStream stream;

    private FileLock(FileStream stream) => this.stream = stream;

    /// <exception cref="StoreUnavailableException">Another process holds the lock; its id is in the text.</exception>
    public static FileLock Take(string path)
    {
        var file = path + ".lock";
        FileStream stream;
        try
        {
            stream = new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception failure) when (failure is DirectoryNotFoundException or UnauthorizedAccessException)
        {
            throw new StoreUnavailableException(
                $"store {path}: cannot create {file} ({failure.Message}); see that the folder exists and may be written by this user", failure);
        }
        catch (IOException failure)
        {
            throw Explain(path, file, failure);
        }
        try
        {
            stream.SetLength(0);
            stream.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n"));
            stream.Flush();
        }
        catch (IOException failure)
        {
            // The lock holds without the id in it; a full disk must not keep the store from being read.
            System.Diagnostics.Trace.TraceWarning($"store {path}: no process id in {file}: {failure.Message}");
        }
        return new FileLock(stream);
    }

    private static StoreUnavailableException Explain(string path, string file, IOException failure)
    {
        var owner = failure.HResult == Again ? ReadOwner(file) : null;
        return owner is null
            ? new StoreUnavailableException($"store {path}: cannot lock {file}: {failure.Message}", failure)
            : new StoreUnavailableException($"store {path}: it is in use by process {owner}; stop that one first, or give another path", failure);
    }

    private static string? ReadOwner(string file)
    {
        // .NET's own ways of opening a file ask for a shared lock, which the owner's lock refuses.
        using var handle = new SafeFileHandle(OpenFile(file, 0), ownsHandle: true);
        if (handle.IsInvalid)
        {
            return null;
        }
        Span<byte> text = stackalloc byte[32];
        var length = RandomAccess.Read(handle, text, 0);
        return length == 0 ? null : Encoding.ASCII.GetString(text[..length]).Trim();
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);

    public void Dispose() => stream.Dispose();
}
