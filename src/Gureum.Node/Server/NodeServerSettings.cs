using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Gureum.Node.Server;

/// <summary>Configuration of a node's HTTPS server. Immutable; the certificates are asked for anew with each connection.</summary>
public sealed record NodeServerSettings
{
    /// <summary>Where to listen; port 0 takes a free one.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>The server's certificate with its private key.</summary>
    public required Func<X509Certificate2> Certificate { get; init; }

    /// <summary>The authorities that sign client certificates.</summary>
    public required Func<X509Certificate2Collection> ClientAuthorities { get; init; }

    /// <summary>Common names of the clients that are let in: the API server's. Empty lets in nobody.</summary>
    public required IReadOnlySet<string> ClientNames { get; init; }

    /// <summary>Answers other nodes, by their names: whatever they ask goes there and nowhere else. Null lets in none.</summary>
    public Func<Microsoft.AspNetCore.Http.HttpContext, string, Task>? Peers { get; init; }
}
