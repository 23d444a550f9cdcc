using System.Runtime.InteropServices;

namespace Gureum.Libvirt.Native;

/// <summary>libvirt's C API, as its own headers declare it. One file for each of their topics.</summary>
internal static unsafe partial class Virt
{
    private const string Library = "libvirt.so.0", QemuLibrary = "libvirt-qemu.so.0";

    [LibraryImport(Library)]
    internal static partial int virInitialize();

    [LibraryImport(Library)]
    internal static partial VirtError* virGetLastError();

    [LibraryImport(Library)]
    internal static partial void virResetLastError();

    [LibraryImport(Library)]
    internal static partial void virSetErrorFunc(IntPtr userData, delegate* unmanaged<void*, VirtError*, void> handler);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial ConnectionHandle virConnectOpen(string name);

    [LibraryImport(Library)]
    internal static partial int virConnectClose(IntPtr connection);

    [LibraryImport(Library)]
    internal static partial int virConnectIsAlive(ConnectionHandle connection);

    [LibraryImport(Library)]
    internal static partial int virConnectSetKeepAlive(ConnectionHandle connection, int interval, uint count);

    [LibraryImport(Library)]
    internal static partial int virConnectRegisterCloseCallback(
        ConnectionHandle connection, delegate* unmanaged<IntPtr, int, IntPtr, void> callback, IntPtr opaque, delegate* unmanaged<IntPtr, void> free);

    [LibraryImport(Library)]
    internal static partial int virConnectUnregisterCloseCallback(ConnectionHandle connection, delegate* unmanaged<IntPtr, int, IntPtr, void> callback);

    [LibraryImport(Library)]
    internal static partial int virConnectGetVersion(ConnectionHandle connection, out ulong version);

    [LibraryImport(Library)]
    internal static partial int virConnectGetLibVersion(ConnectionHandle connection, out ulong version);

    [LibraryImport(Library)]
    internal static partial byte* virConnectGetCapabilities(ConnectionHandle connection);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial byte* virConnectGetDomainCapabilities(
        ConnectionHandle connection, string? emulator, string? architecture, string? machine, string? virtType, uint flags);

    [LibraryImport(Library)]
    internal static partial int virConnectListAllDomains(ConnectionHandle connection, out IntPtr* domains, uint flags);

    [LibraryImport(Library)]
    internal static partial int virConnectGetAllDomainStats(ConnectionHandle connection, uint stats, out StatsRecord** records, uint flags);

    [LibraryImport(Library)]
    internal static partial void virDomainStatsRecordListFree(StatsRecord** records);

    /// <summary>virError: what went wrong last on this thread.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct VirtError
    {
        internal int Code, Domain;
        internal byte* Message;
        internal int Level;
    }

    /// <summary>virDomainStatsRecord.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct StatsRecord
    {
        internal IntPtr Domain;
        internal TypedParameter* Parameters;
        internal int Count;
    }
}
