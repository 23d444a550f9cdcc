using Gureum.Client;
using Gureum.Libvirt;
using Gureum.Node.Machines.Domains;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;
using Machine = Gureum.Libvirt.Machine;

namespace Gureum.Node.Machines;

/// <summary>Network cards on tenants' networks that come to a guest which runs, and go again: those of the instance are the guest's.</summary>
internal sealed class CardPlug(GuestNetwork network, EventRecorder events)
{
    /// <summary>Whether there is anything to look at: a cheap question, asked at every look at a guest.</summary>
    internal bool Concerns(Pod launcher, VirtualMachineInstance instance) => Wanted(instance).Any() || network.IsOnTenants(launcher.Metadata.Uid!);

    /// <summary>One step towards the cards that the instance asks for.</summary>
    /// <exception cref="LibvirtException">The hypervisor refused; the next look tries again.</exception>
    /// <exception cref="Network.Pods.PodNetworkException">A card could not be put on its network.</exception>
    internal async Task SyncAsync(Pod launcher, VirtualMachineInstance instance, Machine machine, string hostName, CancellationToken cancel)
    {
        var uid = launcher.Metadata.Uid!;
        var has = DomainView.Parse(await machine.GetXmlAsync(cancel: cancel)).Cards.Where(c => c.Network is not null).ToList();
        var wanted = Wanted(instance).ToDictionary(w => w.Asked.Name!, StringComparer.Ordinal);
        foreach (var (name, (tenant, asked)) in wanted)
        {
            try
            {
                // A port that was made anew under its hardware address is the card's from now on.
                var card = network.Attach(launcher, instance, tenant, asked, hostName)!;
                if (has.All(c => c.Network != name)) await PlugAsync(launcher, instance, machine, card, cancel);
            }
            catch (Pods.PodNotReadyException e) { events.Warning(launcher, e.Reason, e.Message); }
        }
        await network.SettleAsync(uid);
        foreach (var card in has.Where(c => !wanted.ContainsKey(c.Network!) && network.IsTenant(uid, c.Tap))) await UnplugAsync(launcher, machine, card.Network!, cancel);
        network.Release(uid, [.. has.Select(c => c.Tap).OfType<string>(), .. wanted.Keys.Select(name => Gureum.Network.Tenants.TenantNames.Port(uid, name))]);
    }

    private async Task PlugAsync(Pod launcher, VirtualMachineInstance instance, Machine machine, GuestCard card, CancellationToken cancel)
    {
        var devices = instance.Spec.Domain?.Devices ?? Devices.Empty;
        await machine.AttachDeviceAsync(CardDevices.Of(devices, card, GuestSize.Of(instance.Spec).Processors).ToString(), Affects.Live, cancel);
        events.Normal(launcher, "InterfaceAttached", $"Plugged network {card.Network} into guest {instance.Metadata.Name} as {card.Mac}");
    }

    // The guest lets go in its own time: libvirt tells when it has.
    private async Task UnplugAsync(Pod launcher, Machine machine, string name, CancellationToken cancel)
    {
        try { await machine.DetachAliasAsync(DiskDevices.Alias(name), Affects.Live, cancel); }
        catch (LibvirtException e) when (!e.IsDisconnected) { events.Warning(launcher, "InterfaceBusy", $"The guest does not let go of its card on network {name} yet: {e.Detail}"); }
    }

    private static IEnumerable<(Objects.Kubevirt.V1.Network Tenant, Interface Asked)> Wanted(VirtualMachineInstance instance) =>
        from asked in instance.Spec.Domain?.Devices?.Interfaces ?? []
        where asked.State is not "absent"
        join tenant in instance.Spec.Networks.Where(n => n.Multus is not null) on asked.Name equals tenant.Name
        select (tenant, asked);
}
