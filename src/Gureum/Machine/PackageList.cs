namespace Gureum.Machine;

/// <summary>An OS package and how to see that the machine has what it brings.</summary>
/// <param name="Name">Name in Debian 12, 13 and Ubuntu 24.04.</param>
/// <param name="Provides">A program to find in PATH, or an absolute path of a file.</param>
/// <param name="For">What stops working without it.</param>
internal sealed record OsPackage(string Name, string Provides, string For);

/// <summary>The OS packages that Gureum uses: this list is the only place where they are named.</summary>
internal static class PackageList
{
    /// <summary>What a node needs to run containers.</summary>
    internal static IReadOnlyList<OsPackage> Node { get; } =
    [
        new("containerd", "containerd", "containers"),
        new("runc", "runc", "containers"),
        new("nftables", "nft", "Services"),
        new("libnftables1", "libnftables.so.1", "Services"),
        new("iproute2", "ip", "the pod network"),
        new("conntrack", "conntrack", "Services"),
        new("util-linux", "nsenter", "the pod network"),
        new("mount", "mount", "volumes"),
        new("tar", "tar", "images"),
    ];

    /// <summary>What a node needs to run virtual machines.</summary>
    internal static IReadOnlyList<OsPackage> VirtualMachines { get; } =
    [
        new("qemu-system-x86", "qemu-system-x86_64", "virtual machines"),
        new("qemu-utils", "qemu-img", "virtual machines' disks"),
        new("libvirt0", "libvirt.so.0", "virtual machines"),
        new("libvirt-daemon-system", "/etc/libvirt/qemu.conf", "virtual machines"),
    ];

    /// <summary>What it takes to build the Debian guest, on top of what virtual machines need.</summary>
    internal static IReadOnlyList<OsPackage> DebianGuest { get; } =
    [
        new("mmdebstrap", "mmdebstrap", "building the Debian guest"),
        new("e2fsprogs", "mke2fs", "building the Debian guest"),
        new("debian-archive-keyring", "/usr/share/keyrings/debian-archive-keyring.gpg", "building the Debian guest"),
    ];

    /// <summary>What the tests need on top.</summary>
    internal static IReadOnlyList<OsPackage> Tests { get; } =
    [
        new("etcd-server", "etcd", "the store's contract tests against etcd"),
        new("bind9-dnsutils", "dig", "DNS tests with a real client"),
        new("busybox-static", "/bin/busybox", "containers in the node's tests"),
        new("curl", "curl", "tests that visit a page"),
        new("gcc", "gcc", "building the pause program from its source"),
        new("libc6-dev", "/usr/include/stdio.h", "building the pause program from its source"),
        new("procps", "ps", "looking for left-over processes"),
        new("iputils-ping", "ping", "tests that look whom a guest reaches"),
        new("iputils-arping", "arping", "tests of guests that move"),
        new("sqlite3", "sqlite3", "reading the store with other people's tools"),
        new("openssl", "openssl", "looking at certificates with other people's tools"),
        new("libvirt-clients", "virsh", "looking at virtual machines with other people's tools"),
        new("openssh-client", "ssh", "tests that sign in to a guest"),
        new("python3-openstackclient", "openstack", "tests with the OpenStack client"),
        new("tempest", "tempest", "OpenStack's own tests"),
        new("python3-kubernetes", "/usr/lib/python3/dist-packages/kubernetes/__init__.py", "tests with the Python client"),
    ];

    /// <summary>Debian's kubectl; its own vendors' packages provide the same command.</summary>
    internal static OsPackage Kubectl { get; } = new("kubernetes-client", "kubectl", "kubectl");

    /// <summary>Those of the packages that the machine lacks.</summary>
    internal static IReadOnlyList<OsPackage> Missing(IEnumerable<OsPackage> packages) => [.. packages.Where(p => !IsThere(p.Provides))];

    private static bool IsThere(string provided)
    {
        if (provided.StartsWith('/')) return File.Exists(provided);
        IEnumerable<string> places = provided.Contains(".so", StringComparison.Ordinal)
            ? ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/usr/lib", "/usr/lib64"]
            : [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries), "/usr/sbin", "/sbin"];
        return places.Any(p => File.Exists(Path.Combine(p, provided)));
    }
}
