using Gureum.Libvirt.Native;

namespace Gureum.Libvirt;

/// <content>Devices, processors and memory.</content>
public sealed unsafe partial class Machine
{
    /// <summary>Plugs a device.</summary>
    /// <param name="xml">The device's element, e.g. <c>&lt;disk&gt;</c> or <c>&lt;interface&gt;</c>.</param>
    /// <param name="affects">Where.</param>
    /// <param name="cancel">Stops waiting.</param>
    public Task AttachDeviceAsync(string xml, Affects affects = Affects.Current, CancellationToken cancel = default) =>
        CallAsync("attaching a device to", () => Virt.virDomainAttachDeviceFlags(_handle, xml, (uint)affects), cancel);

    /// <summary>Asks the guest to let a device go. A running guest may take its time: watch for <see cref="Events.DeviceChange.Removed"/>.</summary>
    public Task DetachDeviceAsync(string xml, Affects affects = Affects.Current, CancellationToken cancel = default) =>
        CallAsync("detaching a device from", () => Virt.virDomainDetachDeviceFlags(_handle, xml, (uint)affects), cancel);

    /// <summary>The same for the device with an alias.</summary>
    public Task DetachAliasAsync(string alias, Affects affects = Affects.Current, CancellationToken cancel = default) =>
        CallAsync($"detaching {alias} from", () => Virt.virDomainDetachDeviceAlias(_handle, alias, (uint)affects), cancel);

    /// <summary>Changes a device: the medium of a drive, the link of an interface, a graphics password.</summary>
    public Task UpdateDeviceAsync(string xml, Affects affects = Affects.Current, CancellationToken cancel = default) =>
        CallAsync("updating a device of", () => Virt.virDomainUpdateDeviceFlags(_handle, xml, (uint)affects), cancel);

    /// <summary>Plugs or unplugs processors, up to the maximum of the definition.</summary>
    public Task SetVcpusAsync(int count, Affects affects = Affects.Current, CancellationToken cancel = default) =>
        CallAsync($"setting {count} processors of", () => Virt.virDomainSetVcpusFlags(_handle, checked((uint)count), (uint)affects), cancel);

    /// <summary>Sets what the balloon leaves the guest.</summary>
    /// <param name="bytes">Bytes; rounded down to KiB.</param>
    /// <param name="affects">Where.</param>
    /// <param name="cancel">Stops waiting.</param>
    public Task SetMemoryAsync(ulong bytes, Affects affects = Affects.Current, CancellationToken cancel = default) =>
        CallAsync($"setting {bytes / 1024} KiB of memory of", () => Virt.virDomainSetMemoryFlags(_handle, bytes / 1024, (uint)affects), cancel);

    /// <summary>How often the guest's balloon reports the guest's own memory figures; zero: never.</summary>
    public Task SetMemoryStatisticsPeriodAsync(TimeSpan period, Affects affects = Affects.Current, CancellationToken cancel = default) =>
        CallAsync("setting the memory figures' period of", () => Virt.virDomainSetMemoryStatsPeriod(_handle, (int)period.TotalSeconds, (uint)affects), cancel);
}
