using System.Runtime.InteropServices;
using Gureum.Libvirt.Events;
using Gureum.Libvirt.Native;
using Gureum.Libvirt.Statistics;

namespace Gureum.Libvirt;

/// <summary>
/// A connection to a libvirtd that drives QEMU. All calls are asynchronous and may be made from any thread at the same
/// time; see <see cref="BlockingCalls"/> for the threads they run in. Once <see cref="IsAlive"/> is false every call fails with
/// <see cref="LibvirtException.IsDisconnected"/>: open a new connection. Machines outlive the connection. Thread-safe state.
/// </summary>
public sealed class Hypervisor : IAsyncDisposable
{
    // libvirtd is asked for a sign of life when it has been silent for ten seconds; six silences end the connection.
    private const int KeepAliveSeconds = 10;
    private const uint KeepAliveCount = 6;

    private readonly EventSource _events;
    private int _disposed;

    private Hypervisor(string uri, ConnectionHandle handle, EventSource events) => (Uri, Handle, _events) = (uri, handle, events);

    /// <summary>What it was opened with, e.g. <c>qemu+unix:///system?socket=/run/gureum/libvirt/libvirt-sock</c>.</summary>
    public string Uri { get; }

    /// <summary>False once the connection has ended, from either side.</summary>
    public bool IsAlive => !_events.IsClosed;

    internal ConnectionHandle Handle { get; }

    /// <summary>Opens a connection.</summary>
    /// <param name="uri">libvirt's URI; <see cref="Daemon.ILibvirt.Uri"/> has the right one.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <exception cref="LibvirtException">Nobody answers there.</exception>
    /// <exception cref="DllNotFoundException">libvirt is not installed.</exception>
    public static Task<Hypervisor> OpenAsync(string uri, CancellationToken cancel = default)
    {
        EventLoop.Ensure();
        return BlockingCalls.Shared.RunAsync(() => Open(uri), cancel);
    }

    /// <summary>Watches what happens from now on. Nothing that happened before is repeated: subscribe first, then list.</summary>
    public EventSubscription Watch() => new(_events);

    /// <summary>What the host can run, as libvirt's capabilities XML.</summary>
    public Task<string> GetCapabilitiesAsync(CancellationToken cancel = default)
    {
        unsafe string Call() => NativeText.Take(Virt.virConnectGetCapabilities(Handle), "reading the hypervisor's capabilities");
        return BlockingCalls.Shared.RunAsync(Call, cancel);
    }

    /// <summary>What a machine of one kind can have, as libvirt's domain capabilities XML.</summary>
    /// <param name="machineType">e.g. <c>q35</c>; null: QEMU's default.</param>
    /// <param name="accelerator">kvm, or qemu for TCG; null: what libvirt believes in.</param>
    /// <param name="architecture">e.g. <c>x86_64</c>; null: the host's.</param>
    /// <param name="emulator">Path of the QEMU program; null: the one that libvirt finds.</param>
    /// <param name="cancel">Stops waiting.</param>
    public Task<string> GetDomainCapabilitiesAsync(
        string? machineType = null, string? accelerator = null, string? architecture = null, string? emulator = null, CancellationToken cancel = default)
    {
        unsafe string Call() => NativeText.Take(
            Virt.virConnectGetDomainCapabilities(Handle, emulator, architecture, machineType, accelerator, 0), $"reading the capabilities of {machineType ?? "the default machine type"}");
        return BlockingCalls.Shared.RunAsync(Call, cancel);
    }

    /// <summary>Versions of QEMU and of libvirt.</summary>
    public Task<(Version Qemu, Version Libvirt)> GetVersionsAsync(CancellationToken cancel = default) => BlockingCalls.Shared.RunAsync(
        () =>
        {
            const string What = "reading the hypervisor's version";
            LibvirtException.Check(Virt.virConnectGetVersion(Handle, out ulong qemu), What);
            LibvirtException.Check(Virt.virConnectGetLibVersion(Handle, out ulong libvirt), What);
            return (ToVersion(qemu), ToVersion(libvirt));
        },
        cancel);

    /// <summary>All machines, running and defined. The caller disposes of them.</summary>
    public Task<IReadOnlyList<Machine>> ListAsync(MachineFilter filter = MachineFilter.All, CancellationToken cancel = default) =>
        BlockingCalls.Shared.RunAsync<IReadOnlyList<Machine>>(() => List(filter), cancel);

    /// <summary>The machine with a uuid, or null.</summary>
    public Task<Machine?> FindAsync(Guid uuid, CancellationToken cancel = default) =>
        BlockingCalls.Shared.RunAsync(() => Find(Virt.virDomainLookupByUUIDString(Handle, uuid.ToString()), $"looking for machine {uuid}"), cancel);

    /// <summary>The machine with a name, or null.</summary>
    public Task<Machine?> FindAsync(string name, CancellationToken cancel = default) =>
        BlockingCalls.Shared.RunAsync(() => Find(Virt.virDomainLookupByName(Handle, name), $"looking for machine {name}"), cancel);

    /// <summary>Defines a machine, or changes the definition of the one with the same uuid and name. It does not run by that.</summary>
    /// <param name="xml">libvirt's domain XML, validated against its schema.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <exception cref="LibvirtException">
    /// Refused: <see cref="LibvirtErrorCode.XmlError"/> or <see cref="LibvirtErrorCode.XmlInvalidSchema"/> for what is no domain XML,
    /// <see cref="LibvirtErrorCode.ConfigUnsupported"/> or <see cref="LibvirtErrorCode.InvalidArgument"/> for what this host does not have,
    /// <see cref="LibvirtErrorCode.OperationFailed"/> for a name or uuid that another machine has.
    /// </exception>
    public Task<Machine> DefineAsync(string xml, CancellationToken cancel = default) =>
        BlockingCalls.Shared.RunAsync(() => new Machine(this, LibvirtException.Check(Virt.virDomainDefineXMLFlags(Handle, xml, 1), "defining a machine")), cancel);

    /// <summary>Starts a machine without a definition: it is gone when it stops.</summary>
    /// <param name="xml">libvirt's domain XML, validated against its schema.</param>
    /// <param name="options">How.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <exception cref="LibvirtException">As for <see cref="DefineAsync"/> and <see cref="Machine.StartAsync"/>.</exception>
    public Task<Machine> CreateAsync(string xml, StartOptions options = StartOptions.None, CancellationToken cancel = default) => BlockingCalls.Shared.RunAsync(
        () => new Machine(this, LibvirtException.Check(Virt.virDomainCreateXML(Handle, xml, (uint)(options | StartOptions.Validate)), "creating a machine")), cancel);

    /// <summary>Figures of all running machines by one call.</summary>
    public Task<IReadOnlyList<MachineStatistics>> GetAllDomainStatsAsync(StatisticsGroups groups = StatisticsGroups.Default, CancellationToken cancel = default) =>
        BlockingCalls.Shared.RunAsync<IReadOnlyList<MachineStatistics>>(() => ReadStatistics(groups), cancel);

    /// <summary>Ends the connection. Machines go on.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await BlockingCalls.Shared.RunAsync(
            () =>
            {
                _events.Detach(Handle);
                Handle.Dispose();
                return 0;
            },
            CancellationToken.None).ConfigureAwait(false);
        _events.Close(ConnectionCloseReason.Client);
    }

    private static Hypervisor Open(string uri)
    {
        ConnectionHandle handle = LibvirtException.Check(Virt.virConnectOpen(uri), "connecting to " + uri);
        try
        {
            var events = new EventSource();
            events.Attach(handle);
            // Drivers within this process have no connection to watch and refuse.
            if (Virt.virConnectSetKeepAlive(handle, KeepAliveSeconds, KeepAliveCount) < 0) Virt.virResetLastError();
            return new Hypervisor(uri, handle, events);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private unsafe List<Machine> List(MachineFilter filter)
    {
        int count = LibvirtException.Check(Virt.virConnectListAllDomains(Handle, out IntPtr* domains, (uint)filter), "listing machines");
        try
        {
            var machines = new List<Machine>(count);
            for (int i = 0; i < count; i++) machines.Add(new Machine(this, new DomainHandle(domains[i])));
            return machines;
        }
        finally
        {
            NativeMemory.Free(domains);
        }
    }

    private Machine? Find(DomainHandle handle, string attempted)
    {
        if (!handle.IsInvalid) return new Machine(this, handle);
        handle.Dispose();
        LibvirtException error = LibvirtException.Last(attempted);
        return error.Code == LibvirtErrorCode.NoDomain ? null : throw error;
    }

    private unsafe List<MachineStatistics> ReadStatistics(StatisticsGroups groups)
    {
        const uint OnlyActive = 1, DoNotWait = 1u << 29;
        int count = LibvirtException.Check(Virt.virConnectGetAllDomainStats(Handle, (uint)groups, out Virt.StatsRecord** records, OnlyActive | DoNotWait), "reading the machines' figures");
        try
        {
            var all = new List<MachineStatistics>(count);
            for (int i = 0; i < count; i++)
            {
                Virt.StatsRecord* record = records[i];
                all.Add(new MachineStatistics(
                    Machine.UuidOf(record->Domain), NativeText.Copy(Virt.virDomainGetName(record->Domain)) ?? "", TypedParameter.Read(record->Parameters, record->Count)));
            }

            return all;
        }
        finally
        {
            if (count > 0) Virt.virDomainStatsRecordListFree(records);
            else NativeMemory.Free(records);
        }
    }

    private static Version ToVersion(ulong number) => new((int)(number / 1_000_000), (int)(number / 1000 % 1000), (int)(number % 1000));
}

/// <summary>Which machines to list (virConnectListAllDomainsFlags).</summary>
[Flags]
public enum MachineFilter
{
    /// <summary>Every one.</summary>
    All = 0,

    /// <summary>Those that run or stand still.</summary>
    Active = 1,

    /// <summary>Those that are defined and have no process.</summary>
    Inactive = 2,

    /// <summary>Those with a definition.</summary>
    Persistent = 4,

    /// <summary>Those without one.</summary>
    Transient = 8,
}
