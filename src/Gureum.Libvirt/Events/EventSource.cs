using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using Gureum.Libvirt.Jobs;
using Gureum.Libvirt.Native;

namespace Gureum.Libvirt.Events;

/// <summary>Takes a connection's events in libvirt's thread and hands them to everybody who watches. Thread-safe state.</summary>
internal sealed unsafe class EventSource
{
    private readonly Lock _gate = new();
    private readonly List<Channel<HypervisorEvent>> _watchers = [];
    private readonly List<int> _registrations = [];
    private bool _closed;

    /// <summary>True once the connection has said that it is gone.</summary>
    internal bool IsClosed => Volatile.Read(ref _closed);

    /// <summary>Registers with libvirt. The registrations hold this object until libvirt lets them go.</summary>
    internal void Attach(ConnectionHandle connection)
    {
        Check(Virt.virConnectRegisterCloseCallback(connection, &OnClosed, Reference(), &OnFree), "watching the connection");
        Register(connection, 0, (IntPtr)(delegate* unmanaged<IntPtr, IntPtr, int, int, IntPtr, int>)&OnLifecycle);
        Register(connection, 1, (IntPtr)(delegate* unmanaged<IntPtr, IntPtr, IntPtr, void>)&OnReboot);
        Register(connection, 3, (IntPtr)(delegate* unmanaged<IntPtr, IntPtr, int, IntPtr, void>)&OnWatchdog);
        Register(connection, 6, (IntPtr)(delegate* unmanaged<IntPtr, IntPtr, byte*, byte*, int, byte*, IntPtr, void>)&OnIoError);
        Register(connection, 15, (IntPtr)(delegate* unmanaged<IntPtr, IntPtr, byte*, IntPtr, void>)&OnDeviceRemoved);
        Register(connection, 16, (IntPtr)(delegate* unmanaged<IntPtr, IntPtr, byte*, int, int, IntPtr, void>)&OnBlockJob);
        Register(connection, 18, (IntPtr)(delegate* unmanaged<IntPtr, IntPtr, int, int, IntPtr, void>)&OnAgent);
        Register(connection, 19, (IntPtr)(delegate* unmanaged<IntPtr, IntPtr, byte*, IntPtr, void>)&OnDeviceAdded);
        Register(connection, 20, (IntPtr)(delegate* unmanaged<IntPtr, IntPtr, int, IntPtr, void>)&OnMigrationIteration);
        Register(connection, 21, (IntPtr)(delegate* unmanaged<IntPtr, IntPtr, TypedParameter*, int, IntPtr, void>)&OnJobCompleted);
        Register(connection, 22, (IntPtr)(delegate* unmanaged<IntPtr, IntPtr, byte*, IntPtr, void>)&OnDeviceRemovalFailed);
    }

    /// <summary>Undoes <see cref="Attach"/>: registrations keep a connection open.</summary>
    internal void Detach(ConnectionHandle connection)
    {
        // A connection that broke refuses; it is freed all the same.
        foreach (int id in _registrations) _ = Virt.virConnectDomainEventDeregisterAny(connection, id);
        _ = Virt.virConnectUnregisterCloseCallback(connection, &OnClosed);
        Virt.virResetLastError();
    }

    internal Channel<HypervisorEvent> Watch()
    {
        var channel = Channel.CreateUnbounded<HypervisorEvent>(new UnboundedChannelOptions { SingleReader = true });
        lock (_gate)
        {
            if (_closed) channel.Writer.Complete();
            else _watchers.Add(channel);
        }

        return channel;
    }

    internal void Leave(Channel<HypervisorEvent> watcher)
    {
        lock (_gate) _watchers.Remove(watcher);
        watcher.Writer.TryComplete();
    }

    /// <summary>Tells everybody that the connection is gone, once.</summary>
    internal void Close(ConnectionCloseReason reason)
    {
        lock (_gate)
        {
            if (_closed) return;
            Volatile.Write(ref _closed, true);
            foreach (Channel<HypervisorEvent> watcher in _watchers)
            {
                watcher.Writer.TryWrite(new ConnectionClosedEvent(reason));
                watcher.Writer.TryComplete();
            }

            _watchers.Clear();
        }
    }

    private void Publish(HypervisorEvent happened)
    {
        lock (_gate)
        {
            foreach (Channel<HypervisorEvent> watcher in _watchers) watcher.Writer.TryWrite(happened);
        }
    }

    private void Register(ConnectionHandle connection, int eventId, IntPtr callback) => _registrations.Add(
        Check(Virt.virConnectDomainEventRegisterAny(connection, IntPtr.Zero, eventId, callback, Reference(), &OnFree), $"watching events of kind {eventId}"));

    private IntPtr Reference() => GCHandle.ToIntPtr(GCHandle.Alloc(this));

    private static int Check(int result, string attempted) => LibvirtException.Check(result, attempted);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Publish(IntPtr opaque, HypervisorEvent happened) => ((EventSource)GCHandle.FromIntPtr(opaque).Target!).Publish(happened);

    private static (Guid Id, string Name) Of(IntPtr domain) => (Machine.UuidOf(domain), NativeText.Copy(Virt.virDomainGetName(domain)) ?? "");

    [UnmanagedCallersOnly]
    private static void OnFree(IntPtr opaque) => GCHandle.FromIntPtr(opaque).Free();

    [UnmanagedCallersOnly]
    private static void OnClosed(IntPtr connection, int reason, IntPtr opaque) =>
        ((EventSource)GCHandle.FromIntPtr(opaque).Target!).Close((ConnectionCloseReason)reason);

    [UnmanagedCallersOnly]
    private static int OnLifecycle(IntPtr connection, IntPtr domain, int change, int detail, IntPtr opaque)
    {
        (Guid id, string name) = Of(domain);
        Publish(opaque, new LifecycleEvent(id, name, (LifecycleChange)change, Details.OfLifecycle(change, detail)));
        return 0;
    }

    [UnmanagedCallersOnly]
    private static void OnReboot(IntPtr connection, IntPtr domain, IntPtr opaque)
    {
        (Guid id, string name) = Of(domain);
        Publish(opaque, new RebootEvent(id, name));
    }

    [UnmanagedCallersOnly]
    private static void OnWatchdog(IntPtr connection, IntPtr domain, int action, IntPtr opaque)
    {
        (Guid id, string name) = Of(domain);
        Publish(opaque, new WatchdogEvent(id, name, Details.OfWatchdog(action)));
    }

    [UnmanagedCallersOnly]
    private static void OnIoError(IntPtr connection, IntPtr domain, byte* source, byte* alias, int action, byte* reason, IntPtr opaque)
    {
        (Guid id, string name) = Of(domain);
        Publish(opaque, new IoErrorEvent(id, name, NativeText.Copy(source) ?? "", NativeText.Copy(alias) ?? "", action == 1, NativeText.Copy(reason) ?? ""));
    }

    [UnmanagedCallersOnly]
    private static void OnDeviceAdded(IntPtr connection, IntPtr domain, byte* alias, IntPtr opaque) => OnDevice(domain, DeviceChange.Added, alias, opaque);

    [UnmanagedCallersOnly]
    private static void OnDeviceRemoved(IntPtr connection, IntPtr domain, byte* alias, IntPtr opaque) => OnDevice(domain, DeviceChange.Removed, alias, opaque);

    [UnmanagedCallersOnly]
    private static void OnDeviceRemovalFailed(IntPtr connection, IntPtr domain, byte* alias, IntPtr opaque) =>
        OnDevice(domain, DeviceChange.RemovalFailed, alias, opaque);

    private static void OnDevice(IntPtr domain, DeviceChange change, byte* alias, IntPtr opaque)
    {
        (Guid id, string name) = Of(domain);
        Publish(opaque, new DeviceEvent(id, name, change, NativeText.Copy(alias) ?? ""));
    }

    [UnmanagedCallersOnly]
    private static void OnBlockJob(IntPtr connection, IntPtr domain, byte* disk, int kind, int status, IntPtr opaque)
    {
        (Guid id, string name) = Of(domain);
        Publish(opaque, new BlockJobEvent(id, name, NativeText.Copy(disk) ?? "", (BlockJobKind)kind, (BlockJobStatus)status));
    }

    [UnmanagedCallersOnly]
    private static void OnAgent(IntPtr connection, IntPtr domain, int state, int reason, IntPtr opaque)
    {
        (Guid id, string name) = Of(domain);
        Publish(opaque, new AgentEvent(id, name, state == 1));
    }

    [UnmanagedCallersOnly]
    private static void OnMigrationIteration(IntPtr connection, IntPtr domain, int iteration, IntPtr opaque)
    {
        (Guid id, string name) = Of(domain);
        Publish(opaque, new MigrationIterationEvent(id, name, iteration));
    }

    [UnmanagedCallersOnly]
    private static void OnJobCompleted(IntPtr connection, IntPtr domain, TypedParameter* parameters, int count, IntPtr opaque)
    {
        (Guid id, string name) = Of(domain);
        Publish(opaque, new JobCompletedEvent(id, name, JobInfo.From(JobState.Completed, TypedParameter.Read(parameters, count))));
    }
}
