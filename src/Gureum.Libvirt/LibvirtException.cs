using System.Runtime.InteropServices;
using Gureum.Libvirt.Native;

namespace Gureum.Libvirt;

/// <summary>libvirt refused or failed. <see cref="Exception.Message"/> says what was attempted and libvirt's own words.</summary>
public sealed class LibvirtException : Exception
{
    private LibvirtException(string attempted, LibvirtErrorCode code, LibvirtErrorSource source, string detail)
        : base($"{attempted}: {detail}") => (Attempted, Code, ErrorSource, Detail) = (attempted, code, source, detail);

    /// <summary>What was attempted, e.g. "starting machine web".</summary>
    public string Attempted { get; }

    /// <summary>virErrorNumber; values without a name here are libvirt's own.</summary>
    public LibvirtErrorCode Code { get; }

    /// <summary>virErrorDomain: the part of libvirt that speaks.</summary>
    public LibvirtErrorSource ErrorSource { get; }

    /// <summary>libvirt's message alone.</summary>
    public string Detail { get; }

    /// <summary>True if the connection is gone: open a new one and look again what is there.</summary>
    public bool IsDisconnected => ErrorSource == LibvirtErrorSource.Rpc
        || Code is LibvirtErrorCode.NoConnection or LibvirtErrorCode.InvalidConnection
        || (Code == LibvirtErrorCode.InternalError && Detail.Contains("client socket is closed", StringComparison.Ordinal));

    /// <summary>This thread's last error. Call it on the thread of the failed call, before any other call.</summary>
    internal static unsafe LibvirtException Last(string attempted)
    {
        Virt.VirtError* error = Virt.virGetLastError();
        if (error == null) return new LibvirtException(attempted, LibvirtErrorCode.Ok, LibvirtErrorSource.None, "libvirt failed and gave no reason");
        var exception = new LibvirtException(
            attempted, (LibvirtErrorCode)error->Code, (LibvirtErrorSource)error->Domain, Marshal.PtrToStringUTF8((IntPtr)error->Message) ?? $"error {error->Code}");
        Virt.virResetLastError();
        return exception;
    }

    /// <summary>Passes results of zero and more on.</summary>
    /// <exception cref="LibvirtException">The result is negative.</exception>
    internal static int Check(int result, string attempted) => result >= 0 ? result : throw Last(attempted);

    /// <summary>Passes valid handles on.</summary>
    /// <exception cref="LibvirtException">The handle is NULL.</exception>
    internal static T Check<T>(T handle, string attempted)
        where T : SafeHandle => !handle.IsInvalid ? handle : throw Last(attempted);
}
