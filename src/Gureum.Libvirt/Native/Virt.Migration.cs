using System.Runtime.InteropServices;

namespace Gureum.Libvirt.Native;

/// <content>Live migration and long jobs.</content>
internal static unsafe partial class Virt
{
    [LibraryImport(Library)]
    internal static partial DomainHandle virDomainMigrate3(DomainHandle domain, ConnectionHandle destination, TypedParameter* parameters, uint count, uint flags);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int virDomainMigrateToURI3(DomainHandle domain, string destinationUri, TypedParameter* parameters, uint count, uint flags);

    [LibraryImport(Library)]
    internal static partial int virDomainMigrateSetMaxDowntime(DomainHandle domain, ulong milliseconds, uint flags);

    [LibraryImport(Library)]
    internal static partial int virDomainMigrateStartPostCopy(DomainHandle domain, uint flags);

    [LibraryImport(Library)]
    internal static partial int virDomainGetJobStats(DomainHandle domain, out int type, out TypedParameter* parameters, out int count, uint flags);

    [LibraryImport(Library)]
    internal static partial int virDomainAbortJob(DomainHandle domain);
}
