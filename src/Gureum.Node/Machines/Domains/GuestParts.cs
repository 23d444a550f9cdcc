namespace Gureum.Node.Machines.Domains;

/// <summary>What the node lends to a guest (immutable).</summary>
/// <param name="DomainType">"kvm", or "qemu" where instructions are translated.</param>
/// <param name="Name">What libvirt calls the domain.</param>
/// <param name="PodUid">Whose domain it is: kept in the domain's metadata.</param>
/// <param name="ConsoleLog">Takes down what the guest says on its serial console; null when it has none.</param>
public sealed record GuestHost(string DomainType, string Name, Guid Uuid, string PodUid, string? ConsoleLog);

/// <summary>An image as the domain names it: its format is always said, never found out by looking (immutable).</summary>
/// <param name="Path">A file, or a block device.</param>
/// <param name="Format">"raw" or "qcow2".</param>
public sealed record GuestImage(string Path, string Format, bool IsDevice = false)
{
    /// <summary>What an overlay lies on; null ends the chain.</summary>
    public GuestImage? Backing { get; init; }
}

/// <summary>A disk of the guest and the image behind it (immutable).</summary>
/// <param name="Name">The volume's name in the instance.</param>
/// <param name="ReadOnly">Whatever the instance says, the guest may not write.</param>
public sealed record GuestDisk(string Name, GuestImage Image, bool ReadOnly = false);

/// <summary>A guest's place on a network (immutable).</summary>
/// <param name="Network">The network's name in the instance.</param>
/// <param name="Tap">The interface of the node that is made already.</param>
/// <param name="Mac">As 02:67:0a:f4:00:05.</param>
public sealed record GuestCard(string Network, string Tap, string Mac, int Mtu);

/// <summary>A kernel to boot without a boot loader (immutable).</summary>
public sealed record GuestKernel(string Kernel, string? Initrd, string Arguments);
