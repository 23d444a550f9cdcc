using Gureum.Objects.Kubevirt.V1;

namespace Gureum.Controllers.VirtualMachines;

/// <summary>Network cards that come and go while a machine runs: those on networks that are not the pods'. Pure.</summary>
public static class LiveCards
{
    /// <summary>The instance's spec with the cards of its machine's template; those that it has already stay as they are.</summary>
    public static VirtualMachineInstanceSpec Follow(VirtualMachineInstanceSpec has, VirtualMachineInstanceSpec wanted)
    {
        if (has.Domain is not { } domain || wanted.Domain is null) return has;
        var (before, after) = (Names(has), Names(wanted));
        if (before.SetEquals(after) && !wanted.Domain.Devices!.Interfaces.Any(i => after.Contains(i.Name!) && State(has, i.Name) != (i.State ?? ""))) return has;
        var devices = domain.Devices ?? Devices.Empty;
        return has with
        {
            Networks = [.. has.Networks.Where(n => n.Multus is null || after.Contains(n.Name!)), .. wanted.Networks.Where(n => after.Contains(n.Name!) && has.Networks.All(h => h.Name != n.Name))],
            Domain = domain with
            {
                Devices = devices with
                {
                    Interfaces =
                    [
                        .. devices.Interfaces.Where(i => !before.Contains(i.Name!) || after.Contains(i.Name!)).Select(i => after.Contains(i.Name!) ? i with { State = wanted.Domain.Devices!.Interfaces.First(w => w.Name == i.Name).State } : i),
                        .. (wanted.Domain.Devices?.Interfaces ?? []).Where(i => after.Contains(i.Name!) && devices.Interfaces.All(h => h.Name != i.Name)),
                    ],
                },
            },
        };
    }

    /// <summary>What of a spec is not such a card.</summary>
    public static VirtualMachineInstanceSpec Without(VirtualMachineInstanceSpec spec)
    {
        var names = Names(spec);
        if (names.Count == 0) return spec;
        return spec with
        {
            Networks = [.. spec.Networks.Where(n => n.Multus is null)],
            Domain = spec.Domain is { Devices: { } devices } domain ? domain with { Devices = devices with { Interfaces = [.. devices.Interfaces.Where(i => !names.Contains(i.Name!))] } } : spec.Domain,
        };
    }

    private static string State(VirtualMachineInstanceSpec spec, string? name) => spec.Domain?.Devices?.Interfaces.FirstOrDefault(i => i.Name == name)?.State ?? "";

    // A network and the interface of its name are one card.
    private static HashSet<string> Names(VirtualMachineInstanceSpec spec) =>
        spec.Networks.Where(n => n.Multus is not null && spec.Domain?.Devices?.Interfaces.Any(i => i.Name == n.Name) == true).Select(n => n.Name!).ToHashSet(StringComparer.Ordinal);
}
