using Gureum.Libvirt.Events;
using Gureum.Libvirt.Native;

namespace Gureum.Libvirt;

/// <summary>
/// A virtual machine (libvirt's domain) of one connection. It is a reference: it stays valid while the machine starts and
/// stops, and says <see cref="LibvirtErrorCode.NoDomain"/> once the machine is gone. A cancelled call stops waiting, not the
/// hypervisor. Every method throws <see cref="LibvirtException"/> when libvirt refuses. Thread-safe state.
/// </summary>
/// <remarks>Parts: life (this file), devices, disks, snapshots, guest, streams, migration.</remarks>
public sealed unsafe partial class Machine : IDisposable
{
    private readonly Hypervisor _hypervisor;
    private readonly DomainHandle _handle;

    internal Machine(Hypervisor hypervisor, DomainHandle handle)
    {
        (_hypervisor, _handle) = (hypervisor, handle);
        Uuid = UuidOf(handle.DangerousGetHandle());
        Name = NativeText.Copy(Virt.virDomainGetName(handle.DangerousGetHandle())) ?? "";
    }

    /// <summary>Names it for ever.</summary>
    public Guid Uuid { get; }

    /// <summary>Its name, one of a kind on this hypervisor.</summary>
    public string Name { get; }

    /// <summary>What it is doing, and why.</summary>
    public Task<MachineStatus> GetStateAsync(CancellationToken cancel = default) => RunAsync(
        () =>
        {
            LibvirtException.Check(Virt.virDomainGetState(_handle, out int state, out int reason, 0), Doing("looking at"));
            return new MachineStatus((MachineState)state, Details.OfState(state, reason));
        },
        cancel);

    /// <summary>True if it has a definition that outlives its process.</summary>
    public Task<bool> IsPersistentAsync(CancellationToken cancel = default) =>
        RunAsync(() => LibvirtException.Check(Virt.virDomainIsPersistent(_handle), Doing("looking at")) == 1, cancel);

    /// <summary>Its XML as libvirt has it, with aliases and addresses filled in.</summary>
    public Task<string> GetXmlAsync(XmlOptions options = XmlOptions.None, CancellationToken cancel = default) =>
        RunAsync(() => NativeText.Take(Virt.virDomainGetXMLDesc(_handle, (uint)options), Doing("describing")), cancel);

    /// <summary>Starts it, from its managed save if there is one. Returns when QEMU runs, not when the guest is up.</summary>
    public Task StartAsync(StartOptions options = StartOptions.None, CancellationToken cancel = default) =>
        CallAsync("starting", () => Virt.virDomainCreateWithFlags(_handle, (uint)options), cancel);

    /// <summary>Asks the guest to end. It may take its time, or never do it: watch for Stopped.</summary>
    public Task ShutdownAsync(GuestSignal signal = GuestSignal.Default, CancellationToken cancel = default) =>
        CallAsync("shutting down", () => Virt.virDomainShutdownFlags(_handle, (uint)signal), cancel);

    /// <summary>Asks the guest to boot again.</summary>
    public Task RebootAsync(GuestSignal signal = GuestSignal.Default, CancellationToken cancel = default) =>
        CallAsync("rebooting", () => Virt.virDomainReboot(_handle, (uint)signal), cancel);

    /// <summary>Presses the reset button.</summary>
    public Task ResetAsync(CancellationToken cancel = default) => CallAsync("resetting", () => Virt.virDomainReset(_handle, 0), cancel);

    /// <summary>Ends its process.</summary>
    /// <param name="graceful">True: by SIGTERM alone, so that QEMU writes what it has cached; it fails if QEMU does not end. False: SIGKILL follows.</param>
    /// <param name="cancel">Stops waiting.</param>
    public Task DestroyAsync(bool graceful = false, CancellationToken cancel = default) =>
        CallAsync("destroying", () => Virt.virDomainDestroyFlags(_handle, graceful ? 1u : 0), cancel);

    /// <summary>Stops its processors; memory and devices stay.</summary>
    public Task SuspendAsync(CancellationToken cancel = default) => CallAsync("suspending", () => Virt.virDomainSuspend(_handle), cancel);

    /// <summary>Lets its processors go on.</summary>
    public Task ResumeAsync(CancellationToken cancel = default) => CallAsync("resuming", () => Virt.virDomainResume(_handle), cancel);

    /// <summary>Writes its memory into libvirt's directory and ends it; the next start goes on there.</summary>
    public Task ManagedSaveAsync(CancellationToken cancel = default) => CallLongAsync("saving", () => Virt.virDomainManagedSave(_handle, 0), cancel);

    /// <summary>True if the next start goes on from a managed save.</summary>
    public Task<bool> HasManagedSaveAsync(CancellationToken cancel = default) =>
        RunAsync(() => LibvirtException.Check(Virt.virDomainHasManagedSaveImage(_handle, 0), Doing("looking at")) == 1, cancel);

    /// <summary>Throws its managed save away.</summary>
    public Task RemoveManagedSaveAsync(CancellationToken cancel = default) =>
        CallAsync("removing the managed save of", () => Virt.virDomainManagedSaveRemove(_handle, 0), cancel);

    /// <summary>Removes its definition. A running machine goes on and is gone when it stops.</summary>
    public Task UndefineAsync(UndefineOptions options = UndefineOptions.None, CancellationToken cancel = default) =>
        CallAsync("undefining", () => Virt.virDomainUndefineFlags(_handle, (uint)options), cancel);

    /// <summary>Gives up the reference; the machine itself is left as it is.</summary>
    public void Dispose() => _handle.Dispose();

    /// <inheritdoc/>
    public override string ToString() => $"{Name} ({Uuid})";

    internal static Guid UuidOf(IntPtr domain)
    {
        byte* bytes = stackalloc byte[16];
        return Virt.virDomainGetUUID(domain, bytes) == 0 ? new Guid(new ReadOnlySpan<byte>(bytes, 16), bigEndian: true) : Guid.Empty;
    }

    private string Doing(string verb) => $"{verb} machine {Name}";

    private static Task<T> RunAsync<T>(Func<T> call, CancellationToken cancel) => BlockingCalls.Shared.RunAsync(call, cancel);

    private Task CallAsync(string verb, Func<int> call, CancellationToken cancel) =>
        BlockingCalls.Shared.RunAsync(() => LibvirtException.Check(call(), Doing(verb)), cancel);

    private Task CallLongAsync(string verb, Func<int> call, CancellationToken cancel) =>
        BlockingCalls.RunLongAsync(() => LibvirtException.Check(call(), Doing(verb)), cancel);
}
