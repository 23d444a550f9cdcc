namespace Gureum.Libvirt.Probe;

/// <summary>What runs guests' code.</summary>
public enum Accelerator
{
    /// <summary>QEMU translates it: works everywhere, ten times slower.</summary>
    Tcg,

    /// <summary>The processor runs it itself.</summary>
    Kvm,
}

/// <summary>What a node's guests are run by, and why. Immutable.</summary>
/// <param name="Accelerator">What.</param>
/// <param name="Reason">Why, in words for the node's status.</param>
public sealed record AcceleratorResult(Accelerator Accelerator, string Reason)
{
    /// <summary>The <c>type</c> of a libvirt domain: kvm, or qemu for TCG.</summary>
    public string DomainType => Accelerator == Accelerator.Kvm ? "kvm" : "qemu";
}
