using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Gureum.Node;

/// <summary>How a node's agent is set up (immutable configuration).</summary>
public sealed record NodeAgentOptions
{
    /// <summary>The node's name, as in `kubectl get nodes`.</summary>
    public required string Name { get; init; }

    /// <summary>The address under which others reach this node.</summary>
    public required IPAddress Address { get; init; }

    /// <summary>What must survive a reboot.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>What must not survive a reboot; short, since sockets live there.</summary>
    public required string RunDirectory { get; init; }

    /// <summary>The addresses of this node's pods: what its Node has, or what it asks for when it registers. Null leaves them to the node controller.</summary>
    public IPNetwork? PodCidr { get; init; }

    /// <summary>The addresses of all pods of the cluster.</summary>
    public required IPNetwork ClusterCidr { get; init; }

    public required IPNetwork ServiceCidr { get; init; }
    public required IPAddress ClusterDns { get; init; }
    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>The port of the agent's server; 0 takes a free one.</summary>
    public int Port { get; init; } = 10250;

    /// <summary>The certificate of the agent's server, asked anew with each connection.</summary>
    public required Func<X509Certificate2> Certificate { get; init; }

    /// <summary>The certificate by which this node is known to others, asked anew with each connection. Null: guests cannot move from here.</summary>
    public Func<X509Certificate2>? ClientCertificate { get; init; }

    /// <summary>The authority that signs the certificates of clients.</summary>
    public required X509Certificate2 ClientAuthority { get; init; }

    /// <summary>Common name of the API server's client certificate.</summary>
    public required string ApiServerName { get; init; }

    /// <summary>Shown as the node's version.</summary>
    public required string Version { get; init; }

    /// <summary>A containerd that runs already; null starts one of our own.</summary>
    public string? ContainerdSocket { get; init; }

    /// <summary>Images are never looked for outside.</summary>
    public bool AirGapped { get; init; }

    public string SandboxImage { get; init; } = "gureum.local/pause:1";

    internal string Containerd => Path.Combine(RunDirectory, "containerd");
    /// <summary>Whether this node runs virtual machines, if its hypervisor works.</summary>
    public bool Machines { get; init; } = true;

    /// <summary>Whether an address may be imported from; none that only this machine or its link can reach, unless told so.</summary>
    public Func<IPAddress, bool> MayImportFrom { get; init; } = Imports.ImportAddress.IsAllowed;

    /// <summary>A Linux kernel to try KVM with, or null: then one of the machine's own is tried.</summary>
    public string? ProbeKernel { get; init; }

    internal string Libvirt => Path.Combine(RunDirectory, "libvirt");
    internal string MachinesDirectory => Path.Combine(DataDirectory, "machines", "guests");
    internal string ExportsDirectory => Path.Combine(DataDirectory, "exports");
    internal string PodsDirectory => Path.Combine(DataDirectory, "pods");
    internal string LogsDirectory => Path.Combine(DataDirectory, "logs");
    internal string CniBin => Path.Combine(DataDirectory, "cni", "bin");
    internal string CniConfiguration => Path.Combine(DataDirectory, "cni", "net.d");
    internal string CniSocket => Path.Combine(RunDirectory, "cni.sock");
}
