using System.Net.Security;

namespace Gureum.Store.Etcd;

/// <summary>How to reach etcd. Configuration: immutable.</summary>
/// <param name="Endpoints">The members' client URLs, http or https; the next one is tried when one does not answer.</param>
public sealed record EtcdOptions(IReadOnlyList<Uri> Endpoints)
{
    /// <summary>Stands before every key in etcd, so that several clouds can share one; ASCII.</summary>
    public string Prefix { get; init; } = "/gureum/";

    /// <summary>Certificates for https endpoints; null: the machine's own authorities and no client certificate.</summary>
    public SslClientAuthenticationOptions? Tls { get; init; }

    /// <summary>How long a call may take before it counts as failed.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);
}
