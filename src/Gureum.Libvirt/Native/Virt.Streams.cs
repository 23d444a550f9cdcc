using System.Runtime.InteropServices;

namespace Gureum.Libvirt.Native;

/// <content>Byte streams between us and a domain.</content>
internal static unsafe partial class Virt
{
    internal const uint StreamNonBlocking = 1;
    internal const int StreamReadable = 1, StreamWritable = 2, StreamError = 4, StreamHangup = 8;

    [LibraryImport(Library)]
    internal static partial StreamHandle virStreamNew(ConnectionHandle connection, uint flags);

    [LibraryImport(Library)]
    internal static partial int virStreamFree(IntPtr stream);

    [LibraryImport(Library)]
    internal static partial int virStreamSend(StreamHandle stream, byte* data, nuint count);

    [LibraryImport(Library)]
    internal static partial int virStreamRecv(StreamHandle stream, byte* data, nuint count);

    [LibraryImport(Library)]
    internal static partial int virStreamFinish(StreamHandle stream);

    [LibraryImport(Library)]
    internal static partial int virStreamAbort(StreamHandle stream);

    [LibraryImport(Library)]
    internal static partial int virStreamEventAddCallback(
        StreamHandle stream, int events, delegate* unmanaged<IntPtr, int, IntPtr, void> callback, IntPtr opaque, delegate* unmanaged<IntPtr, void> free);

    [LibraryImport(Library)]
    internal static partial int virStreamEventUpdateCallback(StreamHandle stream, int events);

    [LibraryImport(Library)]
    internal static partial int virStreamEventRemoveCallback(StreamHandle stream);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int virDomainOpenConsole(DomainHandle domain, string? device, StreamHandle stream, uint flags);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int virDomainOpenChannel(DomainHandle domain, string? name, StreamHandle stream, uint flags);

    /// <returns>The picture's type, which the caller frees; null on failure.</returns>
    [LibraryImport(Library)]
    internal static partial byte* virDomainScreenshot(DomainHandle domain, StreamHandle stream, uint screen, uint flags);
}
