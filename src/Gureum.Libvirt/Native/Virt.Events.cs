using System.Runtime.InteropServices;

namespace Gureum.Libvirt.Native;

/// <content>The event loop and what it calls.</content>
internal static unsafe partial class Virt
{
    [LibraryImport(Library)]
    internal static partial int virEventRegisterDefaultImpl();

    [LibraryImport(Library)]
    internal static partial int virEventRunDefaultImpl();

    /// <param name="connection">The connection.</param>
    /// <param name="domain">NULL: all domains.</param>
    /// <param name="eventId">virDomainEventID.</param>
    /// <param name="callback">A function whose arguments depend on the event.</param>
    /// <param name="opaque">Its last argument.</param>
    /// <param name="free">Called with <paramref name="opaque"/> when the registration is gone.</param>
    [LibraryImport(Library)]
    internal static partial int virConnectDomainEventRegisterAny(
        ConnectionHandle connection, IntPtr domain, int eventId, IntPtr callback, IntPtr opaque, delegate* unmanaged<IntPtr, void> free);

    [LibraryImport(Library)]
    internal static partial int virConnectDomainEventDeregisterAny(ConnectionHandle connection, int callbackId);
}
