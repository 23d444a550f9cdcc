using System.Runtime.InteropServices;

namespace Gureum.Libvirt.Native;

/// <summary>A virConnectPtr. Closing gives up one reference: domains and streams hold references of their own.</summary>
internal sealed class ConnectionHandle() : SafeHandle(IntPtr.Zero, ownsHandle: true)
{
    public override bool IsInvalid => handle == IntPtr.Zero;

    protected override bool ReleaseHandle() => Virt.virConnectClose(handle) >= 0;
}

/// <summary>A virDomainPtr.</summary>
internal sealed class DomainHandle : SafeHandle
{
    public DomainHandle() : base(IntPtr.Zero, ownsHandle: true)
    {
    }

    /// <summary>Takes over a reference that the caller owns.</summary>
    internal DomainHandle(IntPtr owned) : this() => SetHandle(owned);

    public override bool IsInvalid => handle == IntPtr.Zero;

    protected override bool ReleaseHandle() => Virt.virDomainFree(handle) == 0;
}

/// <summary>A virDomainSnapshotPtr.</summary>
internal sealed class SnapshotHandle : SafeHandle
{
    public SnapshotHandle() : base(IntPtr.Zero, ownsHandle: true)
    {
    }

    /// <summary>Takes over a reference that the caller owns.</summary>
    internal SnapshotHandle(IntPtr owned) : this() => SetHandle(owned);

    public override bool IsInvalid => handle == IntPtr.Zero;

    protected override bool ReleaseHandle() => Virt.virDomainSnapshotFree(handle) == 0;
}

/// <summary>A virStreamPtr. Freeing an unfinished stream aborts it.</summary>
internal sealed class StreamHandle() : SafeHandle(IntPtr.Zero, ownsHandle: true)
{
    public override bool IsInvalid => handle == IntPtr.Zero;

    protected override bool ReleaseHandle() => Virt.virStreamFree(handle) == 0;
}
