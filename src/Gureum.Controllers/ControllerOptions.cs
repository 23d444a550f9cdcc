namespace Gureum.Controllers;

/// <summary>Settings of the controllers (configuration, immutable). The defaults are upstream's, times are real time.</summary>
public sealed record ControllerOptions
{
    /// <summary>PEM certificates that pods trust for the API server; published in every namespace as kube-root-ca.crt. Null publishes none.</summary>
    public string? RootCertificatePem { get; init; }

    /// <summary>IPv4 range that nodes get their pod ranges from.</summary>
    public string ClusterCidr { get; init; } = "10.244.0.0/16";

    /// <summary>Prefix length of one node's pod range.</summary>
    public int NodeMaskSize { get; init; } = 24;

    /// <summary>A node whose lease is older than this is Unknown.</summary>
    public TimeSpan NodeMonitorGrace { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>How often node heartbeats are looked at.</summary>
    public TimeSpan NodeMonitorPeriod { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Nodes tainted for eviction in one second, so that a broken network does not empty a cluster at once.</summary>
    public double NodeEvictionRate { get; init; } = 0.1;

    /// <summary>Terminated pods kept before the oldest are deleted.</summary>
    public int TerminatedPodThreshold { get; init; } = 12500;

    /// <summary>Folder on every node under which the built-in provisioner puts volumes.</summary>
    public string LocalVolumeRoot { get; init; } = "/var/lib/gureum/volumes";

    /// <summary>How long pod changes are gathered before a workload's status is computed again.</summary>
    public TimeSpan StatusDelay { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Pause before a Job replaces a failed pod; doubles with each failure in a row.</summary>
    public TimeSpan JobBackOff { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan JobBackOffLimit { get; init; } = TimeSpan.FromMinutes(10);
}
